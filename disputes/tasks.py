"""What Celery carries: ids, to the queue of the PSP. The messages may be lost; the acts are not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from disputes import carry_out as carrying
from disputes import deadlines, polling
from disputes.resolve import resolve
from kernel.clock import now


@shared_task(name="disputes.carry_out")
def carry_out(*, pairs: list[list[str]], channel: str, **_: Any) -> None:
    """Carry out acts at one PSP: [[merchant, act], …]. Queue: that PSP's."""
    carrying.carry_out([(UUID(m), UUID(a)) for m, a in pairs], channel=channel)


@shared_task(name="disputes.resolve")
def resolve_due(*, psp: str, **_: Any) -> None:
    """Look after the acts that are due at one PSP. Queue: that PSP's."""
    resolve(psp, at=now())


@shared_task(name="disputes.poll")
def poll(*, psp: str, **_: Any) -> None:
    """Ask one PSP for the cases whose webhooks may have been lost. Queue: that PSP's."""
    polling.poll(psp, at=now())


@shared_task(name="disputes.read_quiet")
def read_quiet(*, psp: str, **_: Any) -> None:
    """Read one PSP's open cases of which nothing was heard for hours. Queue: that PSP's."""
    polling.read_quiet(psp, at=now())


@shared_task(name="disputes.remind")
def remind(**_: Any) -> None:
    """Remind merchants of evidence that falls due."""
    deadlines.remind(at=now())
