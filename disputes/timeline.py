"""What became of a payment that was disputed: what its PSP said, what we did, and the money that moved."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from disputes.find import Parts, parts_of_many
from disputes.models import Act, Dispute, Movement, Result, Status
from kernel.timeline import About, Moment, Tone
from paygate.psp.cases import Direction

_ACTED = {
    "": ("no answer yet", Tone.WAITING),
    Result.UNKNOWN: ("not known yet", Tone.WAITING),
    Result.DONE: ("done", Tone.GOOD),
    Result.DECLINED: ("refused by the PSP", Tone.BAD),
    Result.NOT_SENT: ("not carried out", Tone.BAD),
    Result.OVERTAKEN: ("decided otherwise before", Tone.PLAIN),
}


def tell(about: About) -> Iterable[Moment]:
    """The story of each dispute of the payment."""
    disputes = list(
        Dispute.objects.filter(merchant_id=about.merchant_id, payment_id=about.payment_id)
    )
    for dispute_id, parts in parts_of_many(disputes).items():
        dispute = next(one for one in disputes if one.id == dispute_id)
        page = reverse("admin:disputes_dispute_change", args=[dispute.id])
        yield from _told_of(dispute, parts, page)


def _told_of(dispute: Dispute, parts: Parts, page: str) -> Iterable[Moment]:
    due = dispute.evidence_due_by
    waits = dispute.status == Status.NEEDS_RESPONSE and due is not None
    yield Moment(
        dispute.opened_at,
        f"Dispute opened: {dispute.money(dispute.amount)}, {dispute.reason.replace('_', ' ')}",
        f"{dispute.stage} · answer due by {due:%Y-%m-%d %H:%M} UTC" if waits else dispute.stage,
        page,
        Tone.BAD,
        booked_as=tuple(_booked_as(dispute, parts)),
    )
    for movement in parts.movements:
        yield _of_movement(movement, page)
    for act in parts.acts:
        yield _of_act(act, page)
    if dispute.decided and dispute.closed_at is not None:
        won = dispute.status == Status.WON
        yield Moment(
            dispute.closed_at,
            f"Dispute {dispute.status}: {dispute.money(dispute.amount)}",
            url=page,
            tone=Tone.GOOD if won else Tone.BAD,
        )


def _of_movement(movement: Movement, page: str) -> Moment:
    back = movement.direction == Direction.REINSTATED
    what = "gave back" if back else "took back"
    return Moment(
        movement.said_at,
        f"{movement.psp.capitalize()} {what} {movement.money} for the dispute",
        movement.psp_reference,
        page,
        Tone.GOOD if back else Tone.BAD,
    )


def _of_act(act: Act, page: str) -> Moment:
    outcome, tone = _ACTED[act.outcome]
    what = "Evidence submitted" if act.action == "submit" else "Dispute accepted"
    said = " ".join(filter(None, [act.psp_code, act.psp_message]))
    return Moment(act.finished_at or act.started_at, f"{what}: {outcome}", said, page, tone)


def _booked_as(dispute: Dispute, parts: Parts) -> Iterable[str]:
    """As disputes.books names what it posts."""
    for one in parts.rounds:
        yield f"{dispute.public_id}:{one.number}"
        for again in range(2, one.times_lost + 1):
            yield f"{dispute.public_id}:{one.number}:{again}"
    for movement in parts.movements:
        yield f"{dispute.public_id}:{movement.psp_reference}"
