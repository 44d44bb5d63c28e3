"""What beat sets going to watch the platform. Queue: default."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.monitoring import forget, read


@shared_task(name="monitoring.read")
def read_what_is_due(**_: Any) -> None:
    """Ask what is due of all readings."""
    read.read(at=now())


@shared_task(name="monitoring.forget")
def forget_old(**_: Any) -> None:
    """Let go of the minutes nobody looks at any more, and of what cannot be told again."""
    forget.forget(at=now())
