"""What is read of disputes: which wait for our answer, and what they are about."""

from __future__ import annotations

from kernel.readings import Reading

READINGS = [
    Reading(
        tells={
            "paygate_disputes_due": "Disputes that need an answer, by when: missed, one_day, three_days, later.",
            "paygate_disputes_due_minor": "How much they are about, in minor units of the currency.",
        },
        asks="""SELECT psp, livemode, currency,
                    CASE WHEN evidence_due_by < %(at)s THEN 'missed'
                         WHEN evidence_due_by < %(at)s + interval '1 day' THEN 'one_day'
                         WHEN evidence_due_by < %(at)s + interval '3 days' THEN 'three_days'
                         ELSE 'later' END AS due,
                    count(*), sum(amount)
                FROM dispute WHERE status = 'needs_response' GROUP BY 1, 2, 3, 4""",
        labels=("psp", "livemode", "currency", "due"),
        every=60.0,
    ),
]
