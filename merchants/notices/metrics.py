"""What Prometheus reads of telling merchants."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from kernel.readings import Reading

ATTEMPTS = Counter(
    "paygate_notice_attempts", "Tries to tell a merchant's endpoint, by how they went.", ["outcome"]
)
SECONDS = Histogram(
    "paygate_notice_seconds",
    "Time a merchant's endpoint took to answer, or not to.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
LAG = Histogram(
    "paygate_notice_lag_seconds",
    "Time from an event to the first success of telling an endpoint.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86_400),
)
DISABLED = Counter(
    "paygate_endpoints_disabled", "Endpoints that were disabled, by why.", ["reason"]
)

READINGS = [
    Reading(
        tells={
            "paygate_notices_pending": "Objects of which an endpoint has not heard the next news.",
            "paygate_notices_late_seconds": "For how long the oldest news that nobody has taken has been due.",
        },
        asks="""SELECT count(*), greatest(0, extract(epoch FROM
                    %(at)s - min(next_try_at) FILTER (WHERE taken_by IS NULL AND next_try_at <= %(at)s)))
                FROM notice WHERE next_try_at IS NOT NULL""",
    ),
    Reading(
        tells={
            "paygate_endpoints_failing": "Merchants' endpoints that are enabled and have not answered well since.",
            "paygate_endpoints_failing_seconds": "Since when the one that fails longest has failed.",
        },
        asks="""SELECT livemode, count(*), extract(epoch FROM %(at)s - min(failing_since)) FROM webhook_endpoint
                WHERE failing_since IS NOT NULL AND status = 'enabled' GROUP BY livemode""",
        labels=("livemode",),
        every=60.0,
    ),
    Reading(
        tells={
            "paygate_notices_given_up_recently": "News of the last four days that were given up."
        },
        # Ids are in the order of time: those of the last days are the end of the index of what was given up.
        asks="""SELECT count(*) FROM notice WHERE status = 'failed'
                AND id >= (lpad(to_hex((extract(epoch FROM %(at)s - interval '4 days') * 1000)::bigint), 12, '0')
                    || repeat('0', 20))::uuid""",
        every=60.0,
    ),
]
