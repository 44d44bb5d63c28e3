"""From the outbox to what each payment should cost, and to the month's volume, however often it is told.

Both are counted from the same row, which remembers how much of a payment is counted already and by which of its
changes: so a capture counts once, and what a PSP took back counts no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from kernel.db import call
from kernel.ids import decode
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from merchants.briefly import Briefly
from merchants.fees import passes_costs_on
from merchants.models import Merchant
from merchants.pricing.scope import Use
from merchants.pricing.volume import month_of
from paygate.costs.expect import expected

REMEMBERED = 60.0  # Seconds for which a process believes where a merchant is at home.


def hear(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """A hearer, as the relay knows them. All or nothing: what fails is told again.

    Of each payment the last change of a month is counted, its sums are in it; who bears the cost is as the first says.
    """
    months: dict[date, dict[str, dict[str, Any]]] = {}
    for event in events:
        if _moved_money(event):
            counts = months.setdefault(month_of(event.created_at), {})
            first = counts.get(event.subject, {})
            counts[event.subject] = _counted(event) | {
                name: first[name] for name in ("passed_on", "captured_at") if name in first
            }
    for _, counts in sorted(months.items()):
        call("cost_hear", orjson.dumps(list(counts.values())).decode())
    return ()


def _moved_money(event: OutboxEvent) -> bool:
    if not event.topic.startswith("payment."):
        return False
    error = event.body["last_error"] or {}
    return bool(event.body["amount_captured"]) or error.get("code") == "capture_failed"


def _counted(event: OutboxEvent) -> dict[str, Any]:
    payment = event.body
    card = payment["risk"].get("card", {})
    use = Use(payment["psp"], payment["currency"], card.get("brand", ""), card.get("country", ""))
    made_at = datetime.fromisoformat(payment["created_at"])
    captured = Money(payment["amount_captured"], payment["currency"])
    captures = sum(_is_capture(attempt, payment) for attempt in payment["attempts"])
    home = _homes(event.merchant_id) or ""
    cost = expected(captured, captures, use, home=home, at=made_at)
    return {
        "merchant_id": event.merchant_id,
        "payment_id": decode("pay", event.subject),
        "livemode": event.livemode,
        "psp": use.psp,
        "psp_reference": payment["psp_reference"] or "",
        "currency": use.currency,
        "brand": use.brand,
        "country": use.country,
        "captured": captured.minor,
        "captures": captures,
        "expected": None if cost is None else cost.minor,
        "passed_on": passes_costs_on(event.merchant_id, use, at=event.created_at),
        "sequence": event.sequence,
        "captured_at": event.created_at,
        "month": month_of(event.created_at),
    }


def _is_capture(attempt: dict[str, Any], payment: dict[str, Any]) -> bool:
    """Did it take money? Of a payment that is captured at once the attempt that charged the customer did."""
    takes = {"capture"} | (
        {"authorize", "confirm"} if payment["capture_method"] == "automatic" else set()
    )
    return attempt["operation"] in takes and attempt["outcome"] == "approved"


def _load(merchant_id: UUID) -> str | None:
    return Merchant.objects.filter(id=merchant_id).values_list("country", flat=True).first()


_homes = Briefly(_load, seconds=lambda: REMEMBERED)


def forget() -> None:
    """Forget where merchants are at home."""
    _homes.forget()
