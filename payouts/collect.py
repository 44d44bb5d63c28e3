"""Pay out by schedule: what is available to whoever is due today, a chunk of merchants at a time.

Any number of passes may run at once and end anywhere: a day is taken for a merchant in the commit that pays it, and
who comes second finds it taken. Each amount is read under the lock that a guarded debit takes, so that neither a payout
asked for meanwhile nor a refund can be in its way.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from kernel.db import atomic, call
from kernel.money import Money
from merchants.funds.release import release_due
from payouts.schedule import all_due_days

log = logging.getLogger(__name__)

CHUNK = 1_000  # Merchants' currencies in one commit.


@dataclass(frozen=True, slots=True)
class Total:
    """What a pass has made of payouts in one currency."""

    payouts: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of one pass: how many schedules were due, and what was made for them."""

    due: int
    totals: tuple[Total, ...]

    @property
    def payouts(self) -> int:
        return sum(total.payouts for total in self.totals)


def collect_due(*, at: datetime) -> tuple[Collected, Collected]:
    """First what becomes available by now, then the payouts of it, in both modes (test, live)."""
    release_due(at=at)
    return collect(livemode=False, at=at), collect(livemode=True, at=at)


def collect(*, livemode: bool, at: datetime, chunk: int = CHUNK) -> Collected:
    """A draft payout of what is available for each merchant and currency whose schedule is due and was not seen to.

    Each once for its day, also where the day was missed: then for the last one. Who has less than the agreed minimum
    waits for the next; who has no destination yet is paid when there is one.
    """
    due = _due(livemode, at)
    payouts: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for start in range(0, len(due), chunk):
        merchants, currencies, days, minimums = map(
            list, zip(*due[start : start + chunk], strict=True)
        )
        with atomic():
            rows = call("payout_collect", livemode, at, merchants, currencies, days, minimums)
        for currency, count, amount in rows:
            payouts[currency] += count
            amounts[currency] += amount
    totals = tuple(
        Total(payouts[currency], Money(amount, currency))
        for currency, amount in sorted(amounts.items())
    )
    for total in totals:
        log.info(
            "payouts.collected",
            extra={"livemode": livemode, "payouts": total.payouts, "amount": str(total.amount)},
        )
    return Collected(len(due), totals)


def _due(livemode: bool, at: datetime) -> list[tuple[UUID, str, date, int]]:
    """Whose schedules are due: merchant, currency, for which day, from which amount on."""
    here = at.date()
    table = all_due_days([here + timedelta(days=days) for days in (-1, 0, 1)])  # Anywhere on earth.
    calendars, days, intervals, anchors, due = map(list, zip(*table, strict=True))
    rows = call("payout_due", livemode, at, calendars, days, intervals, anchors, due)
    return [(merchant, currency, day, minimum) for merchant, currency, day, minimum in rows]
