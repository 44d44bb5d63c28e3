"""What the pages of batches say: where one stands, in a sentence; what became of its payouts; which are meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from kernel.ids import encode
from kernel.money import Money
from payouts.models import BankFile, Batch, Payout, Rail, State
from payouts.preview import Changes

LISTED = 20  # Payouts named in one line.

#: A batch's way, but for one that is called off.
STEPS = (
    (Batch.State.DRAFT, "Draft"),
    (Batch.State.PENDING_APPROVAL, "Waits for a second person"),
    (Batch.State.APPROVED, "About to leave"),
    (Batch.State.SENT, "Sent"),
)
#: The tone of a state's badge; the word says it, too.
TONES = {
    Batch.State.PENDING_APPROVAL: "waiting",
    Batch.State.APPROVED: "waiting",
    Batch.State.SENT: "good",
    Batch.State.CANCELED: "bad",
    State.IN_TRANSIT: "waiting",
    State.PAID: "good",
    State.FAILED: "bad",
    State.RETURNED: "bad",
}
#: What each state of a payout means for the money.
MEANS = {
    State.DRAFT: "set aside in the merchant's balance",
    State.PENDING_APPROVAL: "set aside in the merchant's balance",
    State.APPROVED: "leaves with the next file",
    State.IN_TRANSIT: "handed over; nobody has told us yet that it arrived",
    State.PAID: "taken from our account",
    State.FAILED: "never paid: the merchant has it again",
    State.RETURNED: "paid and sent back: the merchant has it again",
    State.CANCELED: "called off: the merchant has it again",
}


@dataclass(frozen=True, slots=True)
class Named:
    """Something to be said of some payouts, the first of which are named."""

    words: str
    payouts: tuple[UUID, ...] = ()

    @property
    def links(self) -> list[tuple[UUID, str]]:
        return [(id_, encode("po", id_)) for id_ in self.payouts[:LISTED]]

    @property
    def others(self) -> int:
        """How many are not named."""
        return max(0, len(self.payouts) - LISTED)


def sentence(batch: Batch, *, may_approve: bool) -> str:
    """Where the batch stands and what comes next. `may_approve`: whoever reads it is the one who may."""
    day = f"{batch.value_date:%Y-%m-%d}"
    whom = "our bank" if batch.rail == Rail.BANK else "Stripe"
    match batch.state:
        case Batch.State.DRAFT:
            return (
                f"Put together by {batch.created_by}, to be paid on {day}. Nothing leaves before it was "
                "submitted and a second person looked at the same."
            )
        case Batch.State.PENDING_APPROVAL:
            next_ = (
                "You may let it leave, or send it back."
                if may_approve
                else "Somebody who had no say in it decides."
            )
            return f"Submitted by {batch.submitted_by}, to be paid on {day}. {next_}"
        case Batch.State.APPROVED:
            return f"Approved by {batch.approved_by}: it goes to {whom} within minutes, to be paid on {day}."
        case Batch.State.SENT:
            return f"It went to {whom}, to be paid on {day}. What became of each payout is below."
    return f"Called off by {batch.canceled_by}: {batch.canceled_because}"


def payout_sentence(payout: Payout) -> str:
    """Where one payout stands, and where its money is."""
    why = payout.failure_message or payout.failure_code or ""
    because = f" The reason given: {why.rstrip('.')}." if why else ""
    day = "" if payout.arrives_on is None else f" It is to arrive on {payout.arrives_on:%Y-%m-%d}."
    match State(payout.state):
        case State.DRAFT if payout.batch_id is None:
            return "Set aside in the merchant's balance; it waits to be taken into a batch."
        case State.DRAFT:
            return "Set aside in the merchant's balance; its batch is being put together."
        case State.PENDING_APPROVAL:
            return "Set aside in the merchant's balance; its batch waits for a second person."
        case State.APPROVED:
            return "Two people stand for it: it leaves with its batch."
        case State.IN_TRANSIT:
            return f"Handed over, and nobody has told us yet that it arrived.{day}"
        case State.PAID:
            return "Taken from our account: it is at the merchant's bank."
        case State.FAILED:
            return f"Never paid: the merchant has the amount again.{because}"
        case State.RETURNED:
            return f"Paid and sent back: the merchant has the amount again.{because}"
    return f"Called off before it was sent: the merchant has the amount again.{because}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of a batch's payouts, and how much, are in one state."""

    state: str
    payouts: int
    amount: Money

    @property
    def label(self) -> str:
        return State(self.state).label

    @property
    def means(self) -> str:
        return MEANS[State(self.state)]

    @property
    def tone(self) -> str:
        return TONES.get(State(self.state), "")


def progress(batch: Batch) -> list[Standing]:
    """Where its payouts are by now, in the order of their way."""
    counted = (
        Payout.objects.filter(batch_id=batch.id)
        .order_by()
        .values("state", "currency")
        .annotate(payouts=Count("id"), total=Sum("amount"))
    )
    way = list(State)
    found = [
        Standing(one["state"], one["payouts"], Money(int(one["total"]), one["currency"]))
        for one in counted
    ]
    return sorted(found, key=lambda one: (way.index(State(one.state)), one.amount.currency))


def sums_of(batches: Iterable[Batch]) -> dict[UUID, list[Money]]:
    """What each of these pays, by currency. Of what went to the bank the files know it: they are few, payouts many."""
    by_file = {b.id for b in batches if b.state == Batch.State.SENT and b.rail == Rail.BANK}
    by_payout = {b.id for b in batches} - by_file
    files = BankFile.objects.filter(batch_id__in=by_file).values("batch_id", "currency")
    payouts = Payout.objects.filter(batch_id__in=by_payout).exclude(state=State.CANCELED)
    found: dict[UUID, list[Money]] = {}
    for rows in (
        files.order_by("currency").annotate(pays=Sum("total")),
        payouts.values("batch_id", "currency").order_by("currency").annotate(pays=Sum("amount")),
    ):
        for one in rows:
            amount = Money(int(one["pays"]), one["currency"])
            found.setdefault(one["batch_id"], []).append(amount)
    return found


def told(changed: Changes) -> list[Named]:
    """What is different from what its submitter saw."""
    return [*_told(changed)]


def _told(changed: Changes) -> Iterator[Any]:
    if changed.canceled:
        yield Named(f"{len(changed.canceled)} called off since", changed.canceled)
    if changed.removed:
        yield Named(f"{len(changed.removed)} taken out since", changed.removed)
    if changed.added:
        yield Named(f"{changed.added} taken in since")
    if changed.dated:
        yield Named("Another value date")
    for finding in changed.appeared:
        yield Named(f"New: {finding.words}", finding.payouts)
