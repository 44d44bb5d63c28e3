"""Whose payment is it? News of a PSP name it by a reference, and say nothing of our merchants."""

from __future__ import annotations

from datetime import timedelta

from kernel.ids import InvalidId, decode
from paygate.payments.models import Attempt, Operation, Payment
from paygate.psp.events import NotYet, Quarantined

UNTIL_IT_IS_KNOWN = timedelta(hours=1)  # By then an answer that was lost has been looked up.


def locate(psp: str, *, livemode: bool, psp_reference: str = "", payment: str = "") -> Payment:
    """The payment that a PSP calls `psp_reference`, or repeats our "pay_…" of.

    Where it says both, both must be the same payment's. Raises NotYet for one that we do not know: news may
    overtake the answer to our own call, or that answer be lost and not found again yet. Raises Quarantined
    for one that is another PSP's, of the other mode, or called otherwise.
    """
    known = _by_our_id(payment) if payment else None
    found = known or (_by_reference(psp, livemode, psp_reference) if psp_reference else None)
    name = " ".join(filter(None, [payment, psp_reference])) or "a payment without a name"
    if found is None:
        raise NotYet(f"{name}: we know no such payment", patience=UNTIL_IT_IS_KNOWN)
    if (found.psp, found.livemode) != (psp, livemode):
        raise Quarantined(f"{name}: {found.public_id} is another PSP's, or of the other mode")
    if known and psp_reference and not _goes_by(known, psp_reference):
        raise Quarantined(f"{name}: we know {known.public_id} as {known.psp_reference}")
    return found


def _by_our_id(public_id: str) -> Payment | None:
    try:
        return Payment.objects.filter(id=decode("pay", public_id)).first()
    except InvalidId:
        return None


def _by_reference(psp: str, livemode: bool, reference: str) -> Payment | None:
    """By the payment's own; or by a later capture's, which is a transaction of its own at Braintree."""
    found: Payment | None = Payment.objects.filter(
        psp_reference=reference, psp=psp, livemode=livemode
    ).first()
    if found is not None:
        return found
    capture = Attempt.objects.filter(
        operation=Operation.CAPTURE, psp_reference=reference, psp=psp
    ).first()
    if capture is None:
        return None
    return Payment.objects.filter(merchant_id=capture.merchant_id, id=capture.payment_id).first()


def _goes_by(payment: Payment, reference: str) -> bool:
    """May the PSP mean this payment by that? One whose reference we never learned may be anything."""
    if payment.psp_reference in ("", reference):
        return True
    return bool(
        Attempt.objects.filter(
            merchant_id=payment.merchant_id, payment_id=payment.id, psp_reference=reference
        ).exists()
    )
