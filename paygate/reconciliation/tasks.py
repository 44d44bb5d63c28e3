"""What Celery carries for reconciliation. Messages may be lost: what is to be done is read from the database."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.reconciliation.alerts import measure
from paygate.reconciliation.apply import apply_waiting
from paygate.reconciliation.due import find_overdue
from paygate.reconciliation.fetch import fetch_due, order_all
from paygate.reconciliation.folder import pick_up


@shared_task(name="reconciliation.order")
def order(**_: Any) -> None:
    """Ask the PSPs for their files of the days that are over. Queue: reconciliation."""
    order_all(at=now())


@shared_task(name="reconciliation.fetch")
def fetch(**_: Any) -> None:
    """Fetch what is ready. Queue: reconciliation."""
    fetch_due(at=now())


@shared_task(name="reconciliation.folder")
def folder(**_: Any) -> None:
    """Take what others dropped. Queue: reconciliation."""
    pick_up(at=now())


@shared_task(name="reconciliation.apply")
def apply(**_: Any) -> None:
    """Take what was received into the books. Queue: reconciliation, so that one at a time is applied."""
    apply_waiting(at=now())


@shared_task(name="reconciliation.due")
def due(**_: Any) -> None:
    """Find what no statement told of in time. Queue: reconciliation."""
    find_overdue(at=now())


@shared_task(name="reconciliation.alert")
def alert(**_: Any) -> None:
    """Write down, once a day, what somebody has to know of. Queue: reconciliation."""
    measure(at=now())
