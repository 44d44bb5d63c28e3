"""What PSPs tell of their statements: that there is one, and what they paid to our bank."""

from __future__ import annotations

from datetime import datetime

from paygate.psp.events import Disbursed, Quarantined, StatementReady
from paygate.reconciliation.models import Batch, Order


def statement_ready(psp: str, news: StatementReady, *, livemode: bool, now: datetime) -> str:
    """It is fetched as soon as somebody is free."""
    order, new = Order.objects.get_or_create(
        psp=psp,
        livemode=livemode,
        name=news.name,
        defaults={"place": news.where, "ordered_at": now, "next_look_at": now},
    )
    if not new and order.statement_id is not None:  # Told anew, it may have been made anew.
        Order.objects.filter(id=order.id).update(next_look_at=now, looks=0)
    return f"{news.name} is fetched"


def disbursed(psp: str, news: Disbursed, *, livemode: bool, now: datetime) -> str:
    """It is awaited at our bank. Raises Quarantined for a batch that was told with another amount before."""
    batch, new = Batch.objects.get_or_create(
        psp=psp,
        livemode=livemode,
        reference=news.reference,
        currency=news.amount.currency,
        defaults={"amount": news.amount.minor, "told_at": news.at},
    )
    if batch.money != news.amount:
        raise Quarantined(f"{news.reference} was {batch.money} before, and is {news.amount} now")
    return f"{batch.public_id} is awaited" if new else "nothing new"
