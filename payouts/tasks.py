"""What Celery carries for payouts. Messages may be lost: what is to be done is read from the database."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from payouts.collect import collect_due
from payouts.pay import pay_due
from payouts.reports import hear_the_bank
from payouts.send import send_approved
from payouts.settle import settle_all
from payouts.transmit import transmit_due


@shared_task(name="payouts.collect")
def collect(**_: Any) -> None:
    """Pay by schedule what is available, in both modes. Queue: payouts."""
    collect_due(at=now())


@shared_task(name="payouts.settle")
def settle(**_: Any) -> None:
    """Finish what was decided of batches and not finished: somebody was killed. Queue: payouts."""
    settle_all(at=now())


@shared_task(name="payouts.send")
def send(**_: Any) -> None:
    """Let approved batches leave, and their files go to the bank."""
    send_approved(at=now())
    transmit_due(at=now())


@shared_task(name="payouts.pay")
def pay(*, psp: str, **_: Any) -> None:
    """Ask one PSP for what is due there. Queue: that PSP's."""
    pay_due(psp, at=now())


@shared_task(name="payouts.hear_the_bank")
def hear(**_: Any) -> None:
    """Fetch and apply the bank's reports, in both modes."""
    for livemode in (False, True):
        hear_the_bank(livemode=livemode, at=now())
