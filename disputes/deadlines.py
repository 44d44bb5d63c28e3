"""Evidence falls due: the merchant is reminded 7 days, 3 days and 1 day before, each once, and told when it is late.

How many reminders were told is on the dispute. One that is heard of late is not reminded of what has passed:
with two days left there is one reminder at once, and the next a day later.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from disputes.change import Change, lock, until_written
from disputes.models import Dispute, Status
from kernel.ids import encode

log = logging.getLogger(__name__)

#: How long before its time; at the last the time is over.
REMINDERS = (timedelta(days=7), timedelta(days=3), timedelta(days=1), timedelta(0))


def remind(*, at: datetime, most: int = 500) -> int:
    """Tell of evidence that has come nearer to its time; how many disputes were told of.

    One that fails is logged and left to the next round: it never keeps the others from being told.
    """
    nearer = Q()
    for number, before in enumerate(REMINDERS):
        nearer |= Q(evidence_due_by__lte=at + before, reminders__lte=number)
    due = Dispute.objects.filter(nearer, status=Status.NEEDS_RESPONSE).order_by("evidence_due_by")
    told = 0
    for merchant_id, dispute_id in list(due.values_list("merchant_id", "id")[:most]):
        try:
            told += _tell(merchant_id, dispute_id, at)
        except Exception:
            log.exception("reminder.failed", extra={"dispute": encode("dp", dispute_id)})
    return told


def _passed(dispute: Dispute, at: datetime) -> int:
    """How many of the moments of reminding have passed."""
    if dispute.evidence_due_by is None:
        return 0
    left = dispute.evidence_due_by - at
    return sum(left <= before for before in REMINDERS)


def _tell(merchant_id: UUID, dispute_id: UUID, at: datetime) -> bool:
    def write() -> bool:
        dispute = lock(merchant_id, dispute_id)
        passed = _passed(dispute, at)
        if dispute.status != Status.NEEDS_RESPONSE or passed <= dispute.reminders:
            return False  # Answered in this very moment, or told by another.
        dispute.reminders = passed
        late = passed == len(REMINDERS)
        Change.of(dispute, at=at).tell("dispute.updated" if late else "dispute.evidence_due")
        about = {"dispute": dispute.public_id, "due_by": str(dispute.evidence_due_by)}
        if late:
            log.error("dispute.past_due", extra=about)
        else:
            log.warning("dispute.evidence_due", extra=about)
        return True

    return until_written(write)
