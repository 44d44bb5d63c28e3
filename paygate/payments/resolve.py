"""Every unknown is looked up: soon, then for ever at growing pauses. Nothing times out into failed.

For an attempt whose turn it is:

    nobody took it           the message that carried it was lost: it is carried out now
    the PSP can be asked     it is looked up by our reference
      … and knows it         that settles it
      … and has no trace     while the customer may still be waiting it is sent again under the same
                             key (the PSP's idempotency makes that one charge at most); later, once
                             the PSP's horizon has passed too, it was certainly not executed
    the PSP cannot be asked  (Adyen) the same request is sent again under the same key, for as long
                             as the PSP honours the key; one that would charge the customer, should
                             it never have arrived, for no longer than an hour (`REPLAY_FOR`)
    a refund that waits      (Braintree, until the payment is settled) is sent when its turn comes
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from kernel.clock import now as present
from kernel.db import outside_transaction
from paygate.metrics import timed
from paygate.payments.answered import plain
from paygate.payments.carry_out import (
    carry_out,
    held,
    request_for,
    send,
    settle,
    side_by_side,
    with_payments,
)
from paygate.payments.exchanges.keep import kept
from paygate.payments.looks import take_due
from paygate.payments.models import Attempt, Operation, Payment, Result
from paygate.psp.gateway import NotSent, Outcome, Pending, Unknown
from paygate.psp.registry import gateway


@outside_transaction
def resolve(psp: str, *, at: datetime, most: int = 100) -> int:
    """Look after what is due at one PSP; how many attempts had their turn."""
    due = take_due(Attempt, psp, at=at, most=most)
    lost = [attempt for attempt in due if attempt.taken_at is None]
    asked = [attempt for attempt in due if attempt.taken_at is not None]
    carry_out([(attempt.merchant_id, attempt.id) for attempt in lost])
    side_by_side(psp, _look_after, with_payments(asked))
    return len(due)


def _look_after(attempt: Attempt, payment: Payment, others: list[Attempt]) -> None:
    outcome = find_out(payment, attempt, now=present())
    if says_nothing_new(attempt, outcome):
        return  # Its next turn is already set.
    settle(payment, attempt, others, outcome)


def find_out(payment: Payment, attempt: Attempt, *, now: datetime) -> Outcome:
    """Evidence of what became of an attempt that was sent and not heard of again."""
    psp = gateway(attempt.psp, livemode=payment.livemode)
    age = now - (attempt.taken_at or attempt.started_at)  # It was not sent before it was taken.
    resend_for = timedelta(seconds=settings.RESEND_FOR)
    pending = attempt.operation == Operation.REFUND and attempt.outcome == Result.PENDING
    if pending and not psp.can_look_up and attempt.psp_reference:
        return Pending(attempt.psp_reference, attempt.psp_message)  # Its webhook will say.
    if not psp.can_look_up:
        if age < min(psp.key_lifetime, _replay_for(attempt)):
            return _of_the_first(send(payment, attempt))
        return Unknown("the PSP cannot be asked, and it is too late to send it again")
    with timed(attempt.psp, "look_up"), kept(attempt):
        found = psp.look_up(request_for(payment, attempt))
    if pending and not attempt.psp_reference:
        return _of_what_waits(payment, attempt, found, now=now)
    if not isinstance(found, NotSent):
        return found
    if age < resend_for:
        return _of_the_first(send(payment, attempt))
    if age < resend_for + psp.horizon:
        return Unknown("the PSP has no trace of it yet")
    return found


def _of_what_waits(payment: Payment, attempt: Attempt, found: Outcome, *, now: datetime) -> Outcome:
    """A refund that waits with us was not sent, and is wanted however late.

    So a question that failed leaves it waiting, and so does a call that was certainly not executed. From the
    moment that it is sent it is as any other that was: what has left no trace may still be on its way.
    """
    if isinstance(found, Unknown):
        return Pending("", found.why)
    if not isinstance(found, NotSent):
        return found
    if declined := held(payment, attempt):
        return declined
    attempt.taken_at = now
    Attempt.objects.filter(
        merchant_id=attempt.merchant_id, id=attempt.id, finished_at__isnull=True
    ).update(taken_at=now)
    outcome = send(payment, attempt)
    return Pending("", outcome.why) if isinstance(outcome, NotSent) else outcome


def _replay_for(attempt: Attempt) -> timedelta:
    """A replay of what never arrived executes it: a late capture is wanted, a late charge is not."""
    return timedelta(seconds=settings.REPLAY_FOR) if attempt.charges else timedelta.max


def _of_the_first(outcome: Outcome) -> Outcome:
    """That this call was certainly not executed says nothing of the one before it."""
    return Unknown(outcome.why) if isinstance(outcome, NotSent) else outcome


def says_nothing_new(attempt: Attempt, outcome: Outcome) -> bool:
    """Is that what was heard before, so that there is nothing to settle?"""
    match outcome:
        case Unknown():
            return attempt.outcome == Result.UNKNOWN
        case Pending():
            return attempt.outcome == Result.PENDING and (
                attempt.operation != Operation.REFUND
                or (attempt.psp_reference, attempt.psp_message)
                == (outcome.psp_reference, plain(outcome.why))
            )
        case _:
            return False
