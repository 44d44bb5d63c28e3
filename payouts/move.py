"""Move payouts from state to state: each with its lines in the books and its event, one or a hundred thousand.

The work is the database's (payout_move); it locks in one order, passes over what somebody else moved, and posts
through the books' own guards. The arrows are the model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.db import atomic, call
from payouts.models import Payout, State, arrows

CHUNK = 5_000  # Payouts in one commit.


@dataclass(frozen=True, slots=True)
class Move:
    """One payout to be moved; where there is a reason, the bank's code for it and words."""

    merchant_id: UUID
    id: UUID
    code: str | None = None
    message: str | None = None


def move(
    target: State, moves: Sequence[Move], *, at: datetime, sources: Sequence[State] | None = None
) -> list[Move]:
    """Move payouts to `target` from wherever an arrow leads there (or from `sources` of these alone).

    Those that are in another state are passed over; what was moved is returned. In the caller's transaction, or
    CHUNK by CHUNK in transactions of its own: a call that was killed is made again, and goes on.
    """
    allowed = {source for source, to in arrows() if to == target}
    from_ = sorted(allowed if sources is None else allowed & {str(source) for source in sources})
    moved: list[Move] = []
    for start in range(0, len(moves), CHUNK):
        part = moves[start : start + CHUNK]
        with atomic():
            rows = call(
                "payout_move",
                str(target),
                from_,
                [one.merchant_id for one in part],
                [one.id for one in part],
                at,
                [one.code for one in part],
                [one.message and one.message.replace("\0", "")[:500] for one in part],
            )
        moved += [Move(*pair) for pair in rows]
    return moved


def move_one(
    payout: Payout, target: State, *, at: datetime, code: str = "", message: str = ""
) -> Payout | None:
    """The same for one: the payout as it then is; None when it was in no state from which an arrow leads there."""
    one = Move(payout.merchant_id, payout.id, code or None, message or None)
    if not move(target, [one], at=at):
        return None
    return again(payout)


def again(payout: Payout) -> Payout:
    """The payout as it is now."""
    found: Payout = Payout.objects.get(merchant_id=payout.merchant_id, id=payout.id)
    return found
