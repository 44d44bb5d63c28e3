"""When a merchant's money becomes available: what is pending and what is held back, by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from kernel.money import Money


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An amount that is available from the start of a day where the merchant is.

    Of what is pending the reserve will still be taken; where more was undone than captured the amount is below zero.
    """

    due_on: date
    due_at: datetime
    amount: Money
    reserve: bool  # Held back until then; otherwise pending.


def upcoming(merchant_id: UUID, *, livemode: bool) -> list[Upcoming]:
    """What is not available yet, by day and currency, as of the last pass: the newest follow in minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT due_on, min(due_at), currency, sum(amount)::bigint, reserve FROM (
                SELECT due_on, due_at, currency, amount - released AS amount, false AS reserve FROM funds_due
                WHERE merchant_id = %(merchant)s AND livemode = %(livemode)s AND NOT settled
                UNION ALL
                SELECT due_on, due_at, currency, amount, true FROM funds_reserve
                WHERE merchant_id = %(merchant)s AND livemode = %(livemode)s AND released_at IS NULL
            ) due
            GROUP BY due_on, currency, reserve
            ORDER BY due_on, currency, reserve""",
            {"merchant": merchant_id, "livemode": livemode},
        )
        return [
            Upcoming(day, at, Money(minor, currency), reserve)
            for day, at, currency, minor, reserve in cursor.fetchall()
        ]
