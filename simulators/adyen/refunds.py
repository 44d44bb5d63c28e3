"""Refunds at Adyen: received at once, made or refused a moment later, and sometimes back after days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulators.adyen.fields import Body, units
from simulators.adyen.notices import Notices
from simulators.adyen.payments import TOO_MUCH, Payment, Payments, same_currency
from simulators.clock import Clock

SECONDS = 1.0  # From "received" to the refund.


@dataclass(slots=True)
class Refund:
    """The amount is in Adyen's minor units."""

    psp: str
    payment: Payment
    amount: int
    reference: str  # The merchant's; the payment's where it was made in the Customer Area.
    attempt: str
    due: float
    capture: str = ""  # The one that is to be given back, where the request names one.
    reversal: bool = False  # Asked for by /reversals, and so told.
    made: bool = False
    failed: bool = False


class Refunds:
    """The refunds of the company account."""

    def __init__(
        self,
        clock: Clock,
        payments: Payments,
        notices: Notices,
        new_reference: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._payments = payments
        self._notices = notices
        self._new_reference = new_reference
        self._all: list[Refund] = []
        self._due: list[Refund] = []

    def ask(
        self, payment: Payment, amount: Body, *, reference: str, attempt: str, capture: str = ""
    ) -> str:
        """Receive a request for a refund; whether it can be made is seen when it is due."""
        same_currency(payment, amount)
        return self._receive(payment, amount["value"], reference, attempt, capture=capture)

    def reverse(self, payment: Payment, *, reference: str, attempt: str) -> str:
        """Give all that is left back, in answer to a reversal."""
        return self._receive(payment, payment.left, reference, attempt, reversal=True)

    def make_by_hand(self, payment: Payment, amount: int | None) -> str:
        """In the Customer Area; `amount` is in ISO minor units, None is all that is left.

        Raises ValueError when there is not so much.
        """
        value = payment.left if amount is None else units(amount, payment.currency)
        if not 0 < value <= payment.left:
            raise ValueError(f"{payment.reference} has {payment.left} left to give back")
        return self._receive(payment, value, payment.reference, "")

    def fail(self, *, payment: Payment | None = None, refund: str = "") -> str:
        """The newest refund that was made, of the payment or by that reference, comes back. Raises LookupError."""
        for made in reversed(self._all):
            named = refund in (made.psp, made.reference) if refund else made.payment is payment
            if named and made.made and not made.failed:
                made.failed = True
                made.payment.refunded -= made.amount
                self._book("refund_failed", made)
                self._tell("REFUND_FAILED", made, reason="Refund Failed")
                return made.psp
        raise LookupError("no refund of it was made")

    def pass_time(self) -> None:
        """Make or refuse what is due."""
        now = self._clock.timestamp()
        due = [refund for refund in self._due if refund.due <= now]
        if due:
            self._due = [refund for refund in self._due if refund.due > now]
        for refund in due:
            self._settle(refund)

    def _receive(
        self,
        payment: Payment,
        value: int,
        reference: str,
        attempt: str,
        *,
        capture: str = "",
        reversal: bool = False,
    ) -> str:
        due = self._clock.timestamp() + SECONDS
        psp = self._new_reference()
        refund = Refund(psp, payment, value, reference, attempt, due, capture, reversal)
        self._all.append(refund)
        self._due.append(refund)
        return psp

    def _settle(self, refund: Refund) -> None:
        payment = refund.payment
        event = "CANCEL_OR_REFUND" if refund.reversal else "REFUND"
        if reason := _obstacle(refund):
            self._tell(event, refund, success=False, reason=reason)
            return
        refund.made = True
        payment.refunded += refund.amount
        self._book("refunded", refund)
        self._tell(event, refund)

    def _book(self, kind: str, refund: Refund) -> None:
        self._payments.book(
            kind,
            refund.payment,
            refund.amount,
            refund.attempt,
            refund.psp,
            ours=refund.reference,
        )

    def _tell(self, event: str, refund: Refund, *, success: bool = True, reason: str = "") -> None:
        self._notices.tell(
            event,
            refund.payment,
            psp=refund.psp,
            amount=refund.amount,
            reference=refund.reference,
            success=success,
            reason=reason,
            additional={"modification.action": "refund"} if refund.reversal else None,
        )


def _obstacle(refund: Refund) -> str:
    """Why it cannot be made; empty when it can."""
    payment = refund.payment
    if not payment.captured:
        return "Transaction hasn't been captured, refund not possible"
    if payment.contested:
        return "Payment is disputed, refund not possible"
    if refund.capture and refund.capture not in {c.psp for c in payment.captures if not c.failed}:
        return "Capture not found"
    if refund.amount > payment.left:
        return TOO_MUCH
    return ""
