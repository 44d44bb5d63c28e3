"""What waits for a second person."""

from __future__ import annotations

from datetime import timedelta

from kernel.queues import Queue, upto_most
from paygate.approvals.models import Request, State

LONG = timedelta(hours=24)  # Whoever asked, and the customer behind it, has waited long enough.

_WAITING = Request.objects.filter(state=State.PENDING)

QUEUES = (
    Queue(
        title="Waiting for approval",
        icon="how_to_reg",
        permission="approvals.view_request",
        page="admin:approvals_request_changelist",
        query="state__exact=pending",
        counts=lambda at: upto_most(_WAITING.all()),
        urgent=lambda at: upto_most(_WAITING.filter(asked_at__lt=at - LONG)),
    ),
)
