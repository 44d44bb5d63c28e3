"""Authorizations lapse. What is past its time is released at the PSP and becomes `expired`.

The same holds for a customer who never finished 3-D Secure. The PSP is asked to let go even though its own
clock has probably done so: "it is not there any more" is as good an answer as "released".
"""

from __future__ import annotations

from datetime import datetime

from paygate.payments.begin import UnableToProceed, begin
from paygate.payments.create import Claimed
from paygate.payments.models import Operation, Payment, State

LAPSING = [State.AUTHORIZED, State.PARTIALLY_CAPTURED, State.REQUIRES_ACTION]


def expire(payment: Payment, *, now: datetime) -> Claimed:
    """Claim the release of one. Raises UnableToProceed."""
    return begin(
        payment, Operation.EXPIRE, Payment.begin_expire, amount=payment.amount, bind=None, now=now
    )


def expire_due(*, now: datetime, most: int = 200) -> list[Claimed]:
    """Claim the release of everything past its time; the attempts are to be carried out."""
    claimed = []
    for payment in Payment.objects.filter(state__in=LAPSING, expires_at__lte=now).order_by(
        "expires_at"
    )[:most]:
        try:
            claimed.append(expire(payment, now=now))
        except UnableToProceed:
            continue  # Captured or canceled in this very moment: then it has not lapsed.
    return claimed
