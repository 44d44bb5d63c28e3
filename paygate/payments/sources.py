"""Attempts, as the books name them, are their payments to a merchant."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from kernel.ids import InvalidId, decode, encode
from paygate.payments.models import Attempt


def shown(merchant_id: UUID, ids: Collection[str]) -> dict[str, str]:
    """{"att_…": "pay_…"} for those of the ids that are attempts of the merchant's."""
    attempts = [decode("att", id_) for id_ in ids if id_.startswith("att_")]
    if not attempts:
        return {}
    rows = Attempt.objects.filter(merchant_id=merchant_id, id__in=attempts)
    return {
        encode("att", attempt): encode("pay", payment)
        for attempt, payment in rows.values_list("id", "payment_id")
    }


def hidden(merchant_id: UUID, public_id: str) -> list[str]:
    """The attempts of a payment; nothing for another object."""
    try:
        payment = decode("pay", public_id)
    except InvalidId:
        return []
    rows = Attempt.objects.filter(merchant_id=merchant_id, payment_id=payment)
    return [encode("att", attempt) for attempt in rows.values_list("id", flat=True)]
