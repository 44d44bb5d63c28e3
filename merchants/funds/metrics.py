"""What Prometheus reads of merchants' funds."""

from __future__ import annotations

from collections import Counter as Count
from datetime import datetime

from prometheus_client import Counter

from kernel.readings import Reading, Rows
from ledger.balances import overdrafts

RELEASED = Counter(
    "paygate_funds_transactions",
    "Transactions by which the passing of time moved merchants' money, by kind.",
    ["kind", "livemode"],
)


def _owing(_: datetime) -> Rows:
    found = [*overdrafts(livemode=True), *overdrafts(livemode=False)]
    merchants = Count((one.livemode, one.balance.currency) for one in found)
    owed: Count[tuple[bool, str]] = Count()
    for one in found:
        owed[one.livemode, one.balance.currency] -= one.balance.minor
    return [(*of, count, owed[of]) for of, count in merchants.items()]


READINGS = [
    Reading(
        tells={
            "paygate_merchants_owing": "Merchants whose available balance is below zero, by what had to go through.",
            "paygate_owed_minor": "What merchants owe us in all, in minor units of the currency.",
        },
        asks=_owing,  # Of every merchant's balance: as often as the log tells of it, not more.
        labels=("livemode", "currency"),
        every=3600.0,
    )
]
