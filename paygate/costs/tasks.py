"""What is asked about costs by the clock."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.costs import poll as asking


@shared_task(name="costs.poll")
def poll(*, psp: str, **_: Any) -> None:
    """Learn what one PSP charged lately. Queue: that PSP's."""
    asking.poll(psp, at=now())
