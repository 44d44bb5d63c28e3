"""What Celery carries for logins: nothing but the clearing away of what is over."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import wall
from paygate.staff import guessing
from paygate.staff.models import Session


@shared_task(name="staff.forget")
def forget(**_: Any) -> None:
    """Sessions that ended, and wrong guesses of long ago."""
    Session.objects.filter(expire_date__lt=wall()).delete()
    guessing.forget(at=wall())
