"""Let go of what is held, or of the question to the customer."""

from __future__ import annotations

from datetime import datetime

from paygate.payments.begin import begin
from paygate.payments.create import Claimed
from paygate.payments.models import Operation, Payment
from paygate.payments.write import BindKey


def cancel(payment: Payment, *, bind: BindKey | None, now: datetime) -> Claimed:
    """Claim a cancel. Raises UnableToProceed and KeyTaken."""
    return begin(
        payment, Operation.CANCEL, Payment.begin_cancel, amount=payment.amount, bind=bind, now=now
    )
