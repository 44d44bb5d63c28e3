"""What can be done to a PaymentIntent; each act writes its effect into the books, and only then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from simulators.books import Books
from simulators.clock import Clock
from simulators.stripe import params as p
from simulators.stripe.amounts import check_amount, check_currency, iso_minor
from simulators.stripe.cards import Card, card_behind
from simulators.stripe.errors import CardError, InvalidRequest, StripeError, missing, no_such
from simulators.stripe.events import Events
from simulators.stripe.payment_intent import (
    CANCELABLE,
    CONFIRMABLE,
    Charge,
    PaymentIntent,
    payment_method_shown,
    shown,
)


class Acts:
    """The PaymentIntents of one account, newest last, and what moves them."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        events: Events,
        captured: Callable[[PaymentIntent], None],
        new_id: Callable[[], str],
    ) -> None:
        """`captured` hears of each PaymentIntent of which all was taken that ever will be."""
        self._clock = clock
        self._books = books
        self._events = events
        self._captured = captured
        self._new_id = new_id
        self._intents: dict[str, PaymentIntent] = {}
        self._of_charge: dict[str, PaymentIntent] = {}
        self._holds: deque[PaymentIntent] = deque()  # Each lasts as long as the other.

    # --------------------------------------------------------------------------------------- reading

    def find(self, id_: str) -> PaymentIntent:
        try:
            return self._intents[id_]
        except KeyError:
            raise no_such("payment_intent", id_, param="intent") from None

    def known(self, id_: str) -> PaymentIntent | None:
        return self._intents.get(id_)

    def of_charge(self, id_: str) -> PaymentIntent:
        try:
            return self._of_charge[id_]
        except KeyError:
            raise no_such("charge", id_, param="charge") from None

    def newest_first(self) -> Iterable[PaymentIntent]:
        return reversed(self._intents.values())

    # ---------------------------------------------------------------------------------------- create

    @staticmethod
    def check_create(params: p.Tree) -> None:
        """Raises InvalidRequest for what Stripe refuses before it begins."""
        p.check_names(params, p.CREATE)
        amount = p.integer(params, "amount")
        if not params.get("currency"):
            raise missing("currency")
        check_amount(amount, check_currency(params["currency"]))
        p.metadata(params)
        p.one_of(params, "capture_method", "automatic_async", "automatic", "manual")
        _check_suffix(params)
        if token := params.get("payment_method"):
            _card(token)
        if not p.boolean(params, "confirm"):
            return
        if not params.get("payment_method"):
            raise InvalidRequest(
                "You cannot confirm this PaymentIntent because it's missing a payment method.",
                code="payment_intent_unexpected_state",
            )
        redirects = params.get("automatic_payment_methods", {}).get("allow_redirects") != "never"
        if redirects and not params.get("return_url") and not p.boolean(params, "off_session"):
            raise InvalidRequest(
                "This PaymentIntent accepts payment methods that might redirect your customer off"
                " of your page: you must provide a `return_url`, or set"
                " `automatic_payment_methods[allow_redirects]` to `never`.",
                param="return_url",
            )

    def create(self, params: p.Tree, *, attempt: str, livemode: bool, page: str) -> PaymentIntent:
        """Raises CardError when it is confirmed at once and the issuer says no."""
        id_ = f"pi_{self._new_id()}"
        automatic = params.get("automatic_payment_methods", {})
        options = p.card_options(params)
        intent = PaymentIntent(
            id=id_,
            client_secret=f"{id_}_secret_{self._new_id()}",
            created=int(self._clock.timestamp()),
            amount=int(params["amount"]),
            currency=params["currency"].lower(),
            capture_method=params.get("capture_method") or "automatic_async",
            metadata=p.metadata(params),
            livemode=livemode,
            multicapture=options.get("request_multicapture") == "if_available",
            shown={
                "automatic_payment_methods": {
                    "allow_redirects": automatic.get("allow_redirects", "always"),
                    "enabled": automatic.get("enabled", "true") == "true",
                },
                "confirmation_method": params.get("confirmation_method") or "automatic",
                "customer": params.get("customer"),
                "description": params.get("description"),
                "receipt_email": params.get("receipt_email"),
                "request_three_d_secure": options.get("request_three_d_secure", "automatic"),
                "setup_future_usage": params.get("setup_future_usage"),
                "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
                "transfer_group": params.get("transfer_group"),
            },
        )
        self._intents[id_] = intent
        if token := params.get("payment_method"):
            intent.card = _card(token)
            intent.status = "requires_confirmation"
        if p.boolean(params, "confirm"):
            self._confirm(intent, params, attempt=attempt, page=page)
        return intent

    # --------------------------------------------------------------------------------------- confirm

    def confirm(self, intent: PaymentIntent, params: p.Tree, *, attempt: str, page: str) -> None:
        """Raises CardError when the issuer says no, InvalidRequest in another state."""
        if intent.status not in CONFIRMABLE:
            raise _unexpected(intent, "confirm", CONFIRMABLE)
        if token := params.get("payment_method"):
            intent.card = _card(token)
        elif intent.card is None or intent.status == "requires_payment_method":
            raise InvalidRequest(
                "You cannot confirm this PaymentIntent because it's missing a payment method.",
                code="payment_intent_unexpected_state",
                payment_intent=shown(intent),
            )
        self._confirm(intent, params, attempt=attempt, page=page)

    def _confirm(self, intent: PaymentIntent, params: p.Tree, *, attempt: str, page: str) -> None:
        intent.attempt = attempt
        intent.return_url = params.get("return_url") or intent.return_url
        assert intent.card is not None
        if not intent.card.authentication:
            self._charge(intent, authenticated=False)
            return
        if p.boolean(params, "off_session") or p.boolean(params, "error_on_requires_action"):
            self._new_charge(intent, intent.card, authenticated=False)
            raise self._declined(intent, "card_declined", "authentication_required")
        intent.status = "requires_action"
        intent.page = f"{page}/{intent.id}"
        self._events.intent("requires_action", intent, key=attempt)

    def authenticate(self, intent: PaymentIntent, *, completed: bool) -> bool:
        """The customer answered on the 3-D Secure page; did the payment go through?"""
        if intent.status != "requires_action":  # Pressed twice: the first time counts.
            return intent.status in ("requires_capture", "succeeded")
        if not completed:
            intent.status = "requires_payment_method"
            intent.error = {
                "type": "invalid_request_error",
                "code": "payment_intent_authentication_failure",
                "message": "The provided PaymentMethod has failed authentication.",
            }
            self._book("declined", intent, intent.amount, attempt=intent.attempt)
            self._events.intent("payment_failed", intent)
            return False
        try:
            self._charge(intent, authenticated=True)
        except CardError:
            return False
        return True

    def _charge(self, intent: PaymentIntent, *, authenticated: bool) -> None:
        card = intent.card
        assert card is not None
        self._new_charge(intent, card, authenticated=authenticated)
        if card.code:
            raise self._declined(intent, card.code, card.decline_code, message=card.message)
        intent.error = None
        self._book("authorized", intent, intent.amount, attempt=intent.attempt)
        if intent.capture_method == "manual":
            intent.status, intent.capturable = "requires_capture", intent.amount
            self._holds.append(intent)
            self._events.intent("amount_capturable_updated", intent, key=intent.attempt)
        else:
            intent.status, intent.received = "succeeded", intent.amount
            self._book("captured", intent, intent.amount, attempt=intent.attempt)
            self._events.intent("succeeded", intent, key=intent.attempt)
            self._captured(intent)

    def _new_charge(self, intent: PaymentIntent, card: Card, *, authenticated: bool) -> None:
        created = int(self._clock.timestamp())
        intent.charge = Charge(f"ch_{self._new_id()}", created, card, authenticated)
        self._of_charge[intent.charge.id] = intent

    def _declined(
        self, intent: PaymentIntent, code: str, decline_code: str, *, message: str = ""
    ) -> CardError:
        card, charge = intent.card, intent.charge
        assert card is not None
        assert charge is not None
        error = CardError(
            message or "Your card was declined. This transaction requires authentication.",
            code=code,
            decline_code=decline_code or None,
            charge=charge.id,
            advice_code="try_again_later" if code == "processing_error" else None,
        )
        charge.error = dict(error.error)
        intent.error = {**error.error, "payment_method": payment_method_shown(card, intent)}
        intent.status = "requires_payment_method"
        self._book("declined", intent, intent.amount, attempt=intent.attempt)
        self._events.intent("payment_failed", intent, key=intent.attempt)
        error.error |= {
            "payment_intent": shown(intent),
            "payment_method": payment_method_shown(card, intent),
        }
        return error

    # ------------------------------------------------------------------------------- capture, cancel

    def capture(self, intent: PaymentIntent, params: p.Tree, *, attempt: str) -> None:
        """Raises InvalidRequest in another state, or for more than is held."""
        if intent.status != "requires_capture":
            raise _unexpected(intent, "capture", ("requires_capture",))
        given = "amount_to_capture" in params
        amount = p.integer(params, "amount_to_capture") if given else intent.capturable
        final = p.boolean(params, "final_capture", default=True)
        if amount > intent.capturable:
            raise InvalidRequest(
                f"The amount_to_capture {amount} is greater than the amount that can be captured,"
                f" {intent.capturable}.",
                code="amount_too_large",
                param="amount_to_capture",
            )
        if not final and not intent.multicapture:
            raise InvalidRequest(
                "final_capture=false needs a PaymentIntent that was confirmed with"
                " payment_method_options[card][request_multicapture].",
                param="final_capture",
            )
        if amount or not intent.received:  # The last of several may be 0: it only releases.
            check_amount(max(amount, 0), intent.currency, param="amount_to_capture")
            self._book("captured", intent, amount, attempt=attempt)
        intent.received += amount
        intent.capturable -= amount
        intent.metadata = p.merged(intent.metadata, params)
        if final or not intent.capturable:
            intent.capturable, intent.status = 0, "succeeded"
            self._events.charge("captured", intent, key=attempt, captured=False)
            self._events.intent("succeeded", intent, key=attempt)
            self._captured(intent)
        else:
            self._events.intent("amount_capturable_updated", intent, key=attempt)

    def cancel(self, intent: PaymentIntent, params: p.Tree, *, attempt: str) -> None:
        """Raises InvalidRequest once there is nothing left to cancel."""
        if intent.status not in CANCELABLE:
            raise _unexpected(intent, "cancel", CANCELABLE)
        self._end(intent, "canceled", params.get("cancellation_reason"), attempt=attempt)

    def expire(self) -> None:
        now = self._clock.timestamp()
        while self._holds:
            intent = self._holds[0]
            if intent.status == "requires_capture":
                if intent.capture_before > now:
                    return
                self._end(intent, "expired", "expired", attempt="")
            self._holds.popleft()

    def _end(self, intent: PaymentIntent, kind: str, reason: str | None, *, attempt: str) -> None:
        if intent.status == "requires_capture":
            self._book(kind, intent, intent.capturable, attempt=attempt)
        intent.status, intent.capturable = "canceled", 0
        if intent.received:  # Of the rest nothing will be taken.
            self._captured(intent)
        intent.canceled_at = int(self._clock.timestamp())
        intent.cancellation_reason = reason
        self._events.intent("canceled", intent, key=attempt)

    def _book(self, kind: str, intent: PaymentIntent, amount: int, *, attempt: str) -> None:
        self._books.write(
            kind,
            payment=intent.metadata.get("payment", ""),
            attempt=attempt,
            reference=intent.id,
            amount=iso_minor(amount, intent.currency),
            currency=intent.currency.upper(),
        )


def _card(token: str) -> Card:
    card = card_behind(token)
    if card is None:
        raise no_such("PaymentMethod", token, param="payment_method", status=400)
    return card


def _unexpected(intent: PaymentIntent, act: str, states: Iterable[str]) -> StripeError:
    return InvalidRequest(
        f"You cannot {act} this PaymentIntent because it has a status of {intent.status}. Only a"
        f" PaymentIntent with one of the following statuses may be {act}ed: {', '.join(states)}.",
        code="payment_intent_unexpected_state",
        payment_intent=shown(intent),
    )


def _check_suffix(params: p.Tree) -> None:
    if params.get("statement_descriptor"):
        raise InvalidRequest(
            "statement_descriptor is not supported for card payments; use"
            " statement_descriptor_suffix.",
            param="statement_descriptor",
        )
    suffix: Any = params.get("statement_descriptor_suffix") or ""
    if len(suffix) > 22 or any(sign in suffix for sign in "<>\\'\"*"):
        raise InvalidRequest(
            "The statement descriptor suffix has at most 22 characters, none of <>\\'\"*.",
            param="statement_descriptor_suffix",
        )
