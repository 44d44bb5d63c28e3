"""Finance puts payouts together that are to leave together, takes some out again, or calls the whole off.

Each deed locks the batch, so that they come one after the other, and is written down with a name and a reason. What it
means for a hundred thousand payouts follows chunk by chunk (settle): killed anywhere, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from kernel.db import atomic, call
from payouts.acts import Act, write_down
from payouts.models import BankFile, Batch, Payout, Rail, State
from payouts.move import Move
from payouts.settle import lock, loosen, settle

CHUNK = 10_000  # Payouts taken into a batch in one commit.
SENT = (State.IN_TRANSIT, State.PAID, State.FAILED, State.RETURNED)


class Refused(Exception):
    """Not as the batch stands, or not by this person: the message says why."""


def build(
    *,
    rail: Rail,
    livemode: bool,
    value_date: date,
    by: str,
    currencies: Collection[str] | None = None,
    note: str = "",
    at: datetime,
) -> Batch:
    """A new batch of all loose drafts of a rail, or of those in some currencies.

    Killed before it had them all, it has some: `fill` takes the rest.
    """
    with atomic():
        batch: Batch = Batch.objects.create(
            livemode=livemode,
            rail=rail,
            value_date=value_date,
            note=note,
            created_by=by,
            created_at=at,
            updated_at=at,
        )
        write_down(batch, Act.What.BUILT, by=by, because=note, at=at)
    fill(batch, by=by, currencies=currencies, at=at)
    return again(batch)


def fill(batch: Batch, *, by: str, currencies: Collection[str] | None = None, at: datetime) -> int:
    """Take what drafts are loose by `at` into a batch that is a draft itself; how many. Raises Refused."""
    chosen = None if currencies is None else sorted(currencies)
    total = 0
    while True:
        with atomic():
            must_be(lock(batch), Batch.State.DRAFT)
            [(taken,)] = call("payout_batch_take", batch.id, chosen, at, CHUNK)
            if taken:
                write_down(batch, Act.What.FILLED, by=by, at=at, payouts=taken)
        total += int(taken)
        if taken < CHUNK:
            return total


def remove(batch: Batch, payouts: Sequence[UUID], *, by: str, because: str, at: datetime) -> int:
    """Take payouts out before anybody approved them: they are loose drafts again; how many. Raises Refused."""
    must_say_why(because)
    with atomic():
        locked = lock(batch)
        must_be(locked, Batch.State.DRAFT, Batch.State.PENDING_APPROVAL)
        must_be_undecided(locked)
        rows = Payout.objects.filter(batch_id=batch.id, id__in=payouts)
        moves = [Move(*pair) for pair in rows.values_list("merchant_id", "id")]
        removed = loosen(moves, batch, at=at)
        if removed:
            ids = sorted(str(id_) for id_ in removed)
            write_down(
                locked,
                Act.What.REMOVED,
                by=by,
                because=because,
                at=at,
                payouts=len(ids),
                removed=ids,
            )
    return len(removed)


def change_date(batch: Batch, value_date: date, *, by: str, because: str, at: datetime) -> Batch:
    """Another day on which the bank is to pay it, while it is a draft. Raises Refused."""
    must_say_why(because)
    with atomic():
        locked = lock(batch)
        must_be(locked, Batch.State.DRAFT)
        before, locked.value_date, locked.updated_at = locked.value_date, value_date, at
        locked.save()
        write_down(
            locked,
            Act.What.DATED,
            by=by,
            because=because,
            at=at,
            before=str(before),
            after=str(value_date),
        )
    return locked


def take_back(batch: Batch, *, by: str, because: str, at: datetime) -> Batch:
    """Not as it is: a draft again, with its payouts, to be changed and submitted again. Raises Refused."""
    must_say_why(because)
    with atomic():
        locked = lock(batch)
        must_be(locked, Batch.State.PENDING_APPROVAL)
        must_be_undecided(locked)
        locked.take_back()
        locked.digest, locked.updated_at = "", at
        locked.save()
        write_down(locked, Act.What.TAKEN_BACK, by=by, because=because, at=at)
    return settle(locked, at=at)


def cancel(batch: Batch, *, by: str, because: str, at: datetime) -> Batch:
    """It will not leave. Its payouts are loose drafts again; those that were approved are canceled with it.

    Raises Refused, also where a part of it has left already.
    """
    must_say_why(because)
    with atomic():
        locked = lock(batch)
        must_be(locked, Batch.State.DRAFT, Batch.State.PENDING_APPROVAL, Batch.State.APPROVED)
        left = Payout.objects.filter(batch_id=batch.id, state__in=SENT)
        if left.exists() or BankFile.objects.filter(batch_id=batch.id).exists():
            raise Refused("A part of it has left already.")
        locked.cancel()
        locked.canceled_by, locked.canceled_because, locked.updated_at = by, because, at
        locked.save()
        write_down(locked, Act.What.CANCELED, by=by, because=because, at=at)
    return settle(locked, at=at)


def must_be(batch: Batch, *states: Batch.State) -> None:
    """Raises Refused unless the batch is in one of these states."""
    if batch.state not in states:
        raise Refused(f"The batch is {batch.get_state_display().lower()}.")


def must_be_undecided(batch: Batch) -> None:
    """Raises Refused where somebody has approved it and only the last of its payouts are not yet."""
    if batch.approved_by:
        raise Refused(f"{batch.approved_by} has approved it.")


def must_say_why(because: str) -> None:
    """Raises Refused where no reason is given."""
    if not because.strip():
        raise Refused("Say why.")


def again(batch: Batch) -> Batch:
    """The batch as it is now."""
    found: Batch = Batch.objects.get(id=batch.id)
    return found
