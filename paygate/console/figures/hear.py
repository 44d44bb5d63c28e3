"""From the outbox to the figures of the dashboard: what happened, counted once however often it is told.

What a payment's event tells of is the attempt that ended with this very change; of refunds, disputes and payouts, how
they stand with it. The same facts, from the tables of money, are each room's kernel.facts.Facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from kernel.clock import rfc3339
from kernel.db import call
from kernel.ids import decode
from kernel.outbox.models import OutboxEvent

#: A capture that was taken back, or made after all, is told by one of these, and no attempt ends with it.
UNDONE = {
    "payment.failed",
    "payment.authorized",
    "payment.partially_captured",
    "payment.captured",
}
CHARGES = {"authorize", "confirm"}
ENDS = {
    "approved": "approved",
    "declined": "declined",
    "action_required": "challenged",
    "not_sent": "not_sent",
}
REFUNDS = {"succeeded": "refunded", "failed": "refund_failed"}
DECIDED = {"won", "lost"}
PAYOUTS = {"paid": "payout_paid", "failed": "payout_failed", "returned": "payout_failed"}


def hear(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """A hearer, as the relay knows them. All or nothing: what fails is told again."""
    facts = [
        {"merchant_id": event.merchant_id, "livemode": event.livemode, "currency": currency} | fact
        for event in events
        if (told := TOLD.get(event.topic.partition(".")[0]))
        for currency in (event.body["currency"],)
        for fact in told(event, event.body)
    ]
    if facts:
        call("figure_hear", orjson.dumps(facts).decode())
    return ()


def _payment(event: OutboxEvent, payment: dict[str, Any]) -> Iterator[dict[str, Any]]:
    at = event.created_at
    if event.topic == "payment.created":
        yield _fact(payment, "attempted", id_=decode("pay", payment["id"]), what="attempted", at=at)
    moment = rfc3339(at)
    ended = [attempt for attempt in payment["attempts"] if attempt["finished_at"] == moment]
    for attempt in ended:
        id_ = decode("att", attempt["id"])
        if attempt["operation"] in CHARGES:
            what = ENDS[attempt["outcome"]]
            reason = attempt["decline_code"] or "" if what == "declined" else ""
            yield _fact(attempt, "ended", id_=id_, what=what, reason=reason, at=at)
        if _takes(attempt, payment):
            yield _fact(attempt, "captured", id_=id_, what="captured", at=at)
    if not ended and event.topic in UNDONE:
        for attempt in payment["attempts"]:
            if _takes(attempt, payment):
                yield _fact(attempt, "undone", id_=decode("att", attempt["id"]), what="", at=at)


def _takes(attempt: dict[str, Any], payment: dict[str, Any]) -> bool:
    """Did it take money? Of a payment that is captured at once the attempt that charged the customer did."""
    return attempt["outcome"] == "approved" and (
        attempt["operation"] == "capture"
        or (attempt["operation"] in CHARGES and payment["capture_method"] == "automatic")
    )


def _refund(event: OutboxEvent, refund: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield _fact(
        refund,
        "refund",
        id_=decode("re", refund["id"]),
        sequence=event.sequence,
        what=REFUNDS.get(refund["status"]),
        reason=(refund["failure_code"] or "") if refund["status"] == "failed" else "",
        at=refund["updated_at"],
    )


def _dispute(event: OutboxEvent, dispute: dict[str, Any]) -> Iterator[dict[str, Any]]:
    id_, sequence = decode("dp", dispute["id"]), event.sequence
    yield _fact(
        dispute,
        "dispute_opened",
        id_=id_,
        sequence=sequence,
        what="dispute_opened",
        reason=dispute["reason"],
        at=dispute["opened_at"],
    )
    yield _fact(
        dispute,
        "dispute_decided",
        id_=id_,
        sequence=sequence,
        what=f"dispute_{dispute['status']}" if dispute["status"] in DECIDED else None,
        at=dispute["closed_at"] or dispute["updated_at"],
    )


def _payout(event: OutboxEvent, payout: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield _fact(
        payout | {"psp": payout["rail"]},
        "payout",
        id_=decode("po", payout["id"]),
        sequence=event.sequence,
        what=PAYOUTS.get(payout["status"]),
        at=payout["updated_at"],
    )


TOLD = {"payment": _payment, "refund": _refund, "dispute": _dispute, "payout": _payout}


def _fact(
    of: dict[str, Any],
    fact: str,
    *,
    id_: UUID,
    what: str | None,
    at: datetime | str,
    reason: str = "",
    sequence: int = 0,
) -> dict[str, Any]:
    return {
        "psp": of["psp"] or "",
        "id": id_,
        "fact": fact,
        "sequence": sequence,
        "what": what,
        "reason": reason,
        "at": at,
        "amount": of["amount"],
    }
