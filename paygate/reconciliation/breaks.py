"""People look into a break, and propose how it is closed; a second person agrees (close), or does not.

Each deed locks the break, so that they come one after the other, and is written down with a name and a reason. What
matches statements may close a break at any time, too: then a deed is refused.
"""

from __future__ import annotations

from datetime import datetime

from kernel.db import atomic
from ledger.transaction import Unbalanced
from paygate.reconciliation.drafted import digest as digest_of
from paygate.reconciliation.drafted import would_post
from paygate.reconciliation.models import Break, BreakState, Note


class Refused(Exception):
    """Not as the break stands, or not by this person: the message says why."""


class Changed(Refused):
    """What would close it is not what was seen."""

    def __init__(
        self, words: str = "What would close it is not what you saw any more. Look at it again."
    ) -> None:
        super().__init__(words)


def take(break_: Break, *, by: str, because: str = "", at: datetime) -> Break:
    """It is theirs now: they look into it. Raises Refused for a closed one."""
    with atomic():
        locked = lock(break_)
        must_be_open(locked)
        if locked.owner == by and locked.state != BreakState.OPEN:
            return locked
        if locked.state == BreakState.OPEN:
            locked.investigate()
        locked.owner = by
        return written(locked, "taken", by=by, because=because, at=at)


def propose(
    break_: Break, how: Break.Proposal, *, by: str, because: str, digest: str, at: datetime
) -> Break:
    """Ask a second person to close it so. `digest` names what was seen (drafted.digest). Whose it was, it stays.

    Raises Refused: Changed, closed, proposed already, or with nothing to propose.
    """
    must_say_why(because)
    with atomic():
        locked = lock(break_)
        must_be_open(locked)
        if locked.state == BreakState.PROPOSED:
            standing = (locked.proposed_by, locked.proposed_as, locked.proposed_digest)
            if standing == (by, how, digest):
                return locked
            raise Refused(f"{locked.proposed_by} has proposed something already.")
        must_be_seen(locked, how, digest)
        must_do_something(locked, how)
        locked.propose()
        locked.proposed_as, locked.proposed_by = how, by
        locked.proposed_because, locked.proposed_digest = because, digest
        locked.owner = locked.owner or by
        act = "draft proposed" if how == Break.Proposal.DRAFT else "write-off proposed"
        return written(locked, act, by=by, because=because, at=at)


def reject(break_: Break, *, by: str, because: str, at: datetime) -> Break:
    """Do not agree with what was proposed; or take one's own proposal back. Raises Refused."""
    must_say_why(because)
    with atomic():
        locked = lock(break_)
        must_be_open(locked)
        must_be_proposed(locked)
        act = "withdrawn" if by == locked.proposed_by else "rejected"
        locked.reject()
        locked.proposed_as = locked.proposed_by = ""
        locked.proposed_because = locked.proposed_digest = ""
        return written(locked, act, by=by, because=because, at=at)


# --------------------------------------------------------------------------- what all deeds have in common


def lock(break_: Break) -> Break:
    """As it is now, and nobody else's until the transaction is over."""
    locked: Break = Break.objects.select_for_update().get(id=break_.id)
    return locked


def written(locked: Break, act: str, *, by: str, because: str, at: datetime) -> Break:
    """Save it, and write down what was done."""
    locked.sequence += 1
    locked.updated_at = at
    locked.save()
    write_down(locked, act, by=by, because=because, at=at)
    return locked


def write_down(break_: Break, act: str, *, by: str, because: str, at: datetime) -> Note:
    """Into its history, in ink."""
    note: Note = Note.objects.create(of=break_, at=at, by=by, act=act, because=because)
    return note


def must_be_open(locked: Break) -> None:
    if locked.closed_at is not None:
        how = {
            Break.ClosedBy.LATER_LINE: "what was missing has come",
            Break.ClosedBy.NEWER_FILE: "a newer version of the file does not have it",
        }.get(Break.ClosedBy(locked.closed_by), f"{locked.approved_by} has approved it")
        raise Refused(f"It is closed: {how}.")


def must_be_proposed(locked: Break) -> None:
    if locked.state != BreakState.PROPOSED:
        raise Refused("Nothing is proposed.")


def must_be_seen(locked: Break, how: Break.Proposal, digest: str) -> None:
    """Raises Changed where closing it so would do something else than was seen, Refused where it cannot be done."""
    try:
        if digest_of(locked, how) != digest:
            raise Changed
    except Unbalanced as fault:
        raise Refused(f"What was drafted is no transaction: {fault}") from fault


def must_do_something(locked: Break, how: Break.Proposal) -> None:
    """Raises Refused where closing it so would leave everything as it is."""
    told = how == Break.Proposal.DRAFT and locked.news is not None
    if not told and not would_post(locked, how):
        raise Refused("There is nothing to be posted: it closes by itself, or waits for a draft.")


def must_say_why(because: str) -> None:
    if not because.strip():
        raise Refused("Say why.")
