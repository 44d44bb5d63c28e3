"""What PSPs told and nobody could apply."""

from __future__ import annotations

from kernel.queues import Queue, upto_most
from paygate.webhooks.models import PspEvent, State

QUEUES = (
    Queue(
        title="Quarantined webhooks",
        icon="report",
        permission="webhooks.view_pspevent",
        page="admin:webhooks_pspevent_changelist",
        query="state__exact=quarantined",
        counts=lambda at: upto_most(PspEvent.objects.filter(state=State.QUARANTINED)),
    ),
)
