"""A payout's way to the bank in one go, for tests of what comes after."""

from __future__ import annotations

from datetime import date

from kernel.clock import now
from kernel.ids import decode
from payouts.models import Batch, Payout, State
from payouts.move import move_one


def in_transit(public_id: str) -> Payout:
    """The payout as if its batch had just left."""
    payout: Payout = Payout.objects.get(id=decode("po", public_id))
    batch = Batch.objects.create(
        livemode=payout.livemode,
        rail=payout.rail,
        value_date=date(2026, 12, 1),
        created_by="ada",
        created_at=now(),
        updated_at=now(),
    )
    Payout.objects.filter(merchant_id=payout.merchant_id, id=payout.id).update(batch_id=batch.id)
    for state in (State.PENDING_APPROVAL, State.APPROVED, State.IN_TRANSIT):
        moved = move_one(payout, state, at=now())
        assert moved is not None
        payout = moved
    return payout
