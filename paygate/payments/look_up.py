"""Somebody does not want to wait for the next look: the PSP is asked now what became of an attempt.

It is the question that `resolve` asks, and what is heard settles the attempt as it would there. Many at once are not
asked in the person's own request: their next look is made due, and the PSP's own workers take them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Greatest

from kernel.db import outside_transaction
from paygate.payments.begin import UnableToProceed
from paygate.payments.carry_out import carry_out, reload, settle
from paygate.payments.models import Attempt, Operation, Payment
from paygate.payments.resolve import find_out, says_nothing_new
from paygate.psp.gateway import (
    ActionRequired,
    Approved,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Unknown,
)

#: So long nobody else asks, while the answer is awaited.
OUR_TURN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was heard of it: the attempt as it is now, and a sentence for people."""

    attempt: Attempt
    said: str
    settled: bool  # By this look.


@outside_transaction
def look_up_now(attempt: Attempt, *, at: datetime) -> Looked:
    """Ask the PSP, and settle by what it says. Raises UnableToProceed while the first call is still out."""
    attempt, payment, others = reload(attempt)
    if not attempt.open:
        return Looked(attempt, f"It is settled already: {attempt.get_outcome_display()}.", False)
    if attempt.taken_at is None:
        carry_out([(attempt.merchant_id, attempt.id)])
        return _carried_out(attempt)
    call_is_over = attempt.taken_at + timedelta(seconds=settings.CALL_OVER_AFTER)
    if not attempt.outcome and at < call_is_over:
        raise UnableToProceed(
            payment,
            "call_is_out",
            f"The first call for {attempt.public_id} is still out: wait for it.",
        )
    _take_a_turn(attempt, at=at)
    outcome = find_out(payment, attempt, now=at)
    said = in_words(payment, attempt, outcome)
    if says_nothing_new(attempt, outcome):
        return Looked(reload(attempt)[0], said, False)
    settle(payment, attempt, others, outcome)
    fresh = reload(attempt)[0]
    return Looked(fresh, said, not fresh.open)


def look_up_soon(attempts: Sequence[Attempt], *, at: datetime) -> int:
    """Make their next look due; how many are still open. `resolve` asks within seconds, each PSP's in its own queue."""
    return sum(
        Attempt.objects.filter(
            merchant_id=attempt.merchant_id, id=attempt.id, finished_at__isnull=True
        ).update(next_look_at=at)
        for attempt in attempts
    )


def in_words(payment: Payment, attempt: Attempt, outcome: Outcome) -> str:
    """What a PSP's answer means, in a sentence."""
    psp = attempt.psp.capitalize()
    match outcome:
        case Approved():
            sum_ = "" if attempt.operation in _WITHOUT_A_SUM else f" of {outcome.amount}"
            return f"{psp} says that the {attempt.operation}{sum_} was executed ({outcome.psp_reference})."
        case Declined():
            why = outcome.psp_message or outcome.psp_code or str(outcome.code)
            return f"{psp} refused it: {why}. Nothing was executed."
        case NotSent():
            return f"It was certainly not executed: {outcome.why}."
        case Pending():
            return f"{psp} has it and has not decided yet{_because(outcome.why)}."
        case ActionRequired():
            return f"{psp} waits for the customer."
        case Unknown():
            return f"Still unknown: {outcome.why}."
        case _:
            assert_never(outcome)


_WITHOUT_A_SUM = {Operation.CANCEL, Operation.EXPIRE}


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _take_a_turn(attempt: Attempt, *, at: datetime) -> None:
    """It counts as a look, and `resolve` does not ask at the same moment."""
    Attempt.objects.filter(
        merchant_id=attempt.merchant_id, id=attempt.id, finished_at__isnull=True
    ).update(looks=F("looks") + 1, next_look_at=Greatest(F("next_look_at"), Value(at + OUR_TURN)))


def _carried_out(attempt: Attempt) -> Looked:
    """Nobody had sent it: the message that carried it was lost."""
    fresh, _, _ = reload(attempt)
    heard = fresh.get_outcome_display() or "its answer is awaited"
    return Looked(fresh, f"It had not been sent, and was sent now: {heard}.", not fresh.open)
