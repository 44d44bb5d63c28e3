"""What processes count of what they do, for Prometheus; what is true of the platform is in kernel.readings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from prometheus_client import Counter, Gauge, Histogram

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

PSP_CALLS = Histogram(
    "paygate_psp_call_seconds",
    "Time a PSP took to answer, or not to, by what it was asked for (look_up: what became of something).",
    ["psp", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30),
)

ATTEMPTS = Counter(
    "paygate_attempts",
    "Attempts at PSPs as they were settled; one that was unknown, or pending, is counted again at its end.",
    ["psp", "operation", "outcome"],
)

TASKS = Histogram(
    "paygate_task_seconds",
    "Time a task of Celery's took, by how it ended: done, failed.",
    ["task", "became"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
)

TASK_DONE_AT = Gauge(
    "paygate_task_done_at_seconds",
    "When a task was last done without failing, in seconds since 1970.",
    ["task"],
    multiprocess_mode="max",
)

DATABASE_POOL = Gauge(
    "paygate_database_pool",
    "Connections to PostgreSQL of the processes that live: open, idle, and threads that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)


@contextmanager
def timed(psp: str, operation: str) -> Iterator[None]:
    """Measure a call to a PSP, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        PSP_CALLS.labels(psp, operation).observe(time.perf_counter() - started)


OFTEN = 1.0  # Seconds between two looks at the pool, at the least.
_looked_at = float("-inf")


def look_at_the_pool() -> None:
    """How many connections this process has open, and how many threads wait for one; at most once a second."""
    global _looked_at
    if time.monotonic() - _looked_at < OFTEN:
        return
    _looked_at = time.monotonic()
    pool = getattr(connection, "pool", None)
    if pool is not None:
        stats = pool.get_stats()
        DATABASE_POOL.labels("open").set(stats.get("pool_size", 0))
        DATABASE_POOL.labels("idle").set(stats.get("pool_available", 0))
        DATABASE_POOL.labels("waiting").set(stats.get("requests_waiting", 0))
