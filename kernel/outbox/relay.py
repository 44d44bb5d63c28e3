"""Tell what the outbox holds: at least once, and each subject's events in order.

Guarantee: an event whose transaction committed is told to every hearer, and told again if this process
dies between telling and stamping it; so hearers are idempotent (by event id). Of one subject, event n+1
is told only after event n was, because one relay works at a time (an advisory lock that dies with its
connection) and takes events in the order of writing, which for one subject is the order of commit: its
row is locked by whoever changes it. An event that commits late is simply still untold, so nothing is
skipped, whatever its number.

A hearer that fails holds back only the events of that subject until the next round.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import connection

from kernel.clock import now
from kernel.outbox.models import OutboxEvent

log = logging.getLogger(__name__)

Hearer = Callable[[list[OutboxEvent]], Iterable[OutboxEvent]]
"""Takes events in order and returns those that it could not hear; they come again."""

LOCK = 0x70617967  # "payg": one relay at a time.
BATCH = 500


def take_the_floor() -> bool:
    """Become the relay that speaks, or find that another one does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (mine,) = cursor.fetchone()
    return bool(mine)


def tell(hearers: list[Hearer], *, at: datetime, most: int = BATCH) -> int:
    """Tell one batch of the untold; how many were told to all hearers."""
    events = list(
        OutboxEvent.objects.raw(
            "SELECT * FROM outbox_event WHERE told_at IS NULL ORDER BY position LIMIT %s", [most]
        )
    )
    told = events
    for hearer in hearers:
        unheard = {event.subject: event.sequence for event in reversed(list(hearer(told)))}
        told = [e for e in told if e.sequence < unheard.get(e.subject, e.sequence + 1)]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE outbox_event e SET told_at = %s"
                " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS t(merchant_id, id, created_at)"
                " WHERE e.merchant_id = t.merchant_id AND e.id = t.id AND e.created_at = t.created_at",
                [
                    at,
                    [e.merchant_id for e in told],
                    [e.id for e in told],
                    [e.created_at for e in told],
                ],
            )
    return len(told)


def run(hearers: list[Hearer], *, pause: float = 0.05, until: Callable[[], bool]) -> None:
    """Tell for as long as `until` is false; wait for the floor while another relay has it."""
    while not until():
        if not take_the_floor():
            time.sleep(1)
            continue
        log.info("relay.speaking")
        while not until():
            if tell(hearers, at=now()) < BATCH:
                time.sleep(pause)
