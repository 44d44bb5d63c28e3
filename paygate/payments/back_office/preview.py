"""Who pays for a refund, before it is asked for. Nothing is changed, and nothing is reserved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from ledger.journal import render
from ledger.recipes.fees import refund_fee_charged
from ledger.recipes.refunds import refund_succeeded
from paygate.fx.conversion import ORIGINAL, Conversion
from paygate.payments.answer_refund import fee_of
from paygate.payments.back_office.page import Read
from paygate.payments.back_office.words import called, card
from paygate.payments.begin import UnableToProceed
from paygate.payments.models import Payment
from paygate.payments.refund import amount_of, taken_by


@dataclass(frozen=True, slots=True)
class Line:
    """Whose money it is, how much, and what is to be known about that."""

    who: str
    amount: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund of `amount` would do; where it cannot be done, `refused` says why and there is nothing else."""

    amount: Money
    lines: tuple[Line, ...] = ()
    warnings: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    refused: str = ""


def preview(read: Read, amount: Money, *, at: datetime) -> Preview:
    """By the fees that are agreed on at that moment."""
    payment = read.payment
    try:
        _check(read, amount)
    except UnableToProceed as refusal:
        return Preview(amount, refused=refusal.message)
    fee = payment.money(fee_of(payment, at=at))
    available = balance(
        payment.merchant_id,
        livemode=payment.livemode,
        account=chart.merchant_available(),
        currency=payment.currency,
    )
    return Preview(
        amount,
        lines=tuple(_lines(payment, amount, fee)),
        warnings=tuple(_warnings(payment, available, amount + fee)),
        journal=tuple(_journal(payment, amount, fee)),
    )


def _check(read: Read, amount: Money) -> None:
    """What the verb would say of it now. Raises UnableToProceed."""
    taken_by(read.payment, read.attempts, amount_of(read.payment, amount.minor))


def _lines(payment: Payment, amount: Money, fee: Money) -> Iterable[Line]:
    on = card(payment.card.get("brand", ""), payment.last4)
    yield Line("The customer gets", str(amount), f"on {on or 'the card'}, by {called(payment.psp)}")
    yield Line("The merchant's balance is debited", str(amount + fee), _converted(payment))
    charged = "charged when the refund succeeds" if fee else "none was agreed"
    yield Line("Of that our refund fee", str(fee), charged)
    if payment.fee:
        kept = payment.money(payment.fee)
        yield Line("Our processing fee", str(kept), "taken at the capture, and not given back")
    left = payment.money(payment.refundable) - amount
    yield Line("Left to be given back", str(left))


def _converted(payment: Payment) -> str:
    if payment.conversion is None:
        return ""
    conversion = Conversion.from_json(payment.conversion)
    rate = "the rate of its capture" if conversion.refund_rate == ORIGINAL else "today's rate"
    return f"in {conversion.to}, at {rate}"


def _warnings(payment: Payment, available: Money, debited: Money) -> Iterable[str]:
    if payment.conversion is not None or available >= debited:
        return
    has = f"has {available} available" if available.minor >= 0 else f"owes us {-available} already"
    yield f"The merchant {has}: after this they owe us {debited - available}, until payments cover it."


def _journal(payment: Payment, amount: Money, fee: Money) -> Iterable[str]:
    """What would be posted when it succeeds, as a bookkeeper writes it."""
    booked: dict[str, Any] = {
        "merchant": payment.merchant_id,
        "livemode": payment.livemode,
        "source": "the refund",
    }
    yield render(refund_succeeded(**booked, psp=payment.psp, amount=amount))
    if fee:
        yield render(refund_fee_charged(**booked, fee=fee))
