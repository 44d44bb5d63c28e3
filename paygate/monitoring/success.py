"""Success by PSP, over five minutes, an hour and a day, from the minutes that the outbox told of.

A rate is approved / (approved + declined) of what charges a customer (authorize, confirm). What is unknown or was
certainly not sent says something about the PSP and nothing about the card: it is counted apart.
"""

from __future__ import annotations

from kernel.readings import Reading

WINDOWS = (
    "(VALUES ('5m', interval '5 minutes'), ('1h', interval '1 hour'), ('24h', interval '1 day'))"
)

#: What charges customers in each window; a window's last minute is the present one, as far as it has come.
_CHARGES = f"""
    SELECT w.name AS over, m.psp, m.livemode, m.outcome, m.decline_code, m.currency, m.attempts, m.amount
    FROM {WINDOWS} AS w (name, span)
    JOIN success_minute m ON m.minute > %(at)s - w.span AND m.minute <= %(at)s
    WHERE m.operation IN ('authorize', 'confirm')
"""  # noqa: S608 - our own words.

#: The same hour seven days ago, as far as it had come.
_THEN = """
    SELECT psp, livemode, outcome, attempts FROM success_minute
    WHERE minute > %(at)s - interval '7 days 1 hour' AND minute <= %(at)s - interval '7 days'
        AND operation IN ('authorize', 'confirm')
"""

_RATE = """sum(attempts) FILTER (WHERE outcome = 'approved')::float8
    / nullif(sum(attempts) FILTER (WHERE outcome IN ('approved', 'declined')), 0)"""

READINGS = [
    Reading(
        tells={
            "paygate_success_ratio": "Approved of those that were approved or declined.",
            "paygate_success_decided": "How many were approved or declined.",
        },
        asks=f"""SELECT psp, livemode, over, coalesce({_RATE}, CASE WHEN bool_or(outcome = 'declined') THEN 0 END),
                    coalesce(sum(attempts) FILTER (WHERE outcome IN ('approved', 'declined')), 0)
                 FROM ({_CHARGES}) c GROUP BY psp, livemode, over""",  # noqa: S608 - our own words.
        labels=("psp", "livemode", "over"),
    ),
    Reading(
        tells={
            "paygate_charges_ended": "What charges customers, by how it ended.",
            "paygate_charges_ended_minor": "How much that was, in minor units of the currency.",
        },
        asks=f"""SELECT psp, livemode, over, outcome, currency, sum(attempts), sum(amount)
                 FROM ({_CHARGES}) c GROUP BY psp, livemode, over, outcome, currency""",  # noqa: S608 - our own words.
        labels=("psp", "livemode", "over", "outcome", "currency"),
    ),
    Reading(
        tells={"paygate_declines": "Declines by our reason for them."},
        asks=f"""SELECT psp, livemode, over, decline_code, sum(attempts) FROM ({_CHARGES}) c
                 WHERE outcome = 'declined' GROUP BY psp, livemode, over, decline_code""",  # noqa: S608 - our own words.
        labels=("psp", "livemode", "over", "reason"),
    ),
    Reading(
        tells={
            "paygate_success_ratio_a_week_ago": "The success ratio of the same hour seven days ago.",
            "paygate_success_decided_a_week_ago": "Of how many it was.",
        },
        asks=f"""SELECT psp, livemode, coalesce({_RATE}, CASE WHEN bool_or(outcome = 'declined') THEN 0 END),
                    coalesce(sum(attempts) FILTER (WHERE outcome IN ('approved', 'declined')), 0)
                 FROM ({_THEN}) c GROUP BY psp, livemode""",  # noqa: S608 - our own words.
        labels=("psp", "livemode"),
        every=60.0,
    ),
]
