"""What we hold and owe in each currency by the conversions of all merchants, and what that is worth to us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import connection

from kernel.money import Money
from paygate.fx.exchange import convert, written
from paygate.fx.market import last_known


@dataclass(frozen=True, slots=True)
class Position:
    """Above zero we hold the currency, below we owe it. Without a rate it has no value that we could tell."""

    held: Money
    rate: Decimal | None  # One unit of the currency in the reporting one.
    as_of: date | None
    value: Money | None

    @property
    def written_rate(self) -> str:
        """The rate for people to read; empty without one."""
        return written(self.rate) if self.rate is not None else ""


def positions(*, livemode: bool) -> list[Position]:
    """One for each currency that conversions ever passed through, by code."""
    reporting = settings.FX_REPORTING_CURRENCY
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.currency, sum(b.balance)::bigint
            FROM ledger_account a CROSS JOIN LATERAL ledger_balances(a.merchant_id, a.id) b
            WHERE a.livemode = %s AND a.code LIKE 'equity:fx:%%'
            GROUP BY a.currency ORDER BY a.currency""",
            [livemode],
        )
        rows = cursor.fetchall()
    return [_valued(Money(minor, currency), reporting) for currency, minor in rows]


def total(found: list[Position]) -> Money:
    """What all of them are worth together, as far as it can be told."""
    worth = [position.value for position in found if position.value is not None]
    return sum(worth, Money.zero(settings.FX_REPORTING_CURRENCY))


def _valued(held: Money, reporting: str) -> Position:
    if held.currency == reporting:
        return Position(held, Decimal(1), None, held)
    known = last_known(held.currency, reporting)
    if known is None:
        return Position(held, None, None, None)
    return Position(held, known.rate, known.as_of, convert(held, known.rate, reporting))
