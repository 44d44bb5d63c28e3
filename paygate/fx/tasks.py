"""What is done about currencies by the clock."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.fx import fetch as feed
from paygate.fx.revalue import revalue_daily


@shared_task(name="fx.fetch")
def fetch(**_: Any) -> None:
    """The provider's newest rates, when it is time to ask for them."""
    feed.fetch(now=now())


@shared_task(name="fx.revalue")
def revalue(**_: Any) -> None:
    """Every book's positions by the last rates, once a day."""
    revalue_daily(now=now())
