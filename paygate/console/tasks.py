"""What beat sets going for the dashboard. Queue: default."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.console.figures.forget import forget
from paygate.console.figures.rebuild import differing, rebuild

log = logging.getLogger(__name__)


@shared_task(name="console.forget")
def forget_old(**_: Any) -> None:
    """Let go of hours nobody looks at any more, and of what cannot be told again."""
    forget(at=now())


@shared_task(name="console.check")
def check_yesterday(**_: Any) -> None:
    """Hold yesterday's figures against the tables of money, and make them anew where they differ."""
    at = now()
    yesterday = at.date() - timedelta(days=1)
    if wrong := differing(yesterday, at=at):
        log.error("figures.differ", extra={"day": str(yesterday), "figures": wrong})
        rebuild(yesterday, at=at)
