"""The pass that makes what is due available: the books are read on, then merchants are taken a chunk at a time.

Any number of passes may run at once and end anywhere. Each chunk is a commit, and in it stand the transactions in
the books beside the rows that say what was released, or neither.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Any
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection

from kernel.db import atomic, call
from kernel.ids import encode
from kernel.money import Money
from merchants.funds import calendars
from merchants.funds.metrics import RELEASED

log = logging.getLogger(__name__)

CHUNK = 1_000  # Merchants in one commit.


@dataclass(frozen=True, slots=True)
class Total:
    """What a pass has posted of one kind ("funds.available"), in one mode and currency.

    `held` is the part of `amount` that went into the reserve.
    """

    kind: str
    livemode: bool
    transactions: int
    amount: Money
    held: Money


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one pass; a chunk that another pass was at counts there."""

    merchants: int  # Those that something was due of.
    totals: tuple[Total, ...]

    @property
    def transactions(self) -> int:
        return sum(total.transactions for total in self.totals)


def release_due(*, at: datetime, chunk: int = CHUNK) -> Released:
    """Make available what is due `at` that moment, of every merchant: pending money, and reserves held long enough.

    What was captured is available from the start of the day that the merchant's terms say, less their reserve; what
    was undone after it had become available is recalled, even where that leaves the merchant owing us.
    """
    read_on(at=at)
    merchants = _whose(at)
    sums: defaultdict[tuple[str, bool, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for start in range(0, len(merchants), chunk):
        rows = _release(merchants[start : start + chunk], at=at)
        for kind, livemode, currency, *more in rows:
            so_far = sums[kind, livemode, currency]
            so_far[:] = map(add, so_far, more)
    totals = tuple(
        Total(kind, livemode, transactions, Money(amount, currency), Money(held, currency))
        for (kind, livemode, currency), (transactions, amount, held) in sorted(sums.items())
    )
    for total in totals:
        RELEASED.labels(kind=total.kind, livemode=str(total.livemode).lower()).inc(
            total.transactions
        )
        log.info(
            "%s %s: %s in %d transactions, %s of it held back",
            total.kind,
            "live" if total.livemode else "test",
            total.amount,
            total.transactions,
            total.held,
        )
    return Released(len(merchants), totals)


def read_on(*, at: datetime) -> int:
    """Read what came to the pending accounts since the last time; how many days of merchants' it changed."""
    calendars.reach(at.year)
    with atomic():
        [(changed,)] = call("funds_read_on")
    return int(changed)


def begin_anew(*, at: datetime) -> None:
    """Forget what was read and read the books from their first entry, and from them what was released.

    After a restore to another cluster the next pass does this by itself. By the terms as they are now: what was
    agreed for the past since then moves what is due, and the next pass puts the difference right.
    """
    calendars.reach(at.year)
    with atomic():
        call("funds_begin_anew")


def _release(merchants: list[UUID], *, at: datetime) -> list[tuple[Any, ...]]:
    """One chunk, in a commit of its own; a row of each kind, mode and currency.

    Where the database refuses what is somebody's, the others are taken without them: one merchant whose rows are
    wrong never keeps a thousand from their money. That one is told of, and tried again by the next pass.
    """
    try:
        with atomic():
            return call("funds_release", merchants, at)
    except OperationalError:  # Nobody's fault: what is left is the next pass's.
        raise
    except DatabaseError:
        if len(merchants) == 1:
            log.exception("funds.not_released", extra={"merchant": encode("mer", merchants[0])})
            return []
        half = len(merchants) // 2
        return [*_release(merchants[:half], at=at), *_release(merchants[half:], at=at)]


def _whose(at: datetime) -> list[UUID]:
    """Whose money is due, in the order in which all passes take them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT merchant_id FROM funds_due WHERE NOT settled AND due_at <= %(at)s
            UNION
            SELECT merchant_id FROM funds_reserve WHERE released_at IS NULL AND due_at <= %(at)s
            ORDER BY merchant_id""",
            {"at": at},
        )
        return [merchant for (merchant,) in cursor.fetchall()]
