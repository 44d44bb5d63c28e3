"""What Prometheus reads of telling merchants."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

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
