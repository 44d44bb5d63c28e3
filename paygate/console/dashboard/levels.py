"""How things stand at this moment: what is unknown, what PSPs hold for us, which notices fail.

Of all merchants it was read a moment ago, for the metrics (paygate.monitoring): one small table is looked at. Of one
merchant it is asked by the small indexes of what is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min

from ledger import chart
from ledger.balances import balances
from merchants.models import Merchant, WebhookEndpoint
from paygate.console.figures.readings import AGE, AGES
from paygate.monitoring.models import Taken
from paygate.psp.registry import PSPS

#: After so long an answer is not shown any more: whoever reads them is away, and it would lie.
TOO_OLD = timedelta(hours=2)

_RECEIVABLE = "paygate_psp_receivable_minor"
_UNKNOWN = "paygate_unknown_by_age"
_OLDEST = "paygate_unresolved_seconds"
_NAMES = (
    *(_RECEIVABLE, _UNKNOWN, f"{_UNKNOWN}_minor", _OLDEST),
    *("paygate_captured_unsettled", "paygate_captured_unsettled_minor"),
    *("paygate_endpoints_failing", "paygate_endpoints_failing_seconds"),
    *("paygate_notices_pending", "paygate_notices_given_up_recently"),
)

_OF_ONE = f"""
    SELECT a.psp, p.currency, {AGE} AS age, count(*), sum(a.amount)::bigint,
        extract(epoch FROM %(at)s - min(a.started_at))::bigint
    FROM payment_attempt a
    JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
    WHERE a.merchant_id = %(merchant)s AND a.finished_at IS NULL AND a.outcome = 'unknown'
        AND p.livemode = %(livemode)s
    GROUP BY 1, 2, 3"""  # noqa: S608 - our own words.

# Ids are in the order of time: those of the last days are the end of the index of what was given up.
_GIVEN_UP = """
    SELECT count(*) FROM notice WHERE status = 'failed' AND merchant_id = %(merchant)s
        AND id >= (lpad(to_hex((extract(epoch FROM %(at)s - interval '4 days') * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid"""


@dataclass(slots=True)
class Levels:
    """None is what nobody has read; amounts are minor units of the currency that is shown."""

    #: By (PSP, age): how many are unknown, and how much they are about.
    unknown: dict[tuple[str, str], tuple[int, int]] | None = None
    unknown_elsewhere: int = 0  # In other currencies.
    oldest: timedelta | None = None
    receivable: dict[str, int] | None = None  # By PSP.
    overdue: tuple[int, int] | None = None  # Not settled by the day it should have been.
    failing: int | None = None  # Endpoints.
    failing_for: timedelta | None = None
    given_up: int | None = None  # Notices of the last four days.
    pending: int | None = None
    read_at: dict[str, datetime] = field(default_factory=dict)


def of_all(*, livemode: bool, currency: str, at: datetime) -> Levels:
    """As it was read last."""
    taken = {
        row.name: row
        for row in Taken.objects.filter(name__in=_NAMES)
        if at - row.taken_at <= TOO_OLD
    }
    mode = "true" if livemode else "false"

    def samples(name: str, *labels: str, **only: str) -> list[tuple[dict[str, str], Any]] | None:
        """What was read under the name, with its labels, as far as they are `only` these."""
        if name not in taken:
            return None
        named = [(dict(zip(labels, values, strict=True)), n) for values, n in taken[name].samples]
        return [(of, n) for of, n in named if only.items() <= of.items()]

    by_age = ("psp", "livemode", "currency", "age")
    psps = ("psp", "livemode", "currency")
    counts = samples(_UNKNOWN, *by_age, livemode=mode)
    amounts = samples(f"{_UNKNOWN}_minor", *by_age, livemode=mode) or []
    levels = Levels(read_at={name: row.taken_at for name, row in taken.items()})
    if counts is not None:
        minor = {(of["psp"], of["age"]): n for of, n in amounts if of["currency"] == currency}
        levels.unknown = {
            (of["psp"], of["age"]): (n, minor.get((of["psp"], of["age"]), 0))
            for of, n in counts
            if of["currency"] == currency
        }
        levels.unknown_elsewhere = sum(n for of, n in counts if of["currency"] != currency)
        ages = samples(
            *(_OLDEST, "psp", "livemode", "operation", "currency", "outcome"),
            livemode=mode,
            currency=currency,
            outcome="unknown",
        )
        if ages and levels.unknown:
            levels.oldest = timedelta(seconds=max(n for _, n in ages))
    held = samples(_RECEIVABLE, *psps, livemode=mode, currency=currency)
    if held is not None:
        levels.receivable = {of["psp"]: n for of, n in held if n}
    late = samples("paygate_captured_unsettled", *psps, livemode=mode, currency=currency)
    late_minor = samples(
        "paygate_captured_unsettled_minor", *psps, livemode=mode, currency=currency
    )
    if late is not None:
        levels.overdue = (sum(n for _, n in late), sum(n for _, n in late_minor or []))
    failing = samples("paygate_endpoints_failing", "livemode", livemode=mode)
    if failing is not None:
        levels.failing = sum(n for _, n in failing)
        since = samples("paygate_endpoints_failing_seconds", "livemode", livemode=mode)
        if levels.failing and since:
            levels.failing_for = timedelta(seconds=max(n for _, n in since))
    levels.given_up = _only(samples("paygate_notices_given_up_recently"))
    levels.pending = _only(samples("paygate_notices_pending"))
    return levels


def of_one(merchant: Merchant, *, livemode: bool, currency: str, at: datetime) -> Levels:
    """As it is now: a few rows of what is open, the merchant's endpoints, and the balance of a few accounts."""
    levels = Levels()
    sums: defaultdict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    oldest = 0
    for psp, of, age, number, amount, seconds in _rows(_OF_ONE, merchant.id, at, livemode=livemode):
        if of != currency:
            levels.unknown_elsewhere += number
            continue
        before, before_minor = sums[psp, age]
        sums[psp, age] = (before + number, before_minor + amount)
        oldest = max(oldest, seconds)
    levels.unknown = dict(sums)
    levels.oldest = timedelta(seconds=oldest) if sums else None
    accounts = {chart.psp_receivable(psp): psp for psp in PSPS}
    held = balances(merchant.id, livemode=livemode, accounts=list(accounts))
    levels.receivable = {
        accounts[one.account]: -one.balance.minor
        for one in held
        if one.balance.currency == currency and one.balance
    }
    failing: Mapping[str, Any] = WebhookEndpoint.objects.filter(
        merchant_id=merchant.id,
        livemode=livemode,
        status=WebhookEndpoint.Status.ENABLED,
        failing_since__isnull=False,
    ).aggregate(number=Count("id"), since=Min("failing_since"))
    levels.failing = failing["number"]
    levels.failing_for = at - failing["since"] if failing["since"] else None
    [(levels.given_up,)] = _rows(_GIVEN_UP, merchant.id, at)
    return levels


def in_order(ages: set[str]) -> list[str]:
    """Of AGES, the youngest first."""
    return [age for age in AGES if age in ages]


def _only(found: list[tuple[dict[str, str], Any]] | None) -> int | None:
    return int(found[0][1]) if found else None


def _rows(statement: str, merchant: UUID, at: datetime, **more: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"merchant": merchant, "at": at, **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
