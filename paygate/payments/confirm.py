"""Finish an authorization after the customer has acted (3-D Secure, redirect)."""

from __future__ import annotations

from datetime import datetime

from paygate.payments.begin import begin
from paygate.payments.create import Claimed
from paygate.payments.models import Operation, Payment
from paygate.payments.write import BindKey


def confirm(
    payment: Payment, *, result: dict[str, str], bind: BindKey | None, now: datetime
) -> Claimed:
    """Claim a confirm; `result` is what the customer's browser brought back to the return_url.

    Raises UnableToProceed and KeyTaken.
    """
    return begin(
        payment,
        Operation.CONFIRM,
        Payment.begin_confirm,
        amount=payment.amount,
        result=result,
        bind=bind,
        now=now,
    )
