"""What the proof found and nobody has put right: the runs that do not hold, since the last one that does."""

from __future__ import annotations

from django.db.models import QuerySet

from kernel.queues import MOST, Queue
from paygate.proof.models import Run


def failing() -> QuerySet[Run]:
    """The runs since the last one that holds: none where the newest holds."""
    held = Run.objects.filter(holds=True).order_by("-at").values_list("at", flat=True).first()
    found = Run.objects.filter(holds=False)
    return found if held is None else found.filter(at__gt=held)


def _count(at: object) -> int:
    return failing().order_by()[:MOST].count()


QUEUES = (
    Queue(
        title="Proof fails",
        icon="error",
        permission="proof.view_run",
        page="admin:proof_run_changelist",
        query="standing=failing",
        counts=_count,
        urgent=_count,
    ),
)
