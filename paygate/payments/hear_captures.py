"""Captures that a PSP had accepted and took back, and some that it made after all: the books follow.

"Accepted" is booked as captured (docs/decisions/0004); what the PSP says later is undone, and done again, by
transactions of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from django.db import IntegrityError

from kernel.money import Money
from ledger import chart
from ledger.models import LedgerTransaction
from ledger.recipes.payments import capture_reversed, payment_recaptured
from ledger.transaction import Transaction
from paygate.payments.answer import step_of
from paygate.payments.answered import plain
from paygate.payments.carry_out import reload, settle
from paygate.payments.find import attempts_of
from paygate.payments.hear import NOTHING_NEW
from paygate.payments.locate import locate
from paygate.payments.models import Attempt, Operation, Payment, Result, State
from paygate.payments.write import Written, write
from paygate.psp.events import CaptureFailed, NotYet, Quarantined, Recaptured
from paygate.psp.gateway import DeclineCode, Declined

TRIES = 20  # Of a change that finds the payment changed.

News: TypeAlias = CaptureFailed | Recaptured


def capture_failed(psp: str, news: CaptureFailed, *, livemode: bool, now: datetime) -> str:
    """What was booked as captured was not. Raises Quarantined and NotYet."""
    return _again_while_stale(
        lambda: _fail(psp, news, livemode=livemode, now=now), news.psp_reference
    )


def recaptured(psp: str, news: Recaptured, *, livemode: bool, now: datetime) -> str:
    """What had come to nothing was captured after all. Raises Quarantined and NotYet."""
    return _again_while_stale(
        lambda: _recapture(psp, news, livemode=livemode, now=now), news.psp_reference
    )


def _again_while_stale(work: Callable[[], str | None], reference: str) -> str:
    for _ in range(TRIES):
        if (did := work()) is not None:
            return did
    raise NotYet(f"{reference} changes all the time")


def _fail(psp: str, news: CaptureFailed, *, livemode: bool, now: datetime) -> str | None:
    payment, attempt = _capture(psp, news, livemode=livemode)
    if attempt.open:  # Its answer was lost; this is the answer.
        declined = Declined(DeclineCode.PROCESSING_ERROR, "capture_failed", news.why, news.capture)
        fresh, payment, others = reload(attempt)
        return (
            f"{attempt.public_id} is settled by it"
            if (settle(payment, fresh, others, declined))
            else NOTHING_NEW
        )
    if attempt.outcome != Result.APPROVED or _booked("payment.capture_reversed", attempt):
        return NOTHING_NEW
    if payment.state == State.PROCESSING:
        raise NotYet(f"{payment.public_id} is being worked on")
    taken = _booked("payment.captured", attempt)
    assert taken is not None
    gross, fee = payment.money(attempt.amount), _fee_in(taken)
    payment.amount_captured -= gross.minor
    payment.fee -= fee.minor
    payment.last_error = {
        "type": "api_error",
        "code": "capture_failed",
        "decline_code": None,
        "psp_code": None,
        "message": plain(news.why) or "The PSP took the capture back; nothing was taken.",
    }
    if not payment.amount_captured:
        if payment.state == State.CAPTURED:
            payment.lose_capture()
        else:
            payment.lose_part()
    reversal = capture_reversed(
        merchant=payment.merchant_id,
        livemode=payment.livemode,
        psp=payment.psp,
        source=attempt.public_id,
        gross=gross,
        fee=fee,
        reverses=taken.id,
    )
    return _written(payment, reversal, f"{attempt.public_id} is undone", now=now)


def _recapture(psp: str, news: Recaptured, *, livemode: bool, now: datetime) -> str | None:
    payment, attempt = _capture(psp, news, livemode=livemode)
    if _booked("payment.recaptured", attempt):
        return NOTHING_NEW
    if not _booked("payment.capture_reversed", attempt):
        raise NotYet(f"{attempt.public_id} has not failed yet")
    if payment.state == State.PROCESSING:
        raise NotYet(f"{payment.public_id} is being worked on")
    taken = _booked("payment.captured", attempt)
    assert taken is not None
    gross, fee = payment.money(attempt.amount), _fee_in(taken)
    payment.amount_captured += gross.minor
    payment.fee += fee.minor
    payment.last_error = None
    if payment.state == State.FAILED:
        payment.recapture()
    elif payment.state == State.AUTHORIZED:
        payment.recapture_part()
    elif payment.state not in {State.CAPTURED, State.PARTIALLY_CAPTURED}:
        raise Quarantined(f"{payment.public_id} is {payment.state}, and was captured after all")
    made = payment_recaptured(
        merchant=payment.merchant_id,
        livemode=payment.livemode,
        psp=payment.psp,
        source=attempt.public_id,
        gross=gross,
        fee=fee,
    )
    return _written(payment, made, f"{attempt.public_id} was made after all", now=now)


def _capture(psp: str, news: News, *, livemode: bool) -> tuple[Payment, Attempt]:
    """The payment, and the attempt that the PSP speaks of: by our key, by its reference, or the only one."""
    payment = locate(psp, livemode=livemode, psp_reference=news.psp_reference, payment=news.payment)
    captures = [
        attempt
        for attempt in attempts_of(payment)
        if attempt.operation == Operation.CAPTURE
        or (attempt.charges and payment.capture_method == "automatic")
    ]
    named = [a for a in captures if news.attempt == a.public_id] or [
        a for a in captures if news.capture and a.psp_reference == news.capture
    ]
    # A capture that the PSP makes by itself goes by a reference that it never told us. It is none of an attempt
    # that took nothing: of the one that sent the customer to the bank, or to a PSP that could not be reached.
    taking = [a for a in captures if a.open or a.outcome == Result.APPROVED] or captures
    fitting = named or (taking if len(taking) == 1 else [])
    if not fitting:
        raise Quarantined(f"{payment.public_id}: we know no capture {news.capture}")
    if news.amount != payment.money(fitting[0].amount):
        raise Quarantined(
            f"{fitting[0].public_id} took {payment.money(fitting[0].amount)}, {psp} says {news.amount}"
        )
    return payment, fitting[0]


def _booked(kind: str, attempt: Attempt) -> LedgerTransaction | None:
    found: LedgerTransaction | None = LedgerTransaction.objects.filter(
        merchant_id=attempt.merchant_id, kind=kind, source=attempt.public_id
    ).first()
    return found


def _fee_in(taken: LedgerTransaction) -> Money:
    """Our fee on a capture, as it was booked."""
    entries = taken.entries.select_related("account").filter(merchant_id=taken.merchant_id)
    currency = entries[0].currency
    fee = sum(e.amount for e in entries if e.account.code == chart.processing_fees())
    return Money(fee, currency)


def _written(payment: Payment, posted: Transaction, did: str, *, now: datetime) -> str | None:
    """None when the payment changed meanwhile: all of it is to be done again."""
    step = step_of(payment, attempts_of(payment), [posted], at=now)
    try:
        return did if write(step) is Written.WRITTEN else None
    except IntegrityError as error:
        if payment.amount_refund_pending:  # Nothing was taken to make it of: it will fail as well.
            raise NotYet(f"{payment.public_id} has refunds under way") from None
        # More was given back than is left of what was taken: the database knows, and a person must.
        raise Quarantined(f"{payment.public_id}: {str(error).partition(chr(10))[0]}") from None
