"""A cost that a PSP charged for a payment, and its merchant bears: booked, and converted where the payment is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.db import require_transaction
from ledger.post import post
from ledger.transaction import Transaction
from paygate.payments.answer import step_of
from paygate.payments.find import attempts_of
from paygate.payments.models import Payment
from paygate.payments.write import Written, write_many
from paygate.psp.events import NotYet


def pass_on(merchant_id: UUID, payment_id: UUID, cost: Transaction, *, at: datetime) -> None:
    """Post the transaction about the payment, in the caller's own. `at` is when the PSP charged it.

    A payment that is converted keeps what was converted of it, so this is a change of it. Raises NotYet when it
    changed in this very moment: then the whole transaction is to be done again.
    """
    require_transaction("A cost that is passed on")
    payment = Payment.objects.get(merchant_id=merchant_id, id=payment_id)
    if payment.conversion is None:
        post(cost, effective_at=at)
        return
    later = max(at, payment.updated_at)  # A charge is learned of days after it was made.
    step = step_of(payment, attempts_of(payment), [cost], at=later, topic="payment.updated")
    if write_many([step]) != [Written.WRITTEN]:
        raise NotYet(f"{payment.public_id} is changing")
