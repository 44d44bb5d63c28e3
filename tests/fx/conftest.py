"""Rates of a day that a test knows, a merchant who is settled in another currency, and what stands in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kernel.clock import now
from kernel.ids import decode
from ledger.balances import balances
from merchants.funds.terms import agree_terms
from merchants.onboard import Onboarded
from paygate.fx import market
from paygate.fx.fetch import keep
from paygate.fx.models import Rate
from paygate.fx.providers import Sheet
from paygate.payments.models import Payment


def publish(days_ago: int = 0, **rates: str) -> None:
    """The provider says, of a day, what one euro is worth."""
    day = now().date() - timedelta(days=days_ago)
    keep("ecb", Sheet("EUR", day, {c: Decimal(rate) for c, rate in rates.items()}), now=now())


def correct(**rates: str) -> None:
    """The provider corrects today's rates, and a person believes it."""
    publish(**rates)
    for rate in Rate.objects.filter(state="quarantined"):
        Rate.objects.filter(id=rate.id).update(
            state="accepted", decided_by="ann", reason="true", decided_at=now()
        )
    market.forget()


def row(payment: dict[str, Any]) -> Payment:
    found: Payment = Payment.objects.get(id=decode("pay", payment["id"]))
    return found


@pytest.fixture
def rates(db: None) -> None:
    """One euro is 1.08 dollars, 162.5 yen, 0.84 pounds."""
    publish(USD="1.0800", JPY="162.50", GBP="0.8400")


@pytest.fixture
def converting(merchant: Onboarded) -> Callable[..., None]:
    """converting(refund_rate="current"): whatever the merchant takes becomes dollars, at 1 % below the market."""

    def agree(**terms: Any) -> None:
        agree_terms(
            merchant.merchant.id,
            effective_from=now() - timedelta(days=1),
            **{"convert": True, "fx_spread_basis_points": 100, **terms},
        )

    return agree


@pytest.fixture
def book(merchant: Onboarded) -> Callable[[], dict[tuple[str, str], int]]:
    """What stands in the merchant's book by account and currency, in minor units; zeros left out."""

    def read() -> dict[tuple[str, str], int]:
        return {
            (line.account, line.balance.currency): line.balance.minor
            for line in balances(merchant.merchant.id, livemode=False)
            if line.balance
        }

    return read
