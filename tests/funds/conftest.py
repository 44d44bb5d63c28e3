"""Merchants' books with captures in them, committed, so that the pass reads them as it does in life."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from ledger.post import post
from ledger.recipes.payments import capture_reversed, payment_captured

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # A Monday.

_numbers = itertools.count(1)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def at(day: int, hour: int = 0, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


class Book:
    """One merchant's book: `capture`, `reverse`, and what stands where."""

    def __init__(self, merchant: UUID, *, currency: str = "USD", livemode: bool = False) -> None:
        self.merchant = merchant
        self.currency = currency
        self.livemode = livemode

    def capture(self, minor: int, *, when: datetime = NOON) -> tuple[UUID, str, Money]:
        """A capture without a fee: what is pending is what was captured."""
        source, gross = f"att_{next(_numbers)}", Money(minor, self.currency)
        captured = payment_captured(
            merchant=self.merchant,
            livemode=self.livemode,
            psp="stripe",
            source=source,
            gross=gross,
            fee=Money.zero(self.currency),
        )
        return post(captured, effective_at=when), source, gross

    def reverse(self, capture: tuple[UUID, str, Money], *, when: datetime) -> None:
        id_, source, gross = capture
        post(
            capture_reversed(
                merchant=self.merchant,
                livemode=self.livemode,
                psp="stripe",
                source=source,
                gross=gross,
                fee=Money.zero(self.currency),
                reverses=id_,
            ),
            effective_at=when,
        )

    @property
    def stands(self) -> tuple[int, int, int]:
        """Pending, available, in reserve; minor units."""
        pending, available, reserve = (
            balance(
                self.merchant, livemode=self.livemode, account=account, currency=self.currency
            ).minor
            for account in (
                chart.merchant_pending(),
                chart.merchant_available(),
                chart.merchant_reserve(),
            )
        )
        return pending, available, reserve
