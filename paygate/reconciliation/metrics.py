"""What is read of reconciliation: what does not agree, what is missing, and what has not come."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Sum

from kernel.readings import Reading, Rows
from paygate.reconciliation.batches import late
from paygate.reconciliation.unsettled import unsettled


def _late_batches(at: datetime) -> Rows:
    return list(
        late(at=at)
        .order_by()
        .values_list("psp", "livemode", "currency")
        .annotate(batches=Count("id"), total=Sum("amount"))
    )


def _unsettled(at: datetime) -> Rows:
    return [
        (one.psp, one.livemode, one.money.currency, one.payments, one.money.minor)
        for one in unsettled(at=at)
    ]


READINGS = [
    Reading(
        tells={
            "paygate_breaks_open": "Breaks of reconciliation that are not closed, by cause.",
            "paygate_breaks_open_minor": "How much is at risk by them, in minor units of the currency.",
            "paygate_breaks_open_seconds": "For how long the oldest of them has been open.",
        },
        asks="""SELECT psp, livemode, cause, currency, count(*), sum(amount),
                    extract(epoch FROM %(at)s - min(opened_at))
                FROM reconciliation_break WHERE closed_at IS NULL GROUP BY 1, 2, 3, 4""",
        labels=("psp", "livemode", "cause", "currency"),
        every=60.0,
    ),
    Reading(
        tells={
            "paygate_statements_refused": "Statements that nobody could read, and that are not replaced."
        },
        asks="SELECT psp, livemode, count(*) FROM statement WHERE state = 'refused' GROUP BY psp, livemode",
        labels=("psp", "livemode"),
        every=60.0,
    ),
    Reading(
        tells={
            "paygate_statement_seconds": "For how long no statement came that could be read, since the last one."
        },
        asks="""SELECT psp, livemode, extract(epoch FROM %(at)s - max(received_at))
                FROM statement WHERE state = 'applied' GROUP BY psp, livemode""",
        labels=("psp", "livemode"),
        every=300.0,
    ),
    Reading(
        tells={
            "paygate_batches_late": "Batches that a PSP says it paid, and our bank does not have in time.",
            "paygate_batches_late_minor": "How much they are, in minor units of the currency.",
        },
        asks=_late_batches,
        labels=("psp", "livemode", "currency"),
        every=300.0,
    ),
    Reading(
        tells={
            "paygate_captured_unsettled": "Payments captured, and not settled by the business day they should be.",
            "paygate_captured_unsettled_minor": "How much of them is, in minor units of the currency.",
        },
        asks=_unsettled,  # Of all captures of the last weeks: not more often than it can change much.
        labels=("psp", "livemode", "currency"),
        every=3600.0,
    ),
]
