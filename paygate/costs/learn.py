"""What a PSP did charge for a payment: believed once, booked, and passed on where that is agreed.

This is the door for whoever reads it from a PSP: the poll of Stripe's balance (poll.py), and the reading of the
settlement files of others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.db import atomic
from kernel.ids import InvalidId, decode
from kernel.money import Money
from ledger.post import post
from ledger.recipes.fees import cost_passed_on, psp_fee_charged
from paygate.costs.models import PaymentCost, PspCharge
from paygate.psp.events import NotYet, Quarantined
from paygate.wiring import COSTS_ARE_PASSED_ON_BY, named


def learn(
    psp: str,
    reference: str,
    cost: Money,
    *,
    of: str,
    livemode: bool,
    charged_at: datetime,
    now: datetime,
) -> bool:
    """The PSP charged `cost` for a payment; False when that was known. A cost of nothing is known, and not booked.

    `reference` is the PSP's own, of the charge: "txn_…", a line of a settlement; `of` is the payment: "pay_…", or the
    PSP's reference of it. Learned twice is booked once. Raises NotYet for a payment whose capture we have not been
    told of yet, Quarantined for what contradicts what we know, and ValueError for a cost below zero: what a PSP gives
    back is no cost.
    """
    if cost.minor < 0:
        raise ValueError(f"{reference}: {cost} is no cost")
    whose, payment_id = _found(psp, of, livemode=livemode)
    rows = PaymentCost.objects.filter(merchant_id=whose, payment_id=payment_id)
    with atomic():
        paid = rows.select_for_update().get()
        if paid.currency != cost.currency:
            raise Quarantined(
                f"{paid.public_id} is in {paid.currency}, {reference} in {cost.currency}"
            )
        known = PspCharge.objects.filter(
            merchant_id=whose, psp=psp, livemode=livemode, reference=reference
        ).first()
        if known is not None:
            if (known.payment_id, known.amount) != (paid.payment_id, cost.minor):
                raise Quarantined(f"{reference} was told otherwise before: {known}")
            return False
        PspCharge.objects.create(
            merchant_id=whose,
            payment_id=paid.payment_id,
            livemode=livemode,
            psp=psp,
            reference=reference,
            amount=cost.minor,
            currency=cost.currency,
            charged_at=charged_at,
            learned_at=now,
        )
        rows.update(actual=(paid.actual or 0) + cost.minor)
        if cost:
            _book(paid, reference, cost, at=charged_at)
    return True


def _found(psp: str, of: str, *, livemode: bool) -> tuple[UUID, UUID]:
    """Whose payment it is, and which."""
    try:
        named: dict[str, Any] = {"payment_id": decode("pay", of)}
    except InvalidId:
        named = {"psp_reference": of}
    rows = PaymentCost.objects.filter(psp=psp, livemode=livemode, **named)
    found = list(rows.values_list("merchant_id", "payment_id")[:2])
    if not found:
        raise NotYet(f"we were not told of a capture of {of} at {psp}")
    if len(found) > 1:
        raise Quarantined(f"{of} is two payments of ours")
    return found[0]


def _book(paid: PaymentCost, reference: str, cost: Money, *, at: datetime) -> None:
    """In the books its source is the payment and the charge, "pay_…:txn_…"."""
    source = f"{paid.public_id}:{reference}"
    whose: dict[str, Any] = {
        "merchant": paid.merchant_id,
        "livemode": paid.livemode,
        "source": source,
    }
    post(psp_fee_charged(**whose, psp=paid.psp, fee=cost), effective_at=at)
    if paid.passed_on:
        [pass_on] = named([COSTS_ARE_PASSED_ON_BY])
        pass_on(paid.merchant_id, paid.payment_id, cost_passed_on(**whose, cost=cost), at=at)
