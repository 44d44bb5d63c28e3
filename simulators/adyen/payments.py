"""A payment at Adyen, and what can be done to it; each act writes its effect into the books, and is told.

The account of this simulator may capture in several parts: what is not captured stays held until it
is cancelled or expires. A modification is only a request: it is always "received", and one that
cannot be carried out has no effect but the notice that says so. What Adyen captures by itself it does
not tell, as its accounts are set at first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.adyen.cards import NOT_AUTHENTICATED, REFUSALS, Card
from simulators.adyen.errors import unprocessable
from simulators.adyen.fields import Body, iso_minor
from simulators.adyen.notices import Notices
from simulators.books import Books
from simulators.clock import Clock

HOLD_SECONDS = 28 * 24 * 3600  # The longest captureDelayHours, 672, is taken for the lifetime.
TOO_MUCH = "Insufficient balance on payment"


@dataclass(slots=True)
class Capture:
    """One taking of money; what Adyen took by itself goes by the payment's reference."""

    psp: str
    reference: str  # The merchant's.
    amount: int
    attempt: str
    failed: bool = False


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
    captured: int = 0  # Without what failed.
    refunded: int = 0  # Without what failed.
    disputed: int = 0  # Withdrawn by disputes, and not given back.
    contested: bool = False  # A dispute of it is open.
    captures: list[Capture] = field(default_factory=list)
    authorised_at: float = 0.0
    page: str = ""
    token: str = ""  # The redirectResult, once the customer has come back.
    authenticated: bool | None = None

    @property
    def left(self) -> int:
        """What was taken and is still there."""
        return self.captured - self.refunded - self.disputed


class Payments:
    """The payments of the company account."""

    def __init__(
        self, clock: Clock, books: Books, notices: Notices, new_reference: Callable[[], str]
    ) -> None:
        self._clock = clock
        self._books = books
        self._notices = notices
        self._new_reference = new_reference
        self._by_psp: dict[str, Payment] = {}
        self._by_reference: dict[str, list[Payment]] = {}
        self._by_page: dict[str, Payment] = {}
        self._by_token: dict[str, Payment] = {}
        self._about: dict[str, tuple[Payment, str]] = {}
        self.regretted: list[
            tuple[float, Payment]
        ] = []  # Taken then, from holders who will dispute it.

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
        card = {"cardSummary": payment.card.last4, "expiryDate": "03/2030"}
        if refusal is not None:
            payment.result, payment.refusal = "Refused", refusal
            self.book("declined", payment, payment.amount, attempt)
            self._notices.tell(
                "AUTHORISATION",
                payment,
                amount=payment.amount,
                success=False,
                reason=REFUSALS[refusal],
                additional=card,
            )
            return
        payment.result, payment.held = "Authorised", payment.amount
        payment.authorised_at = self._clock.timestamp()
        self.book("authorized", payment, payment.amount, attempt)
        self._notices.tell(
            "AUTHORISATION",
            payment,
            amount=payment.amount,
            reason=f"063210:{payment.card.last4}:03/2030",
            additional={"authCode": "063210", **card},
        )
        if payment.capture_delay == 0:
            self._take(payment, Capture(payment.psp, payment.reference, payment.amount, attempt))

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

    def about(self, reference: str) -> tuple[Payment, str] | None:
        """What the books have under a reference of Adyen's: of which payment, and the merchant's name for it."""
        return self._about.get(reference)

    def brand(self, psp: str) -> str:
        """Of the card; a Visa where the payment is not known."""
        payment = self._by_psp.get(psp)
        return "visa" if payment is None else payment.card.brand

    def latest(self, reference: str) -> Payment:
        """The last that was authorised under the merchant's reference. Raises LookupError."""
        for payment in reversed(self._by_reference.get(reference, [])):
            if payment.result == "Authorised":
                return payment
        raise LookupError(f"no authorised payment {reference}")

    def capture(self, payment: Payment, amount: Body, *, reference: str, attempt: str) -> str:
        """The capture's own reference; more than is held is received and then fails."""
        same_currency(payment, amount)
        capture = Capture(self._new_reference(), reference, amount["value"], attempt)
        enough = capture.amount <= payment.held
        if enough:
            self._take(payment, capture)
        self._tell_of(
            "CAPTURE", payment, capture, success=enough, reason="" if enough else TOO_MUCH
        )
        return capture.psp

    def fail_capture(self, payment: Payment) -> str:
        """The card scheme does not settle the newest capture. Raises LookupError, ValueError."""
        capture = _newest(payment, failed=False)
        if capture.amount > payment.left:
            raise ValueError("what was captured is not there any more")
        capture.failed = True
        payment.captured -= capture.amount
        self._book_capture("capture_failed", payment, capture)
        self._tell_of("CAPTURE_FAILED", payment, capture, reason="Capture Failed")
        return capture.psp

    def recapture(self, payment: Payment) -> str:
        """Adyen has mended it. Raises LookupError when no capture has failed."""
        capture = _newest(payment, failed=True)
        capture.failed = False
        payment.captured += capture.amount
        self._book_capture("captured", payment, capture)
        self._tell_of("CAPTURE", payment, capture, reason="Transaction Recaptured")
        return capture.psp

    def cancel(
        self,
        payment: Payment,
        *,
        attempt: str,
        reference: str = "",
        event: str = "CANCELLATION",
        action: str = "",
    ) -> str:
        """Release what is held, if anything is; `event` and the reversal's `action` are how it is told."""
        psp, held = self._new_reference(), payment.held
        if held:
            self._release("canceled", payment, attempt)
        elif not payment.result:  # Still at the issuer: there will be nothing to come back to.
            payment.result = "Cancelled"
            held = payment.amount
        self._notices.tell(
            event,
            payment,
            psp=psp,
            amount=held or payment.amount,
            reference=reference,
            success=held > 0,
            reason="" if held else "Transaction is not held any more",
            additional={"modification.action": action} if action else None,
        )
        return psp

    def cancel_reference(self, ours: str, *, attempt: str, reference: str) -> str:
        """Cancel whatever was begun under our reference `ours`; the reference of the last cancellation."""
        psp = ""
        for payment in self._by_reference.get(ours, ()):
            psp = self.cancel(
                payment, attempt=attempt, reference=reference, event="TECHNICAL_CANCEL"
            )
        return psp or self._new_reference()

    def pass_time(self) -> None:
        """Capture what was to be captured by now, then expire what was held for too long."""
        now = self._clock.timestamp()
        for payment in self._by_psp.values():
            if not payment.held:
                continue
            age = now - payment.authorised_at
            if payment.capture_delay is not None and age >= payment.capture_delay:
                taken = Capture(payment.psp, payment.reference, payment.held, payment.attempt)
                self._take(payment, taken)
            elif age >= HOLD_SECONDS:
                self._notices.tell("EXPIRE", payment, amount=payment.held)
                self._release("expired", payment, "")

    # ------------------------------------------------------------------------------- and their effects

    def _take(self, payment: Payment, capture: Capture) -> None:
        payment.held -= capture.amount
        payment.captured += capture.amount
        payment.captures.append(capture)
        self._book_capture("captured", payment, capture)
        if payment.card.disputed and len(payment.captures) == 1:
            self.regretted.append((self._clock.timestamp(), payment))

    def _release(self, kind: str, payment: Payment, attempt: str) -> None:
        self.book(kind, payment, payment.held, attempt)
        payment.held = 0

    def _tell_of(
        self, event: str, payment: Payment, capture: Capture, *, reason: str, success: bool = True
    ) -> None:
        self._notices.tell(
            event,
            payment,
            psp=capture.psp,
            amount=capture.amount,
            reference=capture.reference,
            success=success,
            reason=reason,
        )

    def _book_capture(self, kind: str, payment: Payment, capture: Capture) -> None:
        self.book(
            kind, payment, capture.amount, capture.attempt, capture.psp, ours=capture.reference
        )

    def book(
        self,
        kind: str,
        payment: Payment,
        amount: int,
        attempt: str,
        reference: str = "",
        *,
        ours: str = "",
    ) -> None:
        """Write down what happened; `amount` is in Adyen's minor units, the books' are ISO's.

        `reference` is Adyen's, and `ours` the merchant's, of a modification; else those of the payment count.
        """
        self._about[reference or payment.psp] = (payment, ours or payment.reference)
        self._books.write(
            kind,
            payment=payment.reference,
            attempt=attempt,
            reference=reference or payment.psp,
            amount=iso_minor(amount, payment.currency),
            currency=payment.currency,
        )


def same_currency(payment: Payment, amount: Body) -> None:
    """Raises AdyenError for a modification in another currency."""
    if amount["currency"] != payment.currency:
        raise unprocessable("138", "Modification currency differs from the authorisation's")


def _newest(payment: Payment, *, failed: bool) -> Capture:
    for capture in reversed(payment.captures):
        if capture.failed is failed:
            return capture
    raise LookupError(
        f"no capture of {payment.reference} has {'failed' if failed else 'succeeded'}"
    )
