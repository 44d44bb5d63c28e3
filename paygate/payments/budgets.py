"""Budgets for which nothing was given back go back to their people.

The PSP refused the refund, or whoever had spent died before the claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from kernel.idempotency.replay import fingerprint
from paygate.approvals.limits import day_of
from paygate.approvals.models import Spending
from paygate.approvals.spend import give_back

#: A claim takes milliseconds; whoever has not made it by then is dead, or finds its key taken.
DEAD_AFTER = timedelta(minutes=10)
LOOKED_AFTER = timedelta(
    days=7
)  # A day's budget is of no use later; but what is written is to be true.

_REFUSED = """
    UPDATE approval_spending s SET given_back_at = %(at)s
    FROM idempotency_key k
    JOIN payment_attempt a ON a.merchant_id = k.merchant_id AND a.id = k.subject
    JOIN refund r ON r.merchant_id = a.merchant_id AND r.id = a.refund_id
    WHERE s.given_back_at IS NULL AND s.day >= %(since)s
        AND k.merchant_id = s.merchant_id AND k.livemode = s.livemode AND k.key = s.key
        AND r.state IN ('failed', 'canceled')"""

_DEAD = """
    SELECT s.* FROM approval_spending s
    WHERE s.given_back_at IS NULL AND s.day >= %(since)s AND s.spent_at < %(dead)s
        AND NOT EXISTS (
            SELECT FROM idempotency_key k
            WHERE k.merchant_id = s.merchant_id AND k.livemode = s.livemode AND k.key = s.key)"""


def give_budgets_back(*, at: datetime) -> int:
    """How many were given back."""
    since = day_of(at - LOOKED_AFTER)
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, {"at": at, "since": since})
        refused: int = cursor.rowcount
    dead = Spending.objects.raw(_DEAD, {"since": since, "dead": at - DEAD_AFTER})
    return refused + sum(
        give_back(spending, mark=fingerprint("POST", "/back-office/dead", {}), at=at)
        for spending in list(dead)
    )
