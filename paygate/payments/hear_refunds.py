"""What PSPs tell us of refunds: ours, and those that somebody made in the PSP's own dashboard.

A refund that had succeeded can come back; one that we never asked for becomes ours, marked as external.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError

from kernel.ids import InvalidId, decode
from paygate.payments.answer_refund import call_off, come_back, fee_of, give_back, refund_step
from paygate.payments.carry_out import reload, settle
from paygate.payments.find import attempts_of, refunds_of
from paygate.payments.hear import NOTHING_NEW
from paygate.payments.locate import locate
from paygate.payments.models import Attempt, Payment, Refund
from paygate.payments.models import RefundState as Stands
from paygate.payments.write import Written, write
from paygate.psp.events import NotYet, Quarantined, RefundReported, RefundState
from paygate.psp.gateway import Approved, DeclineCode, Declined, Outcome, Pending

TRIES = 20  # Of a change that finds the payment changed.


def refund_reported(psp: str, news: RefundReported, *, livemode: bool, now: datetime) -> str:
    """Raises Quarantined and NotYet."""
    for _ in range(TRIES):
        payment = locate(
            psp, livemode=livemode, psp_reference=news.psp_reference, payment=news.payment
        )
        refunds = refunds_of(payment)
        refund = _named(refunds, news)
        if refund is None:
            did = _external(payment, refunds, news, now=now)
        elif refund.psp_reference not in ("", news.reference) and refund.state != Stands.FAILED:
            raise Quarantined(
                f"{refund.public_id} is {refund.psp_reference}: is {news.reference} a second one?"
            )
        else:
            if news.amount is not None and news.amount != refund.money:
                raise Quarantined(
                    f"{refund.public_id} is of {refund.money}, {psp} says {news.amount}"
                )
            did = _changed(payment, refund, news, now=now)
        if did is not None:
            return did
    raise NotYet(f"{news.reference} changes all the time")


def _named(refunds: list[Refund], news: RefundReported) -> Refund | None:
    """The refund that is meant: by our reference, or by the PSP's."""
    if news.refund:
        try:
            ours = decode("re", news.refund)
        except InvalidId:
            ours = None
        for refund in refunds:
            if refund.id == ours:
                return refund
    return next((r for r in refunds if r.psp_reference == news.reference), None)


def _changed(
    payment: Payment, refund: Refund, news: RefundReported, *, now: datetime
) -> str | None:
    """What the news change about a refund that we know; None when it must be read again."""
    match Stands(refund.state), news.state:
        case Stands.PENDING, _:
            attempt = next((a for a in attempts_of(payment) if a.refund_id == refund.id), None)
            if attempt is not None:
                return _settled(attempt, refund, news)
            return _of_theirs(payment, refund, news, now=now)
        case Stands.SUCCEEDED, RefundState.FAILED | RefundState.CANCELED:
            transactions = come_back(
                payment, refund, code=news.code, why=news.why or "The refund came back."
            )
            step = refund_step(
                payment, refund, attempts_of(payment), transactions=transactions, at=now
            )
            return f"{refund.public_id} came back" if write(step) is Written.WRITTEN else None
        case ((Stands.FAILED | Stands.CANCELED), RefundState.SUCCEEDED):
            if refund.psp_reference == news.reference:
                return NOTHING_NEW  # It had succeeded before it came back.
            raise Quarantined(
                f"{refund.public_id} is {refund.state} here, and succeeded at {refund.psp}"
            )
        case _:
            return NOTHING_NEW


def _settled(attempt: Attempt, refund: Refund, news: RefundReported) -> str:
    """The news are the answer to our own attempt, which may have none yet."""
    outcome: Outcome
    match news.state:
        case RefundState.SUCCEEDED:
            outcome = Approved(news.reference, refund.money)
        case RefundState.PENDING:
            if refund.psp_reference == news.reference:
                return NOTHING_NEW
            outcome = Pending(news.reference, news.why)
        case RefundState.FAILED | RefundState.CANCELED:
            outcome = Declined(DeclineCode.PROCESSING_ERROR, news.code, news.why, news.reference)
    fresh, payment, others = reload(attempt)
    if not fresh.open or settle(payment, fresh, others, outcome) is None:
        return NOTHING_NEW
    return f"{attempt.public_id} is settled by it"


def _of_theirs(
    payment: Payment, refund: Refund, news: RefundReported, *, now: datetime
) -> str | None:
    """An external refund that was pending has been decided."""
    transactions = []
    match news.state:
        case RefundState.PENDING:
            return NOTHING_NEW
        case RefundState.SUCCEEDED:
            transactions = give_back(payment, refund)
        case RefundState.FAILED:
            call_off(payment, refund, Stands.FAILED, code=news.code, why=news.why)
        case RefundState.CANCELED:
            call_off(payment, refund, Stands.CANCELED, code=news.code, why=news.why)
    step = refund_step(payment, refund, attempts_of(payment), transactions=transactions, at=now)
    return f"{refund.public_id} {refund.state}" if write(step) is Written.WRITTEN else None


def _external(
    payment: Payment, refunds: list[Refund], news: RefundReported, *, now: datetime
) -> str | None:
    """A refund that we did not ask for becomes ours; None when it must be read again."""
    in_flight = [r for r in refunds if r.state == Stands.PENDING and not r.psp_reference]
    if any(news.amount in (None, refund.money) for refund in in_flight):
        raise NotYet(f"{news.reference} may be {in_flight[0].public_id}, whose answer is awaited")
    if news.amount is None:
        raise Quarantined(f"{news.reference} is a refund that we do not know, of an unknown amount")
    if news.amount.currency != payment.currency:
        raise Quarantined(f"{payment.public_id} is in {payment.currency}, {news.reference} is not")
    if payment.amount_disputed and news.state == RefundState.PENDING:
        raise NotYet(f"a dispute holds {payment.public_id}, and {news.reference} is not decided")
    refund = Refund(
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        livemode=payment.livemode,
        amount=news.amount.minor,
        currency=payment.currency,
        source=Refund.Source.PSP,
        psp=payment.psp,
        of_reference=news.psp_reference or payment.psp_reference,
        captured=max(payment.amount_captured, news.amount.minor),
        fee=fee_of(payment, at=now),
        psp_reference=news.reference,
        created_at=now,
    )
    transactions = []
    payment.amount_refund_pending += refund.amount
    match news.state:
        case RefundState.PENDING:
            pass
        case RefundState.SUCCEEDED:
            transactions = give_back(payment, refund)
        case RefundState.FAILED:  # It may have succeeded before, and we hear of that later.
            call_off(payment, refund, Stands.FAILED, code=news.code, why=news.why)
        case RefundState.CANCELED:
            call_off(payment, refund, Stands.CANCELED, code=news.code, why=news.why)
    step = refund_step(
        payment, refund, attempts_of(payment), transactions=transactions, at=now, new=True
    )
    try:
        written = write(step)
    except IntegrityError as error:
        if refund.amount <= payment.amount_captured and in_flight:
            raise NotYet(f"{news.reference} and one of ours are more than was taken") from None
        raise Quarantined(
            f"{news.reference} of {news.amount}: {str(error).partition(chr(10))[0]}"
        ) from None
    return f"{refund.public_id} is external" if written is Written.WRITTEN else None
