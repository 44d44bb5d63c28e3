"""The same for all that are like a break: of its PSP, cause, currency and side. How many, and how much, is seen first.

They are decided on one by one, each under its own lock and with its own history: one that cannot be stops no other.
What was seen has a name, as a single break's draft has; where they are others by then, nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import F, Func, QuerySet, TextField

from kernel.money import Money
from ledger.transaction import Unbalanced
from paygate.reconciliation.breaks import Changed, Refused, must_say_why, propose
from paygate.reconciliation.close import approve
from paygate.reconciliation.drafted import digest as digest_of
from paygate.reconciliation.models import Break, BreakState

AT_ONCE = 1_000  # Decided on while one person waits; the others are left for the next time.
CHUNK = 100  # Read at once.


@dataclass(frozen=True, slots=True)
class Alike:
    """Those that one deed would be done to, as they are now."""

    how: Break.Proposal
    proposed: bool  # They are to be approved; else to be proposed.
    count: int
    total: Money  # At risk.
    digest: str
    rows: QuerySet[Break]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: how many, which not (their ids and why), and how many are left for the next time."""

    done: int
    refused: list[tuple[str, str]]
    left: int

    def __str__(self) -> str:
        words = [f"{self.done} done"]
        if self.refused:
            named = "; ".join(f"{id_}: {why}" for id_, why in self.refused[:10])
            more = "; …" if len(self.refused) > 10 else ""
            words.append(f"{len(self.refused)} not: {named}{more}")
        if self.left:
            words.append(f"{self.left} are left: do it again")
        return ", ".join(words) + "."


def alike(break_: Break, how: Break.Proposal, *, proposed: bool) -> Alike:
    """The open ones like it, itself among them if it is: those that nothing is proposed for, or those that `how` is."""
    side = Func(F("draft"), function="reconciliation_draft_side", output_field=TextField())
    [(mine,)] = Break.objects.filter(id=break_.id).annotate(side=side).values_list("side")
    rows = (
        Break.objects.annotate(side=side)
        .filter(
            psp=break_.psp,
            livemode=break_.livemode,
            cause=break_.cause,
            currency=break_.currency,
            closed_at=None,
        )
        .order_by("id")
    )
    rows = rows.filter(side__isnull=True) if mine is None else rows.filter(side=mine)
    if proposed:
        rows = rows.filter(state=BreakState.PROPOSED, proposed_as=how)
    else:
        rows = rows.exclude(state=BreakState.PROPOSED)
    name, count, minor = sha256(), 0, 0
    for id_, sequence, amount in rows.values_list("id", "sequence", "amount").iterator():
        name.update(f" {id_}:{sequence}".encode())
        count, minor = count + 1, minor + amount
    return Alike(how, proposed, count, Money(minor, break_.currency), name.hexdigest(), rows)


def propose_all(
    break_: Break, how: Break.Proposal, *, by: str, because: str, digest: str, at: datetime
) -> Done:
    """Propose the same for all like it that were seen (`digest`, of Alike). Raises Refused: Changed, no reason."""
    return _each(
        break_,
        how,
        lambda one: propose(one, how, by=by, because=because, digest=digest_of(one, how), at=at),
        proposed=False,
        because=because,
        digest=digest,
    )


def approve_all(
    break_: Break, how: Break.Proposal, *, by: str, because: str, digest: str, at: datetime
) -> Done:
    """Approve all like it that were seen, as each was proposed. Raises Refused: Changed, without a reason."""
    return _each(
        break_,
        how,
        lambda one: approve(one, by=by, because=because, digest=digest_of(one, how), at=at),
        proposed=True,
        because=because,
        digest=digest,
    )


def _each(
    break_: Break,
    how: Break.Proposal,
    deed: Callable[[Break], Any],
    *,
    proposed: bool,
    because: str,
    digest: str,
) -> Done:
    must_say_why(because)
    found = alike(break_, how, proposed=proposed)
    if found.digest != digest:
        raise Changed("They are not what you saw any more. Look at them again.")
    sequences = dict(found.rows.values_list("id", "sequence")[:AT_ONCE])
    ids = list(sequences)
    done, refused = 0, []
    for start in range(0, len(ids), CHUNK):
        for one in Break.objects.filter(id__in=ids[start : start + CHUNK]).order_by("id"):
            try:
                if one.sequence != sequences[one.id]:
                    raise Changed
                deed(one)
            except (Refused, Unbalanced) as refusal:
                refused.append((one.public_id, str(refusal)))
            else:
                done += 1
    return Done(done, refused, found.count - len(ids))
