"""Let go of old hours, and of the memory of what was counted once it cannot be told again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from paygate.console.figures.rebuild import hours_kept_since

RETOLD = timedelta(days=2)  # For as long as what was counted is remembered, at the least.


def forget(*, at: datetime) -> int:
    """How many rows are gone. While the relay lags behind that, nothing of what was counted is forgotten.

    What is not remembered is not counted when it is told again: figure_since says from when on it is.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM figure WHERE span = 'hour' AND starts < %s", [hours_kept_since(at)]
        )
        gone = int(cursor.rowcount)
        cursor.execute(
            """UPDATE figure_since SET at = %(before)s WHERE at < %(before)s AND NOT EXISTS (
                   SELECT FROM outbox_event WHERE told_at IS NULL AND created_at < %(before)s)""",
            {"before": at - RETOLD},
        )
        cursor.execute(
            "DELETE FROM figure_counted WHERE sequence = 0 AND at < (SELECT s.at FROM figure_since s)"
        )
        return gone + int(cursor.rowcount)
