"""Success by PSP, over five minutes, an hour and a day, from the minutes that the outbox told of.

A rate is approved / (approved + declined) of what charges a customer (authorize, confirm). What is unknown or was
certainly not sent says something about the PSP and nothing about the card: it is counted apart. A day has many
minutes: it is asked seldom, and its gauges are others.
"""

from __future__ import annotations

from kernel.readings import Reading

_SHORT = "(VALUES ('5m', interval '5 minutes'), ('1h', interval '1 hour'))"
_DAY = "(VALUES ('24h', interval '1 day'))"

#: The same hour seven days ago, as far as it had come.
_THEN = """
    SELECT psp, livemode, outcome, attempts FROM success_minute
    WHERE minute > %(at)s - interval '7 days 1 hour' AND minute <= %(at)s - interval '7 days'
        AND operation IN ('authorize', 'confirm')
"""

_RATE = """coalesce(sum(attempts) FILTER (WHERE outcome = 'approved')::float8
    / nullif(sum(attempts) FILTER (WHERE outcome IN ('approved', 'declined')), 0),
    CASE WHEN bool_or(outcome = 'declined') THEN 0 END)"""
_DECIDED = "coalesce(sum(attempts) FILTER (WHERE outcome IN ('approved', 'declined')), 0)"


def _over(windows: str, named: str, *, every: float) -> list[Reading]:
    """How charges ended in each of the windows, whose last minute is the present one as far as it has come."""
    charges = f"""
        SELECT w.name AS over, m.psp, m.livemode, m.outcome, m.decline_code, m.currency, m.attempts, m.amount
        FROM {windows} AS w (name, span)
        JOIN success_minute m ON m.minute > %(at)s - w.span AND m.minute <= %(at)s
        WHERE m.operation IN ('authorize', 'confirm')"""  # noqa: S608 - our own words.
    return [
        Reading(
            tells={
                f"paygate_success_ratio{named}": "Approved of those that were approved or declined.",
                f"paygate_success_decided{named}": "How many were approved or declined.",
            },
            asks=f"""SELECT psp, livemode, over, {_RATE}, {_DECIDED}
                     FROM ({charges}) c GROUP BY psp, livemode, over""",  # noqa: S608 - our own words.
            labels=("psp", "livemode", "over"),
            every=every,
        ),
        Reading(
            tells={
                f"paygate_charges_ended{named}": "What charges customers, by how it ended.",
                f"paygate_charges_ended{named}_minor": "How much that was, in minor units of the currency.",
            },
            asks=f"""SELECT psp, livemode, over, outcome, currency, sum(attempts), sum(amount)
                     FROM ({charges}) c GROUP BY psp, livemode, over, outcome, currency""",  # noqa: S608 - our own words.
            labels=("psp", "livemode", "over", "outcome", "currency"),
            every=every,
        ),
        Reading(
            tells={f"paygate_declines{named}": "Declines by our reason for them."},
            asks=f"""SELECT psp, livemode, over, decline_code, sum(attempts) FROM ({charges}) c
                     WHERE outcome = 'declined' GROUP BY psp, livemode, over, decline_code""",  # noqa: S608 - our own words.
            labels=("psp", "livemode", "over", "reason"),
            every=every,
        ),
    ]


READINGS = [
    *_over(_SHORT, "", every=15.0),
    *_over(_DAY, "_in_a_day", every=300.0),
    Reading(
        tells={
            "paygate_success_ratio_a_week_ago": "The success ratio of the same hour seven days ago.",
            "paygate_success_decided_a_week_ago": "Of how many it was.",
        },
        asks=f"""SELECT psp, livemode, {_RATE}, {_DECIDED}
                 FROM ({_THEN}) c GROUP BY psp, livemode""",  # noqa: S608 - our own words.
        labels=("psp", "livemode"),
        every=60.0,
    ),
]
