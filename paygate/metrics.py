"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import Histogram

REQUESTS = Histogram(
    "paygate_request_seconds",
    "Time a request took, with its wait for a PSP.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
