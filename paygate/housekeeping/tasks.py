"""Checkpoints, seals, partitions, old replies: set-based, and harmless when done twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from kernel.db import call
from kernel.idempotency.models import IdempotencyKey
from kernel.idempotency.replay import BODY_KEPT
from ledger.checkpoints import make_checkpoints
from ledger.partitions import ensure_partitions
from ledger.seals import seal as seal_days

MONTHS_AHEAD = 3


@shared_task(name="housekeeping.checkpoints")
def checkpoints(**_: Any) -> None:
    """Shorten the tails that balances are summed over."""
    make_checkpoints()


@shared_task(name="housekeeping.seal")
def seal(**_: Any) -> None:
    """Close the UTC days that are over, and seal each book's part of them."""
    seal_days()


@shared_task(name="housekeeping.partitions")
def partitions(**_: Any) -> None:
    """The coming months' partitions of the big leaves."""
    ensure_partitions(months=MONTHS_AHEAD)
    call("outbox_ensure_partitions", MONTHS_AHEAD)


@shared_task(name="housekeeping.forget_replies")
def forget_replies(**_: Any) -> None:
    """Stored replies are kept 30 days; the binding of the key stays."""
    IdempotencyKey.objects.filter(finished_at__lt=now() - BODY_KEPT, body__isnull=False).update(
        body=None
    )
