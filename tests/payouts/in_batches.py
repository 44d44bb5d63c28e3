"""A payout's way to the bank in one go, for tests of what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kernel.clock import now
from kernel.ids import decode
from payouts.models import Batch, Payout, State
from payouts.move import Move, move


def batch_of(payouts: Sequence[Payout]) -> Batch:
    """The payouts in a batch that two people stand for."""
    batch: Batch = Batch.objects.create(
        livemode=payouts[0].livemode,
        rail=payouts[0].rail,
        value_date=date(2026, 11, 30),
        created_by="ada",
        created_at=now(),
        updated_at=now(),
    )
    moves = [Move(payout.merchant_id, payout.id) for payout in payouts]
    for payout in payouts:
        Payout.objects.filter(merchant_id=payout.merchant_id, id=payout.id).update(
            batch_id=batch.id
        )
    batch.submit()
    batch.submitted_by, batch.submitted_at = "ada", now()
    batch.save()
    assert len(move(State.PENDING_APPROVAL, moves, at=now())) == len(moves)
    assert len(move(State.APPROVED, moves, at=now())) == len(moves)
    batch.approve()
    batch.approved_by, batch.approved_at = "grace", now()
    batch.save()
    return batch


def in_transit(public_id: str) -> Payout:
    """The payout as if its batch had just left."""
    payout: Payout = Payout.objects.get(id=decode("po", public_id))
    batch_of([payout])
    [moved] = move(State.IN_TRANSIT, [Move(payout.merchant_id, payout.id)], at=now())
    found: Payout = Payout.objects.get(merchant_id=moved.merchant_id, id=moved.id)
    return found
