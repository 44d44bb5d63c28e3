"""Give back what was taken, whole or in parts: the first beat, which reserves the amount.

Any number of refunds may be under way at once. Each is computed from the payment as it was read, and written
only if the payment is still that; so of two that want the same cents the second one reads again, and finds
them reserved. (And if all of this were wrong, the database would refuse the row: see
payment_never_gives_back_more_than_was_taken.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kernel.db import step_aside
from kernel.ids import uuid7
from paygate.payments.answer_refund import fee_of, refund_events
from paygate.payments.begin import UnableToProceed
from paygate.payments.create import Claimed, KeyTaken
from paygate.payments.find import attempts_of, get, refunds_of
from paygate.payments.looks import first_look
from paygate.payments.models import Attempt, Operation, Payment, Refund, Result
from paygate.payments.render import render, render_refund
from paygate.payments.write import BindKey, Stale, Step, Written, write
from paygate.psp.registry import gateway

TRIES = 200  # Of a claim that finds the payment changed: as many refunds of one payment may begin at once.


def refund(
    merchant_id: UUID,
    payment_id: UUID,
    *,
    livemode: bool,
    amount: int | None,
    reason: str = "",
    metadata: dict[str, str] | None = None,
    source: Refund.Source = Refund.Source.API,
    bind: BindKey | None,
    now: datetime,
) -> Claimed:
    """Claim a refund of `amount` minor units (default: all that is left).

    Raises NoSuchPayment, UnableToProceed (nothing to give back, too much, held by a dispute) and KeyTaken.
    """
    for turn in range(TRIES):
        payment = get(merchant_id, payment_id, livemode=livemode)
        giving = amount_of(payment, amount)
        try:
            return _claim(payment, giving, reason, metadata or {}, source, bind=bind, now=now)
        except Stale:
            step_aside(turn)
    raise UnableToProceed(
        payment, "payment_busy", f"{payment.public_id} changes all the time; try again."
    )


def _claim(
    payment: Payment,
    giving: int,
    reason: str,
    metadata: dict[str, str],
    source: Refund.Source,
    *,
    bind: BindKey | None,
    now: datetime,
) -> Claimed:
    others = attempts_of(payment)
    of_reference, captured = taken_by(payment, others, giving)
    refund = Refund(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        livemode=payment.livemode,
        amount=giving,
        currency=payment.currency,
        reason=reason,
        source=source,
        psp=payment.psp,
        of_reference=of_reference,
        captured=captured,
        fee=fee_of(payment, at=now),
        metadata=metadata,
        created_at=now,
        updated_at=now,
    )
    attempt = Attempt(
        id=uuid7(),
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        refund_id=refund.id,
        operation=Operation.REFUND,
        psp=payment.psp,
        amount=giving,
        route={"because": "the PSP that took the payment"},
        idempotency_key=bind.key.key if bind else "",
        started_at=now,
        next_look_at=first_look(now),
    )
    attempt.refund = refund
    expected = payment.sequence
    payment.amount_refund_pending += giving
    payment.sequence += 1
    payment.updated_at = now
    step = Step(
        payment=payment,
        expected=expected,
        at=now,
        bind=bind,
        opens=attempt,
        refund=refund,
        events=refund_events(
            payment,
            refund,
            render_refund(refund),
            render(payment, [*others, attempt]),
            at=now,
            new=True,
        ),
    )
    match write(step):
        case Written.KEY_TAKEN:
            raise KeyTaken
        case Written.STALE:
            raise Stale
        case Written.WRITTEN:
            return Claimed(payment, attempt)


def amount_of(payment: Payment, amount: int | None) -> int:
    """What is to be given back, in minor units (default: all that is left). Raises UnableToProceed."""
    if payment.amount_disputed:
        raise UnableToProceed(
            payment,
            "payment_disputed",
            f"A dispute holds {payment.public_id}: nothing of it can be refunded.",
        )
    left = payment.refundable
    if not payment.amount_captured:
        raise UnableToProceed(
            payment, "invalid_state", f"{payment.public_id} is {payment.state}: nothing was taken."
        )
    if not left:
        raise UnableToProceed(
            payment,
            "already_refunded",
            f"All of {payment.public_id} is given back, or on its way back.",
        )
    if amount is not None and amount > left:
        raise _too_much(payment, amount, left)
    return left if amount is None else amount


def taken_by(payment: Payment, attempts: Sequence[Attempt], giving: int) -> tuple[str, int]:
    """What the PSP is to give back of: its reference, and how much was taken under that.

    Where the PSP refunds each capture, the refund must find room in one of them: raises UnableToProceed.
    """
    if not gateway(payment.psp, livemode=payment.livemode).refunds_each_capture:
        return payment.psp_reference, payment.amount_captured
    taken = _captures(payment, attempts)
    room = dict(taken)
    for earlier in refunds_of(payment):
        if earlier.counts:
            room[earlier.of_reference] = room.get(earlier.of_reference, 0) - earlier.amount
    # The one that it fits best, so that what is left stays in few pieces.
    fitting = sorted((left, reference) for reference, left in room.items() if left >= giving)
    if not fitting:
        raise _too_much(payment, giving, max(room.values(), default=0))
    reference = fitting[0][1]
    return reference, taken[reference]


def _captures(payment: Payment, attempts: Sequence[Attempt]) -> dict[str, int]:
    """How much was taken under which reference of the PSP."""
    at_once = payment.capture_method == "automatic"
    taken: dict[str, int] = {}
    for attempt in attempts:
        captures = attempt.operation == Operation.CAPTURE or (at_once and attempt.charges)
        if captures and attempt.outcome == Result.APPROVED:
            reference = attempt.psp_reference or payment.psp_reference
            taken[reference] = taken.get(reference, 0) + attempt.amount
    return taken


def _too_much(payment: Payment, amount: int, left: int) -> UnableToProceed:
    at_once = "" if left == payment.refundable else " at once, since it was captured in parts"
    return UnableToProceed(
        payment,
        "amount_too_large",
        f"{payment.money(left)} of {payment.public_id} can be refunded{at_once}, not {payment.money(amount)}.",
    )
