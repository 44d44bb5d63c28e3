"""What waits for somebody at the dispute desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from disputes.models import Dispute, Status
from kernel.queues import Queue, upto_most

SOON = timedelta(hours=24)


def _to_answer() -> QuerySet[Any]:
    return Dispute.objects.filter(status=Status.NEEDS_RESPONSE)


QUEUES = (
    Queue(
        title="Disputes to answer",
        icon="gavel",
        permission="disputes.view_dispute",
        page="admin:disputes_dispute_changelist",
        query="status__exact=needs_response",
        counts=lambda at: upto_most(_to_answer()),
        urgent=lambda at: _due_by(at + SOON),
    ),
)


def _due_by(at: datetime) -> int:
    """Those whose deadline is that near, or over: what is not answered is lost."""
    return upto_most(_to_answer().filter(evidence_due_by__lte=at))
