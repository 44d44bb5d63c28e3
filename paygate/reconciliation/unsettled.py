"""What was captured and should be settled by now, and no statement tells of it: whether or not one has come.

What a missing statement hides becomes no break; it is money that the PSP has and we do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from kernel.money import Money
from paygate.psp.registry import PSPS
from paygate.psp.statements import LineKind
from paygate.reconciliation.days import due_before
from paygate.reconciliation.due import LOOK_BACK
from paygate.reconciliation.match import all_movements, uncovered

_CAPTURES = (LineKind.CAPTURE, LineKind.CAPTURE_REVERSED)

#: By payment, so that a capture that was reversed comes to nothing.
_UNSETTLED = """
    SELECT p.currency, count(*), sum(p.left)::bigint FROM (
        SELECT o.currency, sum(o.amount) AS left FROM ({open}) o WHERE o.at < %(before)s
        GROUP BY o.merchant_id, o.payment_id, o.currency
    ) p
    WHERE p.left > 0 GROUP BY p.currency ORDER BY p.currency
"""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Captured at a PSP and not settled in time: how many payments, and how much of them."""

    psp: str
    livemode: bool
    days: int  # Business days after which it should have been.
    payments: int
    money: Money


def unsettled(*, at: datetime) -> list[Unsettled]:
    """By mode, PSP and currency. What is older than due.LOOK_BACK was told of before, and is not counted."""
    open_ = uncovered(one for one in all_movements() if one.kind in _CAPTURES)
    found = []
    for livemode in (True, False):
        for psp in PSPS:
            days = settings.RECONCILIATION_DUE_DAYS[psp]
            with connection.cursor() as cursor:
                cursor.execute(
                    _UNSETTLED.format(open=open_),
                    {
                        "psp": psp,
                        "livemode": livemode,
                        "since": at - LOOK_BACK,
                        "before": due_before(at, days),
                    },
                )
                found += [
                    Unsettled(psp, livemode, days, payments, Money(minor, currency))
                    for currency, payments, minor in cursor.fetchall()
                ]
    return found
