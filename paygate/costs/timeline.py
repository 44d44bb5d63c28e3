"""What a PSP charged us for a payment."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.ids import encode
from kernel.money import Money
from kernel.timeline import MOST, About, Moment
from paygate.costs.models import PspCharge


def tell(about: About) -> Iterable[Moment]:
    """Each charge, when the PSP made it."""
    charges = PspCharge.objects.filter(
        merchant_id=about.merchant_id, payment_id=about.payment_id
    ).order_by("-id")[:MOST]
    for charge in charges:
        yield Moment(
            charge.charged_at,
            f"{charge.psp.capitalize()} charged us {Money(charge.amount, charge.currency)}",
            charge.reference,
            booked_as=(f"{encode('pay', about.payment_id)}:{charge.reference}",),
        )
