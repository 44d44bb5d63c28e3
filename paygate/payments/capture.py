"""Take what is held, whole or in parts."""

from __future__ import annotations

from datetime import datetime

from paygate.payments.begin import UnableToProceed, begin
from paygate.payments.create import Claimed
from paygate.payments.models import Operation, Payment
from paygate.payments.write import BindKey


def capture(
    payment: Payment, *, amount: int | None, final: bool, bind: BindKey | None, now: datetime
) -> Claimed:
    """Claim a capture of `amount` minor units (default: all that is left).

    With `final` the rest is released; a capture of all that is left is always final. Raises
    UnableToProceed and KeyTaken.
    """
    left = payment.capturable
    taking = left if amount is None else amount
    if left and taking > left:
        raise UnableToProceed(
            payment,
            "amount_too_large",
            f"{payment.money(left)} of {payment.public_id} can be captured, not {payment.money(taking)}.",
        )
    return begin(
        payment,
        Operation.CAPTURE,
        Payment.begin_capture,
        amount=taking or payment.amount,
        final=final or taking == left,
        bind=bind,
        now=now,
    )
