"""What is read of payments in flight, of what waits in queues and inboxes, and of how PSPs are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import redis
from django.conf import settings

from kernel.currencies import EXPONENTS
from kernel.readings import Reading, Rows
from kernel.shortcuts import client
from paygate.psp.registry import PSPS
from paygate.routing.health import health


def queues() -> set[str]:
    """The queues that beat and our dispatchers send to."""
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    named = {entry["options"]["queue"] for entry in schedule.values()}
    return {*named, *(f"psp.{psp}" for psp in PSPS), settings.CELERY_TASK_DEFAULT_QUEUE}


def _waiting(_: datetime) -> Rows:
    """How many messages lie in each of Celery's queues; Redis raises, and the last answer grows old."""
    asked: redis.Redis = client()
    return [(queue, asked.llen(queue)) for queue in sorted(queues())]


def _breakers(_: datetime) -> Rows:
    for psp in PSPS:
        found = health(psp)
        ended = found.well + found.ill
        yield psp, found.open, found.ill / ended if ended else None


def _minor_units(_: datetime) -> Rows:
    return [(currency, 10**decimals) for currency, decimals in EXPONENTS.items()]


READINGS = [
    Reading(
        tells={
            "paygate_unresolved_attempts": "Attempts at PSPs without an end: in_flight, unknown, pending.",
            "paygate_unresolved_minor": "How much they are about, in minor units of the currency.",
            "paygate_unresolved_seconds": "How old the oldest of them is.",
        },
        # By the partial index of what is open: as many rows as are in flight.
        asks="""SELECT a.psp, p.livemode, a.operation, p.currency,
                    coalesce(nullif(a.outcome, ''), 'in_flight') AS outcome,
                    count(*), sum(a.amount), extract(epoch FROM %(at)s - min(a.started_at))
                FROM payment_attempt a
                JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
                WHERE a.finished_at IS NULL GROUP BY 1, 2, 3, 4, 5""",
        labels=("psp", "livemode", "operation", "currency", "outcome"),
    ),
    Reading(
        tells={
            "paygate_outbox_untold": "Events that the relay has not told yet, counted up to 10,000.",
            "paygate_outbox_lag_seconds": "How old the oldest of them is.",
        },
        asks="""SELECT count(*), coalesce(extract(epoch FROM %(at)s - min(created_at)), 0) FROM (
                    SELECT created_at FROM outbox_event WHERE told_at IS NULL ORDER BY position LIMIT 10000) untold""",
    ),
    Reading(
        tells={
            "paygate_inbox_waiting": "What PSPs told and was not applied yet.",
            "paygate_inbox_lag_seconds": "For how long the longest of it has been due.",
        },
        asks="""SELECT psp, count(*), greatest(0, extract(epoch FROM %(at)s - min(next_try_at)))
                FROM psp_event WHERE state = 'received' GROUP BY psp""",
        labels=("psp",),
    ),
    Reading(
        tells={
            "paygate_inbox_quarantined": "What PSPs told and a person must look at.",
            "paygate_inbox_quarantined_seconds": "For how long the oldest of it has waited.",
        },
        asks="""SELECT psp, livemode, count(*), extract(epoch FROM %(at)s - min(received_at))
                FROM psp_event WHERE state = 'quarantined' GROUP BY psp, livemode""",
        labels=("psp", "livemode"),
    ),
    Reading(
        tells={"paygate_queue_messages": "Messages that lie in a queue of Celery's."},
        asks=_waiting,
        labels=("queue",),
    ),
    Reading(
        tells={
            "paygate_psp_breaker_open": "Is a PSP left out of routing, half of its last calls unanswered: 1 or 0.",
            "paygate_psp_unanswered_ratio": "How many of the calls of the last 30 seconds had no answer.",
        },
        asks=_breakers,
        labels=("psp",),
    ),
    Reading(
        tells={
            "paygate_minor_units": "How many minor units one of the currency has: to divide by."
        },
        asks=_minor_units,
        labels=("currency",),
        every=3600.0,
    ),
]
