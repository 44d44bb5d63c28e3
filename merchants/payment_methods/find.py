"""From the name that a payment gives to the tokens that the PSPs know."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.card_numbers import contains_card_number
from kernel.ids import InvalidId, decode
from merchants.payment_methods.models import PaymentMethod
from merchants.payment_methods.test_tokens import TEST_CARDS, Card


class NoSuchPaymentMethod(LookupError):
    """None of this name; also when it is another merchant's, the other mode's, or deleted."""


def find_card(merchant_id: UUID, *, livemode: bool, payment_method: str) -> Card:
    """The card behind `payment_method`. Raises NoSuchPaymentMethod."""
    if not livemode and payment_method in TEST_CARDS:
        return TEST_CARDS[payment_method]
    method = find(merchant_id, livemode=livemode, payment_method=payment_method)
    return Card(payment_method, method.tokens, method.brand, method.last4, method.country)


def find(merchant_id: UUID, *, livemode: bool, payment_method: str) -> PaymentMethod:
    """The merchant's own payment method of that id. Raises NoSuchPaymentMethod."""
    try:
        return all_of(merchant_id, livemode=livemode).get(id=decode("pm", payment_method))
    except InvalidId:
        # The name goes into the message only where it cannot be a card number.
        name = "that" if contains_card_number(payment_method) else repr(payment_method[:40])
        raise NoSuchPaymentMethod(f"no payment method is called {name}") from None
    except PaymentMethod.DoesNotExist:
        raise NoSuchPaymentMethod(f"no payment method {payment_method}") from None


def all_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[PaymentMethod]:
    """The merchant's payment methods in one mode, without the deleted ones."""
    return PaymentMethod.objects.filter(
        merchant_id=merchant_id, livemode=livemode, deleted_at__isnull=True
    )
