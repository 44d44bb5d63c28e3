"""Bring the payouts of a batch where the batch stands, chunk by chunk.

What people decide is one row; what it means is as many as the batch has. The row comes first, except where it would let
money leave: a batch is approved once the last of its payouts is. So whatever is killed in the middle is never sent
in part, and goes on when it is called again or by the clock.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.db import atomic
from payouts.models import Batch, Payout, State
from payouts.move import CHUNK, Move, move

log = logging.getLogger(__name__)

LATELY = timedelta(days=7)  # For which calling off a batch is looked after.


def settle(batch: Batch, *, at: datetime) -> Batch:
    """Finish what was decided of one batch; the batch as it then is."""
    while True:
        with atomic():
            locked = lock(batch)
            if not _step(locked, at):
                return locked


def settle_all(*, at: datetime) -> int:
    """Finish what was decided of any batch and not finished; of how many."""
    unfinished = Batch.objects.filter(
        Q(state=Batch.State.DRAFT)
        | Q(state=Batch.State.PENDING_APPROVAL)
        | Q(state=Batch.State.CANCELED, updated_at__gte=at - LATELY)
    )
    count = 0
    for batch in unfinished.order_by("id"):
        if _left(batch).exists() or _is_being_approved(batch):
            log.warning("payout_batch.unfinished", extra={"batch": batch.public_id})
            settle(batch, at=at)
            count += 1
    return count


def lock(batch: Batch) -> Batch:
    """The batch as it is, and nobody else's until the transaction ends."""
    locked: Batch = Batch.objects.select_for_update().get(id=batch.id)
    return locked


def loosen(moves: list[Move], batch: Batch, *, at: datetime) -> set[UUID]:
    """Let those of a batch that nobody approved yet be loose drafts; which."""
    merchants, ids = [one.merchant_id for one in moves], [one.id for one in moves]
    loose = {one.id for one in move(State.DRAFT, moves, at=at)}
    drafts = Payout.objects.filter(
        merchant_id__in=merchants, id__in=ids, batch_id=batch.id, state=State.DRAFT
    )
    loose |= {one.id for one in drafts.order_by("merchant_id", "id").select_for_update()}
    drafts.update(batch_id=None)
    return loose


def _is_being_approved(batch: Batch) -> bool:
    return batch.state == Batch.State.PENDING_APPROVAL and batch.approved_by != ""


def _left(batch: Batch) -> QuerySet[Payout]:
    """The payouts that are not where the batch stands."""
    match batch.state:
        case Batch.State.DRAFT:
            astray = [State.PENDING_APPROVAL]
        case Batch.State.PENDING_APPROVAL:
            astray = [State.PENDING_APPROVAL] if batch.approved_by else [State.DRAFT]
        case Batch.State.CANCELED:
            astray = [State.DRAFT, State.PENDING_APPROVAL, State.APPROVED]
        case _:
            astray = []
    return Payout.objects.filter(batch_id=batch.id, state__in=astray)


def _step(batch: Batch, at: datetime) -> bool:
    """One chunk, under the batch's lock; whether there was anything to do."""
    rows = list(
        _left(batch).order_by("merchant_id", "id").values_list("merchant_id", "id", "state")[:CHUNK]
    )
    if not rows:
        if not _is_being_approved(batch):
            return False
        batch.approve()
        batch.updated_at = at
        batch.save()
        log.info("payout_batch.approved", extra={"batch": batch.public_id, "by": batch.approved_by})
        return False
    moves = [Move(merchant_id, id_) for merchant_id, id_, _ in rows]
    match batch.state:
        case Batch.State.DRAFT:
            _stay(batch, moves, at)
        case Batch.State.PENDING_APPROVAL if batch.approved_by:
            move(State.APPROVED, moves, at=at)
        case Batch.State.PENDING_APPROVAL:
            move(State.PENDING_APPROVAL, moves, at=at)
        case Batch.State.CANCELED:
            approved = [
                Move(merchant_id, id_)
                for merchant_id, id_, state in rows
                if state == State.APPROVED
            ]
            move(State.CANCELED, approved, at=at, sources=[State.APPROVED])
            loosen(moves, batch, at=at)
    return True


def _stay(batch: Batch, moves: list[Move], at: datetime) -> None:
    """Drafts again, but not loose ones."""
    moved = move(State.DRAFT, moves, at=at)
    Payout.objects.filter(
        merchant_id__in=[one.merchant_id for one in moved], id__in=[one.id for one in moved]
    ).update(batch_id=batch.id)
