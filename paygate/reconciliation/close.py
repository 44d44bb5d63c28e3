"""A second person approves what would close a break: what we had not heard of is told to our rooms, and it is posted.

What is told is told first, and again does nothing. Killed between the two, approve again.
"""

from __future__ import annotations

from datetime import datetime

from kernel.db import atomic, outside_transaction
from ledger.post import Posted, post_many
from paygate.psp.events import NotYet, Quarantined
from paygate.reconciliation.breaks import (
    Changed,
    Refused,
    lock,
    must_be_open,
    must_be_proposed,
    must_be_seen,
    must_say_why,
    write_down,
    written,
)
from paygate.reconciliation.drafted import would_post
from paygate.reconciliation.heal import cover
from paygate.reconciliation.models import Break
from paygate.reconciliation.told_again import tell
from paygate.reconciliation.turn import take_turn


@outside_transaction
def approve(break_: Break, *, by: str, because: str, digest: str, at: datetime) -> Break:
    """Close it as it was proposed, and was seen (`digest`). The same person again changes nothing.

    Raises Refused: Changed, by whoever proposed it, closed, or where our rooms or the books do not take it.
    """
    must_say_why(because)
    with atomic():
        locked = lock(break_)
        if _is_approved(locked, by):
            return locked
        how = _may_be_approved(locked, by, digest)
    if how == Break.Proposal.DRAFT and locked.news is not None:
        _tell(locked, by=by, at=at)
    with atomic():
        take_turn(livemode=locked.livemode, shared=True)
        locked = lock(break_)
        if _is_approved(locked, by):
            return locked
        how = _may_be_approved(locked, by, digest)
        for result in post_many([(one, at) for one in would_post(locked, how)]):
            if not isinstance(result, Posted):
                raise Refused(f"The books do not take it: {result}") from result
        if how == Break.Proposal.DRAFT:
            cover(locked)
            locked.resolve()
        else:
            locked.write_off()
        locked.approved_by, locked.approved_because = by, because
        locked.closed_at, locked.closed_by = at, how
        return written(locked, "approved", by=by, because=because, at=at)


def _is_approved(locked: Break, by: str) -> bool:
    return locked.closed_at is not None and locked.approved_by == by


def _may_be_approved(locked: Break, by: str, digest: str) -> Break.Proposal:
    """How it is to be closed. Raises Refused."""
    must_be_open(locked)
    must_be_proposed(locked)
    if by == locked.proposed_by:
        raise Refused("Whoever proposed it does not approve it: ask another.")
    how = Break.Proposal(locked.proposed_as)
    must_be_seen(locked, how, digest)
    if locked.proposed_digest != digest:
        raise Changed(
            f"What would close it has changed since {locked.proposed_by} proposed it. Reject it."
        )
    return how


def _tell(break_: Break, *, by: str, at: datetime) -> None:
    """Our own rooms hear what they had not heard. Raises Refused."""
    try:
        tell(break_)
    except (Quarantined, NotYet) as refusal:
        raise Refused(f"Our books do not take the news: {refusal}") from refusal
    write_down(break_, "told our books of it", by=by, because="", at=at)
