"""The figures that a dashboard shows: three questions to one table, whatever the number of payments.

Amounts of different currencies are never added: one is shown, and the others are listed beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from django.db import connection

from paygate.console.dashboard.filters import Period, Stretch

#: What is added up: how often, and how much in minor units.
Sum: TypeAlias = tuple[int, int]
NOTHING: Sum = (0, 0)

_CHARGES = ("attempted", "approved", "declined", "challenged", "not_sent", "captured")
_SHOWN = (
    *_CHARGES,
    *("capture_reversed", "refunded", "refund_failed"),
    *("dispute_opened", "dispute_won", "dispute_lost", "payout_paid", "payout_failed"),
)

# Each currency by a step along the primary key, then a few short stretches of it.
_CURRENCIES = """
    WITH RECURSIVE known (currency) AS (
        (SELECT currency FROM figure WHERE merchant_id = %(whose)s AND livemode = %(livemode)s
            ORDER BY currency LIMIT 1)
        UNION ALL
        SELECT (SELECT f.currency FROM figure f WHERE f.merchant_id = %(whose)s AND f.livemode = %(livemode)s
            AND f.currency > k.currency ORDER BY f.currency LIMIT 1)
        FROM known k WHERE k.currency IS NOT NULL
    )
    SELECT k.currency, s.what, s.number, s.amount
    FROM known k
    LEFT JOIN LATERAL (
        SELECT f.what, sum(f.number)::bigint AS number, sum(f.amount)::bigint AS amount FROM figure f
        WHERE f.merchant_id = %(whose)s AND f.livemode = %(livemode)s AND f.currency = k.currency AND f.span = 'day'
            AND f.what = ANY (ARRAY['attempted', 'captured', 'capture_reversed', 'refunded'])
            AND f.starts >= %(since)s AND f.starts < %(until)s
        GROUP BY f.what
    ) s ON true
    WHERE k.currency IS NOT NULL"""

_SERIES = """
    SELECT date_bin(%(step)s, starts, %(since)s), what, psp, reason, sum(number)::bigint, sum(amount)::bigint
    FROM figure
    WHERE merchant_id = %(whose)s AND livemode = %(livemode)s AND currency = %(currency)s AND span = %(span)s
        AND what = ANY (%(shown)s) AND starts >= %(since)s AND starts < %(until)s
    GROUP BY 1, 2, 3, 4"""

_TOTALS = """
    SELECT r.which, s.what, sum(s.number)::bigint, sum(s.amount)::bigint
    FROM ROWS FROM (unnest(%(which)s::text[]), unnest(%(spans)s::text[]),
        unnest(%(sinces)s::timestamptz[]), unnest(%(untils)s::timestamptz[])) AS r (which, span, since, until)
    CROSS JOIN unnest(%(shown)s::text[]) AS w (what)
    CROSS JOIN LATERAL (
        SELECT f.what, sum(f.number) AS number, sum(f.amount) AS amount FROM figure f
        WHERE f.merchant_id = %(whose)s AND f.livemode = %(livemode)s AND f.currency = %(currency)s
            AND f.span = r.span AND f.what = w.what AND f.starts >= r.since AND f.starts < r.until
        GROUP BY f.what
    ) s
    GROUP BY r.which, s.what"""

# The first row in the order of the primary key: there is one, or none.
_MODES = """
    SELECT mode FROM (VALUES (true), (false)) m (mode) CROSS JOIN LATERAL (
        SELECT FROM figure WHERE merchant_id = %s AND livemode = m.mode ORDER BY currency LIMIT 1) f"""


@dataclass(frozen=True, slots=True)
class OfCurrency:
    """What moved in one currency in the period."""

    currency: str
    attempted: int
    captured: int  # Minor units, what was taken back not among it.
    refunded: int


class Figures:
    """Of one period in one currency, to be asked by bar, PSP and reason. Bars are where the period is divided."""

    def __init__(
        self, rows: Iterable[tuple[datetime, str, str, str, int, int]], bars: Sequence[datetime]
    ) -> None:
        self.bars = bars
        self._of: defaultdict[str, list[_Row]] = defaultdict(list)
        for bar, what, psp, reason, number, amount in rows:
            self._of[what].append(_Row(bar, psp, reason, number, amount))

    @property
    def psps(self) -> list[str]:
        """Those that were asked to charge anybody."""
        return sorted({row.psp for what in _CHARGES for row in self._of[what]})

    def total(self, what: str) -> Sum:
        rows = self._of[what]
        return sum(row.number for row in rows), sum(row.amount for row in rows)

    def by_bar(self, what: str, *, psp: str | None = None) -> defaultdict[datetime, Sum]:
        """Nothing where nothing was."""
        return _sums((row.bar, row) for row in self._of[what] if psp in (None, row.psp))

    def by_reason(self, what: str) -> defaultdict[str, Sum]:
        return _sums((row.reason, row) for row in self._of[what])

    def __bool__(self) -> bool:
        return any(row.number or row.amount for rows in self._of.values() for row in rows)


class _Row(NamedTuple):
    bar: datetime
    psp: str
    reason: str
    number: int
    amount: int


K = TypeVar("K")


def _sums(rows: Iterable[tuple[K, _Row]]) -> defaultdict[K, Sum]:
    sums: defaultdict[K, Sum] = defaultdict(lambda: NOTHING)
    for key, row in rows:
        number, amount = sums[key]
        sums[key] = (number + row.number, amount + row.amount)
    return sums


@dataclass(frozen=True, slots=True)
class Comparison:
    """Totals by what they count, over what can be compared."""

    now: dict[str, Sum]
    before: dict[str, Sum]


def mode_of(whose: UUID) -> bool:
    """Live where anything of them was live, or nothing was at all."""
    modes = {mode for (mode,) in _rows(_MODES, [whose])}
    return True in modes or not modes


def currencies(whose: UUID, *, livemode: bool, period: Period) -> list[OfCurrency]:
    """All in which there ever was anything, the busiest of the period first."""
    asked = {
        "whose": whose,
        "livemode": livemode,
        "since": period.starts,
        "until": period.ends,
    }
    sums: defaultdict[str, dict[str, Sum]] = defaultdict(dict)
    for currency, what, number, amount in _rows(_CURRENCIES, asked):
        sums[currency][what] = (number or 0, amount or 0)
    found = [
        OfCurrency(
            currency,
            attempted=of.get("attempted", NOTHING)[0],
            captured=of.get("captured", NOTHING)[1] - of.get("capture_reversed", NOTHING)[1],
            refunded=of.get("refunded", NOTHING)[1],
        )
        for currency, of in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.attempted, one.currency))


def figures(whose: UUID, *, livemode: bool, currency: str, period: Period) -> Figures:
    asked = {
        **_of(whose, livemode, currency),
        "span": period.span,
        "step": period.step,
        "since": period.starts,
        "until": period.ends,
    }
    return Figures(_rows(_SERIES, asked), period.bars())


def comparison(
    whose: UUID,
    *,
    livemode: bool,
    currency: str,
    now: list[Stretch],
    before: list[Stretch],
) -> Comparison:
    stretches = [("now", one) for one in now] + [("before", one) for one in before]
    asked = {
        **_of(whose, livemode, currency),
        "which": [which for which, _ in stretches],
        "spans": [one.span for _, one in stretches],
        "sinces": [one.since for _, one in stretches],
        "untils": [one.until for _, one in stretches],
    }
    totals: dict[str, dict[str, Sum]] = {"now": {}, "before": {}}
    for which, what, number, amount in _rows(_TOTALS, asked):
        totals[which][what] = (number, amount)
    return Comparison(totals["now"], totals["before"])


def _of(whose: UUID, livemode: bool, currency: str) -> dict[str, object]:
    return {"whose": whose, "livemode": livemode, "currency": currency, "shown": list(_SHOWN)}


def _rows(statement: str, asked: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
