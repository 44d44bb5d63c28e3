"""The first beat of whatever is done to a payment that exists: guard, transition, an open attempt, one commit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django_fsm import TransitionNotAllowed

from kernel.ids import uuid7
from paygate.payments.answer import changed
from paygate.payments.create import Claimed, KeyTaken
from paygate.payments.find import attempts_of, get
from paygate.payments.looks import first_look
from paygate.payments.models import Attempt, Operation, Payment
from paygate.payments.render import render
from paygate.payments.write import BindKey, Stale, Step, Written, write

TRIES = 20  # Of a claim that finds the payment's refunds changed, and nothing else.


class UnableToProceed(Exception):
    """The payment is not in a state for this. `payment` is as it was found."""

    def __init__(self, payment: Payment, code: str, message: str) -> None:
        super().__init__(message)
        self.payment = payment
        self.code = code
        self.message = message


def begin(
    payment: Payment,
    operation: Operation,
    transition: Callable[[Payment], None],
    *,
    amount: int,
    final: bool = True,
    result: dict[str, str] | None = None,
    bind: BindKey | None,
    now: datetime,
) -> Claimed:
    """Claim `operation` on the payment.

    Raises UnableToProceed when the state does not allow it or another attempt is still out (of two
    at once, one is refused), and KeyTaken.
    """
    for _ in range(TRIES):
        before = _what_counts(payment)
        try:
            return _begin(
                payment,
                operation,
                transition,
                amount=amount,
                final=final,
                result=result,
                bind=bind,
                now=now,
            )
        except Stale:
            payment = get(payment.merchant_id, payment.id, livemode=payment.livemode)
            if _what_counts(payment) != before:
                raise _not_now(payment, operation) from None
    raise _not_now(payment, operation)


def _what_counts(payment: Payment) -> tuple[str, int, int]:
    """A refund or a dispute that begins meanwhile changes the payment, and nothing of this."""
    return payment.state, payment.amount_authorized, payment.amount_captured


def _begin(
    payment: Payment,
    operation: Operation,
    transition: Callable[[Payment], None],
    *,
    amount: int,
    final: bool,
    result: dict[str, str] | None,
    bind: BindKey | None,
    now: datetime,
) -> Claimed:
    expected = payment.sequence
    others = attempts_of(payment)
    try:
        transition(payment)
    except TransitionNotAllowed:
        raise _not_now(payment, operation) from None
    payment.sequence += 1
    payment.updated_at = now
    attempt = Attempt(
        id=uuid7(),
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        operation=operation,
        psp=payment.psp,
        amount=amount,
        final=final,
        result=result or {},
        route={"because": "the PSP that holds the payment"},
        idempotency_key=bind.key.key if bind else "",
        started_at=now,
        next_look_at=first_look(now),
    )
    shown = render(payment, [*others, attempt])
    step = Step(
        payment=payment,
        expected=expected,
        at=now,
        bind=bind,
        opens=attempt,
        events=[changed(payment, shown, at=now)],
    )
    match write(step):
        case Written.KEY_TAKEN:
            raise KeyTaken
        case Written.STALE:
            raise Stale
        case Written.WRITTEN:
            return Claimed(payment, attempt)


def _not_now(payment: Payment, operation: Operation) -> UnableToProceed:
    if payment.state == "processing":
        return UnableToProceed(
            payment,
            "payment_processing",
            f"{payment.public_id} is being worked on; its outcome is awaited.",
        )
    return UnableToProceed(
        payment,
        "invalid_state",
        f"{payment.public_id} is {payment.state}: {operation} is not possible.",
    )
