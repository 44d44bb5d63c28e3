"""What waits for somebody who reconciles: breaks, and what others would close them by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from kernel.queues import Queue, upto_most
from paygate.reconciliation.models import Break, BreakState


def _open() -> QuerySet[Any]:
    return Break.objects.filter(closed_at=None)


def _old(at: datetime) -> int:
    """Those for which the alert has gone off."""
    return upto_most(
        _open().filter(opened_at__lt=at - timedelta(days=settings.RECONCILIATION_BREAK_DAYS))
    )


QUEUES = (
    Queue(
        title="Open breaks",
        icon="difference",
        permission="reconciliation.view_break",
        page="admin:reconciliation_break_changelist",
        counts=lambda at: upto_most(_open()),
        urgent=_old,
    ),
    Queue(
        title="Breaks to approve",
        icon="rule",
        permission="reconciliation.approve",
        page="admin:reconciliation_break_changelist",
        query="state__exact=proposed",
        counts=lambda at: upto_most(
            Break.objects.filter(closed_at=None, state=BreakState.PROPOSED)
        ),
    ),
)
