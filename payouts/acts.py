"""What people did to a batch: who, why, when, and to which payouts. Written once, in the commit of the deed itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

from kernel.ids import uuid7

if TYPE_CHECKING:
    from payouts.models import Batch


class Act(models.Model):
    """One deed of one person."""

    class What(models.TextChoices):
        BUILT = "built"
        FILLED = "filled"  # More payouts were taken into it.
        DATED = "dated"  # It got another value date.
        REMOVED = "removed"  # Payouts were taken out of it: `details["removed"]`.
        SUBMITTED = "submitted"  # `details["findings"]` is what was to be seen then.
        TAKEN_BACK = "taken_back"
        APPROVED = "approved"
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(
        "payouts.Batch", models.DO_NOTHING, related_name="acts", db_constraint=False
    )
    what = models.TextField(choices=What.choices)
    by = models.TextField()
    because = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    payouts = models.IntegerField(default=0)  # How many it was about.
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "payout_batch_act"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.what} by {self.by}"


#: Whoever did one of these had a say in what the batch pays: another must approve it.
HAD_A_SAY = frozenset({Act.What.BUILT, Act.What.FILLED, Act.What.DATED, Act.What.SUBMITTED})


def write_down(
    batch: Batch,
    what: Act.What,
    *,
    by: str,
    because: str = "",
    at: datetime,
    payouts: int = 0,
    **details: Any,
) -> None:
    """Write down a deed, in the transaction of the caller."""
    Act.objects.create(
        batch=batch,
        what=what,
        by=by,
        because=because,
        at=at,
        payouts=payouts,
        details=details,
    )


def who_had_a_say(batch: Batch) -> set[str]:
    """The names of those who do not approve it."""
    deeds = Act.objects.filter(batch=batch, what__in=HAD_A_SAY)
    return {*deeds.values_list("by", flat=True), batch.created_by, batch.submitted_by}
