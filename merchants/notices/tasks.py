"""What beat sets going. Two at once are harmless: each notice has one taker."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from merchants.notices.deliver import deliver_due
from merchants.notices.disable import give_up_the_rest
from merchants.notices.forget import forget as forget_old
from merchants.notices.forget import forget_old_secrets, seal_anew

TURN = 10.0  # Seconds after which a task ends although there is more; the next one goes on.


@shared_task(name="notices.deliver")
def deliver(**_: Any) -> None:
    """Send what is due. Queue: notices."""
    give_up_the_rest(at=now())
    deliver_due(seconds=TURN)


@shared_task(name="notices.forget")
def forget(**_: Any) -> None:
    """Let go of what is too old to be kept. Queue: default."""
    at = now()
    forget_old(at=at)
    forget_old_secrets(at=at)
    seal_anew()
