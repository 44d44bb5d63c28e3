"""A payment at Adyen, and what can be done to it; each act writes its effect into the books.

The account of this simulator may capture in several parts: what is not captured stays held until it
is cancelled or expires. A modification is only a request: it is always "received", and one that
cannot be carried out has no effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulators.adyen.cards import NOT_AUTHENTICATED, Card
from simulators.adyen.errors import unprocessable
from simulators.adyen.fields import Body, iso_minor
from simulators.books import Books
from simulators.clock import Clock

HOLD_SECONDS = 28 * 24 * 3600  # The longest captureDelayHours, 672, is taken for the lifetime.


@dataclass(slots=True)
class Payment:
    """Amounts are in Adyen's minor units. `result` is empty while the customer is at the issuer."""

    reference: str
    merchant_account: str
    amount: int
    currency: str
    card: Card
    attempt: str  # The key of the request that began it.
    capture_delay: float | None  # Seconds until it is captured by itself; None is by hand.
    return_url: str
    psp: str = ""
    result: str = ""  # "Authorised", "Refused", "Error", "Cancelled"
    refusal: int | None = None
    held: int = 0
    captured: int = 0
    authorised_at: float = 0.0
    page: str = ""
    token: str = ""  # The redirectResult, once the customer has come back.
    authenticated: bool | None = None


class Payments:
    """The payments of the company account."""

    def __init__(self, clock: Clock, books: Books, new_reference: Callable[[], str]) -> None:
        self._clock = clock
        self._books = books
        self._new_reference = new_reference
        self._by_psp: dict[str, Payment] = {}
        self._by_reference: dict[str, list[Payment]] = {}
        self._by_page: dict[str, Payment] = {}
        self._by_token: dict[str, Payment] = {}

    def begin(self, body: Body, card: Card, *, attempt: str) -> Payment:
        """Authorise, or send the customer to the issuer first."""
        manual = body.get("additionalData", {}).get("manualCapture") == "true"
        payment = Payment(
            reference=body["reference"],
            merchant_account=body["merchantAccount"],
            amount=body["amount"]["value"],
            currency=body["amount"]["currency"],
            card=card,
            attempt=attempt,
            capture_delay=None if manual else float(body.get("captureDelayHours") or 0) * 3600,
            return_url=body["returnUrl"],
        )
        self._by_reference.setdefault(payment.reference, []).append(payment)
        if card.authentication:
            payment.page = self._new_reference()
            self._by_page[payment.page] = payment
        else:
            self._authorise(payment, card.refusal, attempt=attempt)
        return payment

    def _authorise(self, payment: Payment, refusal: int | None, *, attempt: str) -> None:
        payment.psp = self._new_reference()
        self._by_psp[payment.psp] = payment
        if refusal is not None:
            payment.result, payment.refusal = "Refused", refusal
            self._book("declined", payment, payment.amount, attempt)
            return
        payment.result, payment.held = "Authorised", payment.amount
        payment.authorised_at = self._clock.timestamp()
        self._book("authorized", payment, payment.amount, attempt)
        if payment.capture_delay == 0:
            self._take(payment, payment.amount, attempt, payment.psp)

    # ------------------------------------------------------------------------------------ 3-D Secure

    def at_page(self, page: str) -> Payment | None:
        return self._by_page.get(page)

    def authenticate(self, payment: Payment, *, completed: bool) -> None:
        """The customer pressed a button; only the first time counts."""
        if not payment.token:
            payment.authenticated = completed
            payment.token = self._new_reference()
            self._by_token[payment.token] = payment

    def finish(self, token: str, *, attempt: str) -> Payment:
        """Authorise what the customer has authenticated. Raises AdyenError for an unknown token."""
        payment = self._by_token.get(token)
        if payment is None:
            raise unprocessable("14_018", "Invalid payload provided.")
        if not payment.result:  # Asked again, the answer is the same and nothing moves.
            refusal = payment.card.refusal if payment.authenticated else NOT_AUTHENTICATED
            self._authorise(payment, refusal, attempt=attempt or payment.attempt)
        return payment

    # --------------------------------------------------------------------------------- modifications

    def find(self, psp: str) -> Payment:
        """Raises AdyenError for a reference that is not one of ours."""
        payment = self._by_psp.get(psp)
        if payment is None:
            raise unprocessable("167", "Original pspReference required for this operation")
        return payment

    def capture(self, payment: Payment, amount: Body, *, attempt: str) -> str:
        """The capture's own reference; more than is held is received and then fails."""
        if amount["currency"] != payment.currency:
            raise unprocessable("138", "Modification currency differs from the authorisation's")
        reference = self._new_reference()
        if amount["value"] <= payment.held:
            self._take(payment, amount["value"], attempt, reference)
        return reference

    def cancel(self, payment: Payment, *, attempt: str) -> str:
        """Release what is held, if anything is."""
        reference = self._new_reference()
        if payment.held:
            self._release("canceled", payment, attempt)
        elif not payment.result:  # Still at the issuer: there will be nothing to come back to.
            payment.result = "Cancelled"
        return reference

    def cancel_reference(self, reference: str, *, attempt: str) -> str:
        """Cancel whatever was begun under our reference."""
        for payment in self._by_reference.get(reference, ()):
            self.cancel(payment, attempt=attempt)
        return self._new_reference()

    def pass_time(self) -> None:
        """Capture what was to be captured by now, then expire what was held for too long."""
        now = self._clock.timestamp()
        for payment in self._by_psp.values():
            age = now - payment.authorised_at
            if not payment.held:
                continue
            if payment.capture_delay is not None and age >= payment.capture_delay:
                self._take(payment, payment.held, payment.attempt, payment.psp)
            elif age >= HOLD_SECONDS:
                self._release("expired", payment, "")

    def _take(self, payment: Payment, amount: int, attempt: str, reference: str) -> None:
        payment.held -= amount
        payment.captured += amount
        self._book("captured", payment, amount, attempt, reference)

    def _release(self, kind: str, payment: Payment, attempt: str) -> None:
        self._book(kind, payment, payment.held, attempt)
        payment.held = 0

    def _book(
        self, kind: str, payment: Payment, amount: int, attempt: str, reference: str = ""
    ) -> None:
        self._books.write(
            kind,
            payment=payment.reference,
            attempt=attempt,
            reference=reference or payment.psp,
            amount=iso_minor(amount, payment.currency),
            currency=payment.currency,
        )
