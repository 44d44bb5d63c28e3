"""The well-known cards of test mode: they exist for every merchant and are in no table.

The tokens are those of the PSPs' own sandboxes where there are such (Stripe's documented test payment
methods), else of vaulted cards that the simulators know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Card:
    """What a payment needs to know of a payment method. `tokens` is {psp: token}."""

    id: str
    tokens: Mapping[str, str]
    brand: str
    last4: str
    country: str = ""  # Of the issuer, where it is known.


def _card(name: str, stripe: str, vaulted: str, brand: str, last4: str) -> Card:
    tokens = {"stripe": stripe, "adyen": vaulted, "braintree": vaulted}
    return Card(f"pm_card_{name}", MappingProxyType(tokens), brand, last4)


TEST_CARDS: Mapping[str, Card] = {
    card.id: card
    for card in (
        _card("visa", "pm_card_visa", "visa_ok", "visa", "4242"),
        _card("mastercard", "pm_card_mastercard", "mastercard_ok", "mastercard", "4444"),
        _card("declined", "pm_card_chargeDeclined", "declined", "visa", "0002"),
        _card(
            "insufficient_funds",
            "pm_card_chargeDeclinedInsufficientFunds",
            "insufficient_funds",
            "visa",
            "9995",
        ),
        _card("expired", "pm_card_chargeDeclinedExpiredCard", "expired", "visa", "0069"),
        _card("3ds", "pm_card_authenticationRequired", "3ds", "visa", "3184"),
        _card("timeout", "pm_card_timeout", "timeout", "visa", "4242"),
        _card("disputed", "pm_card_createDispute", "disputed", "visa", "0259"),
    )
}
