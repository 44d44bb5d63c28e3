"""A line of the bank's that fits no payout was seen to: by whom, and how."""

from __future__ import annotations

from datetime import datetime

from kernel.db import atomic
from payouts.models import ReportException


class SeenToAlready(Exception):
    """Somebody was quicker."""


def see_to(exception: ReportException, *, by: str, because: str, at: datetime) -> ReportException:
    """Write down how it was seen to. It moves no money: what has to be moved is moved by its own verb.

    Raises SeenToAlready.
    """
    with atomic():
        locked: ReportException = ReportException.objects.select_for_update().get(id=exception.id)
        if locked.settled_at is not None:
            raise SeenToAlready(f"{locked.settled_by} has seen to it.")
        locked.settled_by, locked.settled_because, locked.settled_at = by, because, at
        locked.save(update_fields=["settled_by", "settled_because", "settled_at"])
    return locked
