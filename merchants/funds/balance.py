"""What is a merchant's, by currency: now, or as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.balances import balances
from merchants.funds.own import BUCKETS, NAMES


@dataclass(frozen=True, slots=True)
class Balance:
    """Minor units of `currency` by the names of merchants.funds.own; `available` may be below zero."""

    currency: str
    amounts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.amounts.values())


def balance_of(
    merchant_id: UUID,
    *,
    livemode: bool,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> list[Balance]:
    """The merchant's balances in each currency in which there ever was one, by currency; one query.

    `as_of`: only what had happened by then. `known_at`: only what we had written by then.
    """
    found: dict[str, dict[str, int]] = {}
    for one in balances(
        merchant_id, livemode=livemode, accounts=BUCKETS, as_of=as_of, known_at=known_at
    ):
        amounts = found.setdefault(one.balance.currency, dict.fromkeys(NAMES, 0))
        amounts[BUCKETS[one.account]] += one.balance.minor
    return [Balance(currency, amounts) for currency, amounts in sorted(found.items())]
