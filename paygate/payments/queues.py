"""What waits for somebody: money of which nobody knows what became."""

from __future__ import annotations

from kernel.queues import Queue, upto_most
from paygate.payments.unresolved import URGENT, unresolved

QUEUES = (
    Queue(
        title="Unresolved money",
        icon="help_center",
        permission="payments.view_unresolved",
        page="admin:payments_unresolved_changelist",
        counts=lambda at: upto_most(unresolved(at)),
        urgent=lambda at: upto_most(unresolved(at).filter(started_at__lt=at - URGENT)),
    ),
)
