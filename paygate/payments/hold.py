"""What a dispute does to its payment: how much of it is held, or gone for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kernel.db import require_transaction
from ledger.transaction import Transaction
from paygate.payments.answer import step_of
from paygate.payments.find import attempts_of
from paygate.payments.models import Payment
from paygate.payments.write import Stale, Written, write_many


def hold(
    payment: Payment, *, disputed: int, transactions: Sequence[Transaction], at: datetime
) -> None:
    """Let `disputed` minor units be what disputes hold of the payment, or have taken for good, and post.

    In the caller's transaction, with whatever else it writes. Raises Stale when the payment changed since it
    was read: then the whole transaction is to be done again. Without a change it does nothing.
    """
    require_transaction("What a dispute holds")
    if disputed == payment.amount_disputed and not transactions:
        return
    payment.amount_disputed = disputed
    step = step_of(payment, attempts_of(payment), transactions, at=at, topic="payment.updated")
    if write_many([step]) != [Written.WRITTEN]:
        raise Stale
