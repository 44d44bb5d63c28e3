"""A payment's timeline: what we asked and were answered, and what every other room tells of it, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from django.urls import reverse

from kernel.timeline import About, Moment, Teller, Tone
from paygate import wiring
from paygate.payments.back_office.words import (
    IN_CONFIDENCE,
    OPERATIONS,
    OUTCOMES,
    REASONS,
    called,
    spaced,
)
from paygate.payments.models import Attempt, Operation, Payment, Refund, RefundState, Result


def about(payment: Payment, attempts: Sequence[Attempt], refunds: Sequence[Refund]) -> About:
    """All the names by which rooms may know the payment."""
    references = {
        payment.psp_reference,
        *(attempt.psp_reference for attempt in attempts),
        *(refund.psp_reference for refund in refunds),
    }
    return About(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        psp=payment.psp,
        livemode=payment.livemode,
        ids=(payment.public_id, *(refund.public_id for refund in refunds)),
        references=tuple(sorted(references - {""})),
        since=payment.created_at,
    )


def told_by_rooms(subject: About) -> list[Moment]:
    """What the other rooms know of it."""
    return [moment for tell in _tellers() for moment in tell(subject)]


@cache
def _tellers() -> tuple[Teller, ...]:
    return tuple(wiring.named(wiring.TIMELINES))


def in_order(moments: Iterable[Moment]) -> list[Moment]:
    """The newest first; of one moment, what was told later."""
    return sorted(moments, key=lambda moment: moment.at)[::-1]


def own(payment: Payment, attempts: Sequence[Attempt], refunds: Sequence[Refund]) -> list[Moment]:
    """What we know ourselves; both sequences are all of the payment's, oldest first."""
    answered = {attempt.refund_id: attempt for attempt in attempts if attempt.refund_id}
    return [
        Moment(
            payment.created_at,
            f"Created: {payment.money(payment.amount)}",
            f"To be captured {'at once' if payment.capture_method == 'automatic' else 'by hand'}",
        ),
        *(of_attempt(payment, attempt) for attempt in attempts),
        *(moment for refund in refunds for moment in of_refund(refund, answered.get(refund.id))),
    ]


def of_attempt(payment: Payment, attempt: Attempt) -> Moment:
    """At the moment of its answer; at that of the question, while there is none."""
    outcome, tone = OUTCOMES[attempt.outcome]
    amount = f" of {payment.money(attempt.amount)}" if attempt.operation in _WITH_AMOUNT else ""
    what = OPERATIONS[attempt.operation].capitalize().replace("3-d secure", "3-D Secure")
    return Moment(
        attempt.finished_at or attempt.started_at,
        f"{what}{amount} at {called(attempt.psp)}: {outcome}",
        " · ".join(filter(None, answer_of(attempt))),
        reverse("admin:payments_attempt_change", args=[attempt.id]),
        tone,
        booked_as=(attempt.public_id,),
    )


_WITH_AMOUNT = {Operation.AUTHORIZE, Operation.CAPTURE, Operation.REFUND}


def answer_of(attempt: Attempt) -> list[str]:
    """The PSP's answer in parts: our code, its own, how long it took."""
    code = attempt.decline_code
    why = code and (IN_CONFIDENCE.get(code) or REASONS.get(code, "no reason was given"))
    said = " ".join(filter(None, [attempt.psp_code, attempt.psp_message]))
    return [
        f"{code}: {why}" if code else "",
        f"{called(attempt.psp)} said: {said}" if said else "",
        took(attempt),
        looked(attempt),
    ]


def took(attempt: Attempt) -> str:
    """From the question to the answer that closed it."""
    if attempt.taken_at is None:
        return "" if attempt.finished_at else "not sent yet"
    if attempt.finished_at is None:
        return ""
    return f"took {_span((attempt.finished_at - attempt.started_at).total_seconds())}"


def looked(attempt: Attempt) -> str:
    """How often somebody asked what became of it."""
    if not attempt.looks:
        return ""
    return "looked up once" if attempt.looks == 1 else f"looked up {attempt.looks} times"


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7_200:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3_600)} hours"


def of_refund(refund: Refund, attempt: Attempt | None) -> Iterable[Moment]:
    """That it was asked for; and what became of it where no attempt of ours tells that."""
    page = reverse("admin:payments_refund_change", args=[refund.id])
    if refund.source == Refund.Source.PSP:
        begun = f"Refund of {refund.money} made at {called(refund.psp)} itself"
    elif refund.source == Refund.Source.BACK_OFFICE:
        begun = f"Refund of {refund.money} asked for in the back office"
    else:
        begun = f"Refund of {refund.money} asked for by the merchant"
    yield Moment(
        refund.created_at, begun, spaced(refund.reason), page, booked_as=(refund.public_id,)
    )
    if refund.state == RefundState.PENDING:
        return
    ended_so = {RefundState.SUCCEEDED: Result.APPROVED}.get(
        RefundState(refund.state), Result.DECLINED
    )
    told = attempt is not None and attempt.outcome in {ended_so, Result.NOT_SENT}
    if told:
        return
    came_back = attempt is not None and attempt.outcome == Result.APPROVED
    what = "came back from the customer's bank" if came_back else str(refund.state)
    tone = Tone.GOOD if refund.state == RefundState.SUCCEEDED else Tone.BAD
    yield Moment(
        refund.updated_at, f"Refund of {refund.money} {what}", refund.failure_message, page, tone
    )
