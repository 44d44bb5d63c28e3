"""What Celery carries: ids, to the queue of the PSP. The messages may be lost; the attempts are not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from kernel.clock import now
from paygate.payments import carry_out as carrying
from paygate.payments.budgets import give_budgets_back
from paygate.payments.exchanges.forget import forget
from paygate.payments.expire import expire_due
from paygate.payments.resolve import resolve


@shared_task(name="payments.carry_out")
def carry_out(*, pairs: list[list[str]], channel: str, **_: Any) -> None:
    """Carry out attempts of one PSP: [[merchant, attempt], …]. Queue: that PSP's."""
    carrying.carry_out([(UUID(m), UUID(a)) for m, a in pairs], channel=channel)


@shared_task(name="payments.resolve")
def resolve_due(*, psp: str, **_: Any) -> None:
    """Look after what is due at one PSP. Queue: that PSP's."""
    resolve(psp, at=now())


@shared_task(name="payments.expire")
def expire(**_: Any) -> None:
    """Let lapse what is past its time."""
    for claimed in expire_due(now=now()):
        attempt = claimed.attempt
        carry_out.apply_async(
            kwargs={"pairs": [[str(attempt.merchant_id), str(attempt.id)]], "channel": ""},
            queue=f"psp.{attempt.psp}",  # A PSP that hangs keeps its own workers busy, not housekeeping's.
        )


@shared_task(name="payments.budgets")
def budgets(**_: Any) -> None:
    """Give people their budgets back for which nothing was given back. Queue: default."""
    give_budgets_back(at=now())


@shared_task(name="payments.forget_exchanges")
def forget_exchanges(**_: Any) -> None:
    """Forget what was said to PSPs long ago. Queue: default."""
    forget(now=now())
