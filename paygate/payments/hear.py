"""What PSPs tell us of payments and their captures, applied: as evidence, or as a reason to ask.

Told again, or in another order, it changes nothing that it has not changed already. What contradicts what we
know is quarantined, never applied. Each returns, in a few words, what it did.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from paygate.payments.begin import UnableToProceed, begin
from paygate.payments.carry_out import Task, reload, settle
from paygate.payments.dispatch import dispatch
from paygate.payments.expire import expire
from paygate.payments.find import attempts_of
from paygate.payments.locate import locate
from paygate.payments.models import Attempt, Operation, Payment, Result, State
from paygate.payments.verdict import decided_by_people
from paygate.psp.events import Became, NotYet, PaymentMoved, Quarantined
from paygate.psp.gateway import Approved, Outcome

NOTHING_NEW = "nothing new"

#: What an outcome is evidence of, by what the payment became.
EVIDENCE_FOR = {
    Became.AUTHORIZED: {Operation.AUTHORIZE, Operation.CONFIRM},
    Became.DECLINED: {Operation.AUTHORIZE, Operation.CONFIRM},
    Became.CAPTURED: {Operation.CAPTURE},
    Became.CANCELED: {Operation.CANCEL, Operation.EXPIRE},
    Became.EXPIRED: {Operation.EXPIRE, Operation.CANCEL},
}
#: What an attempt cannot be of which that is told. (The other ways round are seen by the payment's state.)
CONTRADICTS = {Became.DECLINED: Result.APPROVED, Became.CAPTURED: Result.NOT_SENT}
LET_GO = {Became.CANCELED, Became.EXPIRED}
HELD = {Became.AUTHORIZED, Became.CAPTURED}


def payment_moved(psp: str, news: PaymentMoved, *, livemode: bool, now: datetime) -> str:
    """Raises Quarantined and NotYet."""
    payment = locate(psp, livemode=livemode, psp_reference=news.psp_reference, payment=news.payment)
    if news.amount is not None and news.amount != payment.money(payment.amount):
        raise Quarantined(
            f"{payment.public_id} is about {payment.money(payment.amount)}, {psp} says {news.amount}"
        )
    attempts = attempts_of(payment)
    for attempt in attempts:
        if attempt.open and attempt.operation != Operation.REFUND:
            return _while_open(attempt, payment, news, now=now)
    try:
        return _at_rest(payment, attempts, news, now=now)
    except UnableToProceed as busy:
        raise NotYet(busy.message) from None  # Somebody began something in this very moment.


def _while_open(attempt: Attempt, payment: Payment, news: PaymentMoved, *, now: datetime) -> str:
    """An attempt is out: the news settle it, or are a reason to look it up at once."""
    fits = Operation(attempt.operation) in EVIDENCE_FOR.get(news.became, set())
    if news.outcome is not None and fits and _about(attempt, news):
        if isinstance(news.outcome, Approved) and attempt.operation == Operation.CAPTURE:
            taking = payment.money(attempt.amount)
            if news.outcome.amount != taking:
                raise Quarantined(
                    f"{attempt.public_id} takes {taking}, {payment.psp} says {news.outcome.amount}"
                )
        return _settled(reload(attempt), news.outcome)
    called = attempt.taken_at is not None and (
        attempt.outcome or now - attempt.taken_at > timedelta(seconds=settings.CALL_OVER_AFTER)
    )
    if news.outcome is None and called:
        Attempt.objects.filter(
            merchant_id=attempt.merchant_id, id=attempt.id, finished_at__isnull=True
        ).update(next_look_at=now)
        return f"{attempt.public_id} is looked up"
    return NOTHING_NEW  # Its call is out, and answers for itself.


def _about(attempt: Attempt, news: PaymentMoved) -> bool:
    """Is this attempt meant? A capture must be named: somebody may have made another one in the dashboard."""
    if attempt.operation == Operation.CAPTURE:
        return news.attempt == attempt.public_id
    return news.attempt in ("", attempt.public_id)


def _settled(task: Task, outcome: Outcome) -> str:
    attempt, payment, others = task
    if not attempt.open:
        return NOTHING_NEW
    if isinstance(outcome, Approved) and attempt.charges:
        outcome = replace(outcome, captured=payment.capture_method == "automatic")
    step = settle(payment, attempt, others, outcome)
    return f"{attempt.public_id} is settled by it" if step else NOTHING_NEW


def _at_rest(
    payment: Payment, attempts: list[Attempt], news: PaymentMoved, *, now: datetime
) -> str:
    """Nothing of ours is out: the PSP did something by itself, or tells what we know."""
    state, became = State(payment.state), news.became
    if decided := _decided_otherwise(attempts, news):
        raise Quarantined(
            f"two people decided that {decided.public_id} is {decided.outcome}, {payment.psp} says {became}"
        )
    if state == State.REQUIRES_ACTION and became in HELD | {Became.DECLINED}:
        # The customer finished at the bank and may never come back to the shop.
        claimed = begin(
            payment,
            Operation.CONFIRM,
            Payment.begin_confirm,
            amount=payment.amount,
            bind=None,
            now=now,
        )
        if news.outcome is not None and became != Became.CAPTURED:
            return _settled(reload(claimed.attempt), news.outcome)
        dispatch(claimed.attempt)
        return f"{claimed.attempt.public_id} asks how it ended"
    if state in {State.AUTHORIZED, State.PARTIALLY_CAPTURED} and became in LET_GO:
        claimed = expire(payment, now=now)
        dispatch(claimed.attempt)
        return f"{claimed.attempt.public_id} asks whether it is let go"
    if state == State.AUTHORIZED and became == Became.CAPTURED and not _known(attempts, news):
        raise Quarantined(f"{payment.public_id} was captured, and not by us")
    never_held = not payment.amount_authorized
    if never_held and state in {State.FAILED, State.CANCELED, State.EXPIRED} and became in HELD:
        raise Quarantined(f"{payment.public_id} is {state} here, and {became} at {payment.psp}")
    if state in {State.CANCELED, State.EXPIRED} and became == Became.CAPTURED:
        raise Quarantined(f"{payment.public_id} is {state} here, and was captured")
    return NOTHING_NEW


def _decided_otherwise(attempts: list[Attempt], news: PaymentMoved) -> Attempt | None:
    """The attempt of which two people said what these news contradict."""
    contradicted = CONTRADICTS.get(news.became)
    if contradicted is None:
        return None
    about = [
        attempt
        for attempt in attempts
        if Operation(attempt.operation) in EVIDENCE_FOR[news.became] and _about(attempt, news)
    ]
    return decided_by_people(about, contradicted)


def _known(attempts: list[Attempt], news: PaymentMoved) -> bool:
    """Is it told of a capture of ours, which may have been taken back since?"""
    return any(
        a.outcome == Result.APPROVED
        and a.operation == Operation.CAPTURE
        and news.attempt in ("", a.public_id)
        for a in attempts
    )
