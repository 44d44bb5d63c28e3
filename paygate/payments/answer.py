"""What an outcome means for a payment: state, amounts, books, event and reply. Pure; nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from kernel.ids import uuid7
from kernel.money import Money
from kernel.outbox.record import Event
from ledger.recipes.payments import payment_captured
from ledger.transaction import Transaction
from merchants.fees import processing_fee
from paygate.payments.answer_refund import answer_refund
from paygate.payments.answered import close, plain, stored_reply
from paygate.payments.convert import with_conversions
from paygate.payments.looks import next_look
from paygate.payments.models import Attempt, Operation, Payment, Result
from paygate.payments.render import render
from paygate.payments.reply import reply_to
from paygate.payments.write import Step
from paygate.psp.gateway import (
    ActionRequired,
    Approved,
    DeclineCode,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Unknown,
)

CUSTOMERS_TIME = timedelta(hours=24)  # To finish 3-D Secure.
ANOTHER_TRY = timedelta(hours=1)  # Until what could not be let lapse is tried again.
HELD_FOR = timedelta(days=7)  # Where the PSP does not say (Adyen): what all card schemes grant.

DECLINED = {
    "insufficient_funds": "The card has insufficient funds.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card's security code is incorrect.",
    "lost_card": "The card was declined.",  # The payer is not told that the card is reported lost.
    "stolen_card": "The card was declined.",
    "authentication_failed": "The customer could not be authenticated.",
    "authentication_required": "The bank requires the customer to authenticate.",
    "currency_not_supported": "The card or the PSP does not support this currency.",
    "invalid_payment_method": "The PSP does not know this payment method.",
    "invalid_request": "The PSP refused the request; see psp_message.",
    "already_captured": "The PSP says that the money was taken.",
    "invalid_state": "The PSP says that the payment is not in a state for this.",
}


def answer(
    payment: Payment, attempt: Attempt, others: Sequence[Attempt], outcome: Outcome, *, at: datetime
) -> Step:
    """The step that settles `attempt` by `outcome`. `others` are the payment's other attempts."""
    if attempt.operation == Operation.REFUND:
        return answer_refund(payment, attempt, others, outcome, at=at)
    expected = payment.sequence
    transactions: list[Transaction] = []
    opens: Attempt | None = None
    match outcome:
        case Approved():
            transactions = _approved(payment, attempt, outcome, at=at)
            close(attempt, Result.APPROVED, at, outcome.psp_code, outcome.psp_message)
            attempt.psp_reference = outcome.psp_reference
        case ActionRequired():
            payment.psp_reference = outcome.psp_reference or payment.psp_reference
            payment.next_action = {
                "type": outcome.type,
                "url": outcome.url,
                "method": outcome.method,
                "data": dict(outcome.data),
            }
            payment.expires_at = max(payment.created_at + CUSTOMERS_TIME, at + ANOTHER_TRY)
            payment.ask_customer()
            close(attempt, Result.ACTION_REQUIRED, at)
        case Declined():
            attempt.decline_code = outcome.code
            attempt.psp_reference = outcome.psp_reference
            close(attempt, Result.DECLINED, at, outcome.psp_code, outcome.psp_message)
            payment.last_error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": str(outcome.code),
                "psp_code": attempt.psp_code or None,
                "message": DECLINED.get(outcome.code, "The card was declined."),
            }
            if outcome.code == DeclineCode.ALREADY_CAPTURED and not payment.amount_authorized:
                opens = _inquiry(payment, at)
            else:
                _refused(payment, attempt)
        case NotSent():
            close(attempt, Result.NOT_SENT, at, "", outcome.why)
            payment.last_error = {
                "type": "api_error",
                "code": "psp_unavailable",
                "decline_code": None,
                "psp_code": None,
                "message": "The PSP certainly did not execute this; nothing was charged.",
            }
            _not_executed(payment, attempt, at)
        case Pending() | Unknown():
            attempt.outcome = Result.PENDING if isinstance(outcome, Pending) else Result.UNKNOWN
            attempt.psp_message = plain(outcome.why)
            attempt.next_look_at = next_look(at)
        case _:
            assert_never(outcome)
    payment.sequence = expected + 1
    payment.updated_at = at
    transactions = with_conversions(payment, transactions)
    shown = render(payment, [*others, attempt, *([opens] if opens else [])])
    said = reply_to(payment, attempt, shown)
    return Step(
        payment=payment,
        expected=expected,
        at=at,
        opens=opens,
        closes=attempt,
        transactions=transactions,
        events=[changed(payment, shown, at=at)],
        said=said,
        reply=stored_reply(payment, attempt, said),
    )


def step_of(
    payment: Payment,
    attempts: Sequence[Attempt],
    transactions: Sequence[Transaction],
    *,
    at: datetime,
    topic: str = "",
) -> Step:
    """The step of a change that no attempt of ours brought about. `attempts` are all of the payment's."""
    expected = payment.sequence
    payment.sequence += 1
    payment.updated_at = at
    posted = with_conversions(payment, transactions)
    return Step(
        payment=payment,
        expected=expected,
        at=at,
        transactions=posted,
        events=[changed(payment, render(payment, attempts), at=at, topic=topic)],
    )


def changed(payment: Payment, shown: dict[str, Any], *, at: datetime, topic: str = "") -> Event:
    """The event of a change: the payment as it is `shown` after it."""
    return Event(
        merchant_id=payment.merchant_id,
        livemode=payment.livemode,
        topic=topic or f"payment.{payment.state}",
        subject=payment.public_id,
        sequence=payment.sequence,
        body=shown,
        at=at,
    )


def _approved(
    payment: Payment, attempt: Attempt, outcome: Approved, *, at: datetime
) -> list[Transaction]:
    """What is now true of the money."""
    match attempt.operation:
        case Operation.AUTHORIZE | Operation.CONFIRM:
            payment.psp_reference = outcome.psp_reference
            payment.next_action = None
            payment.amount_authorized = outcome.amount.minor
            payment.expires_at = None if outcome.captured else outcome.expires_at or at + HELD_FOR
            if not outcome.captured:
                payment.hold()
                return []
            return _take(payment, attempt, outcome.amount, at=at)
        case Operation.CAPTURE:
            return _take(payment, attempt, outcome.amount, at=at)
        case Operation.CANCEL:
            payment.next_action = None
            payment.expires_at = None
            payment.cancel()
        case Operation.EXPIRE:
            _lapse(payment)
    return []


def _take(payment: Payment, attempt: Attempt, taken: Money, *, at: datetime) -> list[Transaction]:
    """Book what was taken. The fee is that on the sum so far, less what earlier captures paid of it."""
    payment.amount_captured += taken.minor
    fee_so_far = processing_fee(
        payment.merchant_id,
        psp=payment.psp,
        amount=payment.money(payment.amount_captured),
        at=at,
        livemode=payment.livemode,
        **payment.card,
    )
    # Terms may have changed in between; what was taken is booked all the same.
    fee = min(taken, max(payment.money(0), fee_so_far - payment.money(payment.fee)))
    payment.fee += fee.minor
    payment.last_error = None
    if attempt.final or payment.amount_captured == payment.amount_authorized:
        payment.expires_at = None
        payment.take()
    else:
        payment.take_part()
    return [
        payment_captured(
            merchant=payment.merchant_id,
            livemode=payment.livemode,
            psp=payment.psp,
            source=attempt.public_id,
            gross=taken,
            fee=fee,
        )
    ]


def _inquiry(payment: Payment, at: datetime) -> Attempt:
    """The customer finished at the bank while we let go: the PSP is asked how the payment stands.

    The payment goes on being processed; `resolve` takes the attempt within a second.
    """
    return Attempt(
        id=uuid7(),
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        operation=Operation.CONFIRM,
        psp=payment.psp,
        amount=payment.amount,
        route={"because": "the PSP would not let go: the money was taken"},
        started_at=at,
        next_look_at=at,
    )


def _refused(payment: Payment, attempt: Attempt) -> None:
    """The PSP said no. An authorization fails by it; what was held before stays as it was."""
    if attempt.charges:
        payment.next_action = None
        payment.fail()
    elif attempt.operation == Operation.EXPIRE:
        if attempt.decline_code == DeclineCode.ALREADY_CAPTURED and not payment.amount_captured:
            payment.expires_at = (
                None  # Taken, and not by us: nothing lapsed, reconciliation will say.
            )
            _back(payment)
        else:
            _lapse(payment)  # There was nothing left to release: that is what lapsed means.
    else:
        _back(payment)


def _not_executed(payment: Payment, attempt: Attempt, at: datetime) -> None:
    if attempt.operation == Operation.AUTHORIZE:
        payment.fail()
        return
    if attempt.operation == Operation.EXPIRE:
        payment.expires_at = at + ANOTHER_TRY  # Or it would be tried, and told, every few seconds.
    _back(payment)


def _lapse(payment: Payment) -> None:
    payment.expires_at = None
    payment.next_action = None
    if payment.amount_captured:
        payment.take()  # What was taken stays taken; the rest has lapsed.
    else:
        payment.expire()


def _back(payment: Payment) -> None:
    """To where the payment was before the attempt began."""
    if not payment.amount_authorized:
        payment.ask_customer()
    elif payment.amount_captured:
        payment.take_part()
    else:
        payment.hold()
