"""What waits for a second person before money leaves, and what the bank said that fits nothing."""

from __future__ import annotations

from kernel.queues import Queue, upto_most
from payouts.models import Batch, Destination, ReportException

QUEUES = (
    Queue(
        title="Batches to approve",
        icon="inventory_2",
        permission="payouts.view_batch",
        page="admin:payouts_batch_changelist",
        query="state__exact=pending_approval",
        counts=lambda at: upto_most(Batch.objects.filter(state=Batch.State.PENDING_APPROVAL)),
    ),
    Queue(
        title="Destinations to approve",
        icon="account_balance",
        permission="payouts.view_destination",
        page="admin:payouts_destination_changelist",
        query="state__exact=proposed",
        counts=lambda at: upto_most(Destination.objects.filter(state=Destination.State.PROPOSED)),
    ),
    Queue(
        title="Bank exceptions",
        icon="warning",
        permission="payouts.view_reportexception",
        page="admin:payouts_reportexception_changelist",
        query="seen=no",
        counts=lambda at: upto_most(ReportException.objects.filter(settled_at=None)),
    ),
)
