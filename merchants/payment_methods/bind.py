"""Bind the PSPs' tokens for a card to one payment method, and let go of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from kernel.card_numbers import contains_card_number
from merchants.payment_methods.find import all_of, find
from merchants.payment_methods.models import PaymentMethod


class TokenIsCardNumber(ValueError):
    """What was given as a PSP's token looks like a card number. The text does not repeat it."""

    def __init__(self) -> None:
        super().__init__("a token looks like a card number")


def bind(
    merchant_id: UUID,
    *,
    livemode: bool,
    tokens: Mapping[str, str],
    at: datetime,
    brand: str = "",
    last4: str = "",
    exp_month: int | None = None,
    exp_year: int | None = None,
    country: str = "",
    user_id: str = "",
) -> PaymentMethod:
    """A new payment method; `tokens` is {psp: token}. Raises TokenIsCardNumber."""
    if contains_card_number(dict(tokens)):
        raise TokenIsCardNumber
    return PaymentMethod.objects.create(
        merchant_id=merchant_id,
        livemode=livemode,
        tokens=dict(tokens),
        brand=brand,
        last4=last4,
        exp_month=exp_month,
        exp_year=exp_year,
        country=country,
        user_id=user_id,
        created_at=at,
    )


def let_go(merchant_id: UUID, *, livemode: bool, payment_method: str, at: datetime) -> None:
    """No payment can be made with it any more. Raises NoSuchPaymentMethod, also the second time."""
    method = find(merchant_id, livemode=livemode, payment_method=payment_method)
    all_of(merchant_id, livemode=livemode).filter(id=method.id).update(deleted_at=at)
