"""The first beat of a payment: claim. What we are about to ask is written down, under the merchant's key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError

from kernel.ids import encode, uuid7
from kernel.money import Money
from merchants.payment_methods.find import find_card
from paygate.fx.agree import agree
from paygate.fx.quote import USED, used
from paygate.payments.answer import changed
from paygate.payments.looks import first_look
from paygate.payments.models import Attempt, Operation, Payment
from paygate.payments.render import render
from paygate.payments.write import BindKey, Step, Written, write
from paygate.risk.assess import assess
from paygate.routing.choose import choose


@dataclass(frozen=True, slots=True)
class Order:
    """What the merchant asks for."""

    user_id: str
    amount: Money
    payment_method: str
    capture_method: str = "automatic"
    psp: str | None = None
    description: str = ""
    statement_descriptor: str = ""
    return_url: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fx_quote: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Written down; the attempt is to be carried out."""

    payment: Payment
    attempt: Attempt

    @property
    def path(self) -> str:
        """Where the API shows what was claimed."""
        if self.attempt.refund is not None:
            return f"/v1/refunds/{self.attempt.refund.public_id}"
        return f"/v1/payments/{self.payment.public_id}"


class KeyTaken(Exception):
    """The merchant's idempotency key is bound already: answer by what it is bound to."""


def create(
    merchant_id: UUID, order: Order, *, livemode: bool, bind: BindKey | None, now: datetime
) -> Claimed:
    """Claim a new payment in one round trip.

    Raises NoSuchPaymentMethod, UnableToRoute, NoSuchQuote and UnableToUseQuote (nothing is written), and KeyTaken.
    """
    card = find_card(merchant_id, livemode=livemode, payment_method=order.payment_method)
    conversion = agree(merchant_id, order.amount, livemode=livemode, quote=order.fx_quote, at=now)
    payment = Payment(
        merchant_id=merchant_id,
        livemode=livemode,
        amount=order.amount.minor,
        currency=order.amount.currency,
        user_id=order.user_id,
        payment_method=order.payment_method,
        last4=card.last4,
        capture_method=order.capture_method,
        risk=assess(
            amount=order.amount, user_id=order.user_id, payment_method=order.payment_method
        ).as_json()
        | {"card": {"brand": card.brand, "country": card.country}},  # What fees go by.
        description=order.description,
        statement_descriptor=order.statement_descriptor,
        return_url=order.return_url,
        metadata=order.metadata,
        conversion=conversion and conversion.as_json(),
        created_at=now,
        updated_at=now,
        sequence=1,
    )
    choice = choose(
        merchant_id,
        payment.id,
        livemode=livemode,
        tokens=card.tokens,
        currency=order.amount.currency,
        pinned=order.psp,
    )
    payment.psp = choice.psp
    payment.begin()
    attempt = Attempt(
        id=uuid7(),
        merchant_id=merchant_id,
        payment_id=payment.id,
        operation=Operation.AUTHORIZE,
        psp=choice.psp,
        amount=payment.amount,
        token=card.tokens[choice.psp],
        route=choice.reason,
        idempotency_key=bind.key.key if bind else "",
        started_at=now,
        next_look_at=first_look(now),
    )
    shown = render(payment, [attempt])
    step = Step(
        payment=payment,
        expected=None,
        at=now,
        bind=bind,
        opens=attempt,
        events=[changed(payment, shown, at=now, topic="payment.created")],
    )
    try:
        written = write(step)
    except DatabaseError as error:
        if order.fx_quote and getattr(error.__cause__, "sqlstate", "") == USED:
            raise used(
                encode("fxq", order.fx_quote)
            ) from None  # In this very moment, by another one.
        raise
    if written is Written.KEY_TAKEN:
        raise KeyTaken
    return Claimed(payment, attempt)
