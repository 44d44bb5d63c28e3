"""From the outbox to success by the minute: how each attempt ended, counted once however often it is told.

An event shows all of a payment's attempts; what it tells of is the one that ended with this very change, or that is
unknown since it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from kernel.clock import rfc3339
from kernel.db import call
from kernel.ids import decode
from kernel.outbox.models import OutboxEvent

#: Longer than any call takes until it is called unknown; beyond it that was counted long ago, and may be forgotten.
NEWLY = timedelta(hours=6)


def hear(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """A hearer, as the relay knows them. All or nothing: what fails is told again."""
    ended = [one for event in events for one in _ended(event)]
    if ended:
        call("success_hear", orjson.dumps(ended).decode())
    return ()


def _ended(event: OutboxEvent) -> Iterator[dict[str, Any]]:
    if not event.topic.startswith("payment."):
        return
    payment = event.body
    for attempt in payment["attempts"]:
        if _by_this(attempt, event):
            yield {
                "attempt_id": decode("att", attempt["id"]),
                "psp": attempt["psp"],
                "livemode": event.livemode,
                "operation": attempt["operation"],
                "outcome": attempt["outcome"],
                "decline_code": (attempt["decline_code"] or "")
                if attempt["outcome"] == "declined"
                else "",
                "currency": payment["currency"],
                "amount": attempt["amount"],
                "at": event.created_at,
            }


def _by_this(attempt: dict[str, Any], event: OutboxEvent) -> bool:
    """Did it end with this change of its payment, or become unknown?"""
    if attempt["finished_at"] is not None:
        return bool(attempt["finished_at"] == rfc3339(event.created_at))
    started = datetime.fromisoformat(attempt["started_at"])
    return attempt["outcome"] == "unknown" and event.created_at - started < NEWLY
