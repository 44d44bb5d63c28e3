"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REQUESTS = Histogram(
    "paygate_request_seconds",
    "Time a request took, with its wait for a PSP.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

DELIVERIES = Counter(
    "paygate_psp_deliveries",
    "Webhooks as they came: accepted, not_genuine, unreadable, too_large, not_stored.",
    ["psp", "became"],
)

PSP_EVENTS = Counter(
    "paygate_psp_events",
    "What PSPs told: stored, told_again; then applied, irrelevant, put_off, quarantined (somebody must look).",
    ["psp", "became"],
)
