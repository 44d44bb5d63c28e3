"""Payloads are emptied some time after they had their effect: they may name people. The keys are kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

PAYLOAD_KEPT = timedelta(days=90)
BATCH = 5_000


def forget_payloads(*, now: datetime) -> int:
    """Empty the payloads of what was settled 90 days ago and more, in short commits; how many."""
    emptied = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH old AS MATERIALIZED (
                    SELECT psp, livemode, key FROM psp_event
                    WHERE payload IS NOT NULL AND received_at < %(before)s AND settled_at < %(before)s
                    ORDER BY received_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
                )
                UPDATE psp_event e SET payload = NULL
                FROM old
                WHERE e.psp = old.psp AND e.livemode = old.livemode AND e.key = old.key
                """,
                {"before": now - PAYLOAD_KEPT, "most": BATCH},
            )
            batch: int = cursor.rowcount
        emptied += batch
        if batch < BATCH:
            return emptied
