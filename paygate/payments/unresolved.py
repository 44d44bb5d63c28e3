"""Money of which nobody knows what became: attempts whose outcome is unknown, and has been for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from kernel.money import Money
from paygate.payments.models import Result, Unresolved

#: Most are known within seconds; a person need not see those.
A_WHILE = timedelta(minutes=1)
URGENT = timedelta(hours=1)
MOST = 10_000  # Attempts that are added up: the oldest.


def unresolved(at: datetime) -> QuerySet[Any]:
    """The open attempts whose outcome is unknown, and that began a while ago."""
    return Unresolved.objects.filter(
        finished_at__isnull=True, outcome=Result.UNKNOWN, started_at__lt=at - A_WHILE
    )


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What is unresolved of one currency, in one mode."""

    money: Money
    attempts: int
    livemode: bool
    oldest: datetime


def at_risk(at: datetime) -> Sequence[AtRisk]:
    """The sums by currency and mode, live first and the largest numbers of attempts before the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.currency, p.livemode, sum(a.amount)::bigint, count(*), min(a.started_at) FROM (
                   SELECT * FROM payment_attempt
                   WHERE finished_at IS NULL AND outcome = 'unknown' AND started_at < %s
                   ORDER BY started_at LIMIT %s
               ) a JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
               GROUP BY p.currency, p.livemode ORDER BY p.livemode DESC, count(*) DESC, p.currency""",
            [at - A_WHILE, MOST],
        )
        return [
            AtRisk(Money(minor, currency), count, livemode, oldest)
            for currency, livemode, minor, count, oldest in cursor.fetchall()
        ]
