"""Finish an authorization after the customer has acted (3-D Secure, redirect).

The PSP's own news may have been quicker than the shop, and then we have asked already: that is no conflict, it
is the answer.
"""

from __future__ import annotations

from datetime import datetime

from paygate.payments.begin import UnableToProceed, begin
from paygate.payments.create import Claimed
from paygate.payments.find import attempts_of
from paygate.payments.models import Attempt, Operation, Payment
from paygate.payments.write import BindKey


class AlreadyConfirmed(Exception):
    """The PSP told us that the customer was done, and `attempt` has asked it, or is asking, how it ended."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(f"{attempt.public_id} asks already")
        self.attempt = attempt


def confirm(
    payment: Payment, *, result: dict[str, str], bind: BindKey | None, now: datetime
) -> Claimed:
    """Claim a confirm; `result` is what the customer's browser brought back to the return_url.

    Raises AlreadyConfirmed, UnableToProceed and KeyTaken.
    """
    try:
        return begin(
            payment,
            Operation.CONFIRM,
            Payment.begin_confirm,
            amount=payment.amount,
            result=result,
            bind=bind,
            now=now,
        )
    except UnableToProceed as refusal:
        asked = [
            attempt
            for attempt in attempts_of(refusal.payment)
            if attempt.operation == Operation.CONFIRM
        ]
        if asked and not asked[-1].idempotency_key:
            raise AlreadyConfirmed(asked[-1]) from None
        raise
