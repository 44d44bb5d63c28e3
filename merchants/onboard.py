"""A new merchant: the account, its first key and what it will pay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.transaction import atomic

from kernel.clock import now
from merchants.fees import agree
from merchants.keys import make
from merchants.models import Merchant

BASIS_POINTS = 290
#: The fixed part, in minor units: about 30 cents' worth, in the coins of each currency.
FIXED_MINOR = {"USD": 30, "EUR": 30, "GBP": 25, "JPY": 40, "KWD": 100, "CHF": 30}


@dataclass(frozen=True, slots=True)
class Onboarded:
    """The merchant, and the secret of its test key, which is shown this once."""

    merchant: Merchant
    secret_key: str = field(repr=False)


@atomic
def onboard(
    name: str,
    *,
    country: str = "US",
    settlement_currency: str = "USD",
    at: datetime | None = None,
) -> Onboarded:
    """An active merchant with a secret test key and the usual fee plan: 2.9 % and some 30 cents.

    A currency without a fixed part of its own costs 2.9 % alone.
    """
    at = at or now()
    merchant = Merchant.objects.create(
        name=name, country=country, settlement_currency=settlement_currency, created_at=at
    )
    agree(merchant.id, basis_points=BASIS_POINTS, effective_from=at)
    for currency, fixed in FIXED_MINOR.items():
        agree(
            merchant.id,
            basis_points=BASIS_POINTS,
            fixed_minor=fixed,
            currency=currency,
            effective_from=at,
        )
    return Onboarded(merchant, make(merchant.id, livemode=False, at=at).secret)
