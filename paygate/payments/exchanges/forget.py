"""What was said to PSPs is forgotten after some weeks: whoever asks what became of a payment asks sooner."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

BATCH = 5_000


def forget(*, now: datetime) -> int:
    """Delete what is older than settings.PSP_EXCHANGES_KEPT_DAYS, in short commits; how much."""
    before = now - timedelta(days=settings.PSP_EXCHANGES_KEPT_DAYS)
    forgotten = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                DELETE FROM psp_exchange e
                USING (SELECT merchant_id, id FROM psp_exchange WHERE at < %s LIMIT %s) old
                WHERE e.merchant_id = old.merchant_id AND e.id = old.id
                """,
                [before, BATCH],
            )
            batch: int = cursor.rowcount
        forgotten += batch
        if batch < BATCH:
            return forgotten
