"""Let a dispute be what was said of it: status, money and books, one event for each change.

For a dispute that this transaction holds locked, after a report of it was written down.
"""

from __future__ import annotations

import logging

from django.db.models import Sum

from disputes.answer import close, store_replies, verdict
from disputes.books import Books, waiting
from disputes.change import Change
from disputes.join import DECIDED, Joined, join
from disputes.models import STAGES, Dispute, Movement, Report, Status
from paygate.payments.hold import hold
from paygate.payments.models import Payment
from paygate.psp.cases import Direction

log = logging.getLogger(__name__)

#: What a report may change beside stage and status.
FIELDS = (
    "psp_reference",
    "amount",
    "reason",
    "reason_code",
    "evidence_due_by",
    "opened_at",
    "reported_at",
)


def follow(change: Change, *, new: bool = False, touched: bool = False) -> None:
    """Bring the dispute to where its reports have it. Raises Stale when its payment changes meanwhile.

    `new`: its row was inserted by this transaction. `touched`: something of it changed already that is still
    to be told.
    """
    dispute, parts = change.dispute, change.parts
    payment = Payment.objects.get(merchant_id=dispute.merchant_id, id=dispute.payment_id)
    joined = join(list(Report.objects.filter(**_of(dispute))))
    if new:
        change.tell_created()
    before = change.told
    touched = _take_over(dispute, joined) or touched

    books = Books(dispute, parts.rounds)
    # Open again in a further stage: that comes first, and then the money that it took.
    if STAGES.index(joined.stage) > STAGES.index(dispute.stage):
        _move(change, joined)
    booked = {one.withdrawal for one in parts.rounds}
    withdrawn = [
        movement
        for movement in parts.movements
        if movement.direction == Direction.WITHDRAWN and movement.id not in booked
    ]
    if withdrawn:
        books.withdraw(withdrawn)
        dispute.outstanding = books.outstanding
        change.tell("dispute.funds_withdrawn")
    if joined.status != dispute.status:
        _move(change, joined)
    late = waiting(parts.movements, parts.rounds)
    if books.reinstate(late):
        dispute.outstanding = books.outstanding
        change.tell("dispute.funds_reinstated")
    if touched and change.told == before:
        change.tell("dispute.updated")

    books.conclude()
    for one in books.rounds:
        if one.number in books.changed:
            one.save()
    _say_what_waits(dispute, waiting(parts.movements, parts.rounds))
    hold(payment, disputed=_held(dispute), transactions=books.transactions, at=change.at)
    store_replies(change)


def _take_over(dispute: Dispute, joined: Joined) -> bool:
    """What is no transition; whether anything of it is new."""
    found = {name: getattr(joined, name) for name in FIELDS}
    if joined.status == dispute.status and joined.stage == dispute.stage:
        found["closed_at"] = joined.closed_at
    new = {name: value for name, value in found.items() if getattr(dispute, name) != value}
    for name, value in new.items():
        setattr(dispute, name, value)
    if "evidence_due_by" in new:
        dispute.reminders = 0
    return bool(new)


def _move(change: Change, joined: Joined) -> None:
    """To another status, or to a further stage, or both."""
    dispute, was = change.dispute, change.dispute.status
    dispute.stage = joined.stage
    dispute.closed_at = joined.closed_at
    if joined.status != was:
        match joined.status:
            case Status.NEEDS_RESPONSE:
                dispute.take_up_again()
            case Status.UNDER_REVIEW if was == Status.NEEDS_RESPONSE:
                dispute.answer()
            case Status.UNDER_REVIEW:
                dispute.review_again()
            case Status.WON:
                dispute.win()
            case Status.LOST:
                dispute.lose()
    act = change.parts.open_act
    ended = act and verdict(act, dispute.status)
    if act and ended:
        close(change, act, ended)
    told = joined.status != was and joined.status in DECIDED
    change.tell(f"dispute.{joined.status}" if told else "dispute.updated")


def _held(dispute: Dispute) -> int:
    """What all disputes of the payment hold of it; this one as it is in memory."""
    others = Dispute.objects.filter(
        merchant_id=dispute.merchant_id, payment_id=dispute.payment_id
    ).exclude(id=dispute.id)
    total: int = others.aggregate(total=Sum("outstanding"))["total"] or 0
    return total + dispute.outstanding


def _say_what_waits(dispute: Dispute, late: list[Movement]) -> None:
    for movement in late:
        log.warning(
            "dispute.reinstatement_waits",
            extra={"dispute": dispute.public_id, "movement": movement.psp_reference},
        )


def _of(dispute: Dispute) -> dict[str, object]:
    return {"merchant_id": dispute.merchant_id, "dispute_id": dispute.id}
