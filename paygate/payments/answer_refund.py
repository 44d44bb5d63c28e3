"""What an outcome means for a refund and its payment: state, amounts, books, events and reply. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

from kernel.money import Money
from kernel.outbox.record import Event
from ledger.recipes import refunds as recipes
from ledger.recipes.fees import refund_fee_charged, refund_fee_returned
from ledger.transaction import Transaction
from merchants.fees import refund_fee
from paygate.payments.answered import close, plain, stored_reply
from paygate.payments.convert import with_conversions
from paygate.payments.looks import next_look
from paygate.payments.models import Attempt, Payment, Refund, RefundState, Result
from paygate.payments.render import render, render_refund
from paygate.payments.reply import reply_to
from paygate.payments.write import Step
from paygate.psp.gateway import (
    ActionRequired,
    Approved,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Unknown,
)


def answer_refund(
    payment: Payment, attempt: Attempt, others: Sequence[Attempt], outcome: Outcome, *, at: datetime
) -> Step:
    """The step that settles an attempt to refund. `attempt.refund` is the refund it is to bring about."""
    refund = attempt.refund
    assert refund is not None
    transactions: list[Transaction] = []
    match outcome:
        case Approved():
            close(attempt, Result.APPROVED, at, outcome.psp_code, outcome.psp_message)
            attempt.psp_reference = refund.psp_reference = outcome.psp_reference
            transactions = give_back(payment, refund)
        case Declined():
            attempt.decline_code = outcome.code
            attempt.psp_reference = outcome.psp_reference
            refund.psp_reference = outcome.psp_reference or refund.psp_reference
            close(attempt, Result.DECLINED, at, outcome.psp_code, outcome.psp_message)
            why = attempt.psp_message or "The PSP refused the refund; nothing was given back."
            call_off(payment, refund, RefundState.FAILED, code=outcome.code, why=why)
        case NotSent():
            close(attempt, Result.NOT_SENT, at, "", outcome.why)
            why = "The PSP certainly did not execute this; nothing was given back."
            call_off(payment, refund, RefundState.FAILED, code="psp_unavailable", why=why)
        case Pending():
            attempt.outcome = Result.PENDING
            attempt.psp_message = plain(outcome.why)
            attempt.psp_reference = refund.psp_reference = outcome.psp_reference
            attempt.next_look_at = next_look(at)
        case (
            Unknown() | ActionRequired()
        ):  # There is nothing that a customer could do about a refund.
            attempt.outcome = Result.UNKNOWN
            attempt.psp_message = plain(getattr(outcome, "why", "the PSP asks for the customer"))
            attempt.next_look_at = next_look(at)
        case _:
            assert_never(outcome)
    return refund_step(
        payment, refund, [*others, attempt], transactions=transactions, at=at, closes=attempt
    )


def refund_step(
    payment: Payment,
    refund: Refund,
    attempts: Sequence[Attempt],
    *,
    at: datetime,
    transactions: Sequence[Transaction] = (),
    closes: Attempt | None = None,
    new: bool = False,
) -> Step:
    """The step that writes a refund that was made or changed, and its payment with it.

    `attempts` are all of the payment's. It changes the sequences of both.
    """
    expected = payment.sequence
    payment.sequence += 1
    payment.updated_at = at
    if not new:
        refund.sequence += 1
    refund.updated_at = at
    posted = with_conversions(payment, transactions)
    shown = render_refund(refund)
    said = reply_to(payment, closes, shown) if closes else None
    return Step(
        payment=payment,
        expected=expected,
        at=at,
        closes=closes,
        refund=refund,
        transactions=posted,
        events=refund_events(payment, refund, shown, render(payment, attempts), at=at, new=new),
        said=said,
        reply=stored_reply(payment, closes, said) if closes and said else None,
    )


def refund_events(
    payment: Payment,
    refund: Refund,
    shown: dict[str, Any],
    payment_shown: dict[str, Any],
    *,
    at: datetime,
    new: bool = False,
) -> list[Event]:
    """What is told of a change of a refund: the refund, and the payment whose amounts it changed."""
    topic = "refund.updated" if refund.state == RefundState.PENDING else f"refund.{refund.state}"
    return [
        Event(
            merchant_id=refund.merchant_id,
            livemode=refund.livemode,
            topic="refund.created" if new else topic,
            subject=refund.public_id,
            sequence=refund.sequence,
            body=shown,
            at=at,
        ),
        Event(
            merchant_id=payment.merchant_id,
            livemode=payment.livemode,
            topic="payment.updated",
            subject=payment.public_id,
            sequence=payment.sequence,
            body=payment_shown,
            at=at,
        ),
    ]


def give_back(payment: Payment, refund: Refund) -> list[Transaction]:
    """What was reserved is given back: the amounts, and what goes into the books."""
    payment.amount_refund_pending -= refund.amount
    payment.amount_refunded += refund.amount
    refund.succeed()
    charged = [refund_fee_charged(**_fee_as_booked(refund))] if refund.fee else []
    return [recipes.refund_succeeded(**_as_booked(refund)), *charged]


def call_off(payment: Payment, refund: Refund, into: RefundState, *, code: str, why: str) -> None:
    """What was reserved is the merchant's again."""
    payment.amount_refund_pending -= refund.amount
    refund.failure_code, refund.failure_message = plain(code), plain(why)
    if into == RefundState.CANCELED:
        refund.cancel()
    else:
        refund.fail()


def come_back(payment: Payment, refund: Refund, *, code: str, why: str) -> list[Transaction]:
    """A refund that had succeeded came back: the amounts, and what goes into the books."""
    payment.amount_refunded -= refund.amount
    refund.failure_code, refund.failure_message = plain(code), plain(why)
    refund.come_back()
    returned = [refund_fee_returned(**_fee_as_booked(refund))] if refund.fee else []
    return [recipes.refund_failed(**_as_booked(refund)), *returned]


def fee_of(payment: Payment, *, at: datetime) -> int:
    """What we charge for a refund of the payment that is asked for `at` that moment, in minor units."""
    fee = refund_fee(
        payment.merchant_id, currency=payment.currency, psp=payment.psp, at=at, **payment.card
    )
    return fee.minor


def _as_booked(refund: Refund) -> dict[str, Any]:
    """What the recipes of refunds want to know of one."""
    return {
        "merchant": refund.merchant_id,
        "livemode": refund.livemode,
        "psp": refund.psp,
        "source": refund.public_id,
        "amount": refund.money,
    }


def _fee_as_booked(refund: Refund) -> dict[str, Any]:
    """What the recipes of refunds' fees want to know of one."""
    return {
        "merchant": refund.merchant_id,
        "livemode": refund.livemode,
        "source": refund.public_id,
        "fee": Money(refund.fee, refund.currency),
    }
