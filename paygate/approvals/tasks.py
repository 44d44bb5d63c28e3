"""What beat asks for: that what was approved gets its end."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.approvals.carry_out import resume


@shared_task(name="approvals.resume")
def resume_approved(**_: Any) -> None:
    """Carry out what was approved and is not carried out yet. Queue: default."""
    resume(at=now())
