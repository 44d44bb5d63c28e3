"""Let go of old minutes, and of the memory of what was counted once it cannot be told again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from paygate.monitoring.hear import NEWLY
from paygate.monitoring.models import SuccessMinute

RETOLD = timedelta(days=2)  # For as long as what was counted is remembered, at the least.


def forget(*, at: datetime) -> int:
    """How many rows are gone. While the relay lags behind that, nothing of what was counted is forgotten."""
    kept = timedelta(days=settings.SUCCESS_KEPT_DAYS)
    minutes, _ = SuccessMinute.objects.filter(minute__lt=at - kept).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM success_counted WHERE at < %(before)s AND NOT EXISTS (
                   SELECT FROM outbox_event WHERE told_at IS NULL AND created_at < %(before)s)""",
            {"before": at - RETOLD - NEWLY},
        )
        return minutes + int(cursor.rowcount)
