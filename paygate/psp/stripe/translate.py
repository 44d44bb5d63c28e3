"""Stripe's words to ours and back: amounts, requests, PaymentIntents. Pure functions.

Sources, all at docs.stripe.com: /currencies, /payments/paymentintents/lifecycle, /payments/multicapture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from kernel.currencies import EXPONENTS
from kernel.money import Money
from paygate.psp.events import Unreadable
from paygate.psp.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    Cancel,
    Capture,
    Confirm,
    DeclineCode,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Request,
    Unknown,
)
from paygate.psp.stripe.refusals import declined
from paygate.psp.wire import Inexpressible, rescaled

if TYPE_CHECKING:  # The SDK's own types; at run time they are plain dicts and slow to import.
    from stripe.params import (
        PaymentIntentCancelParams,
        PaymentIntentCaptureParams,
        PaymentIntentCreateParams,
    )

#: What is asked of a PaymentIntent; the rest has objects of its own.
OfIntent: TypeAlias = Authorize | Confirm | Capture | Cancel

# ----------------------------------------------------------------------------------------- amounts

_ZERO = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"  # ISK and UGX are not: ×100.
_THREE = "BHD JOD KWD OMR TND"
_REFUSED = "BTN CUP ERN GHS IQD IRR KPW LYD MRU SDG SSP STN SVC SYP TMT VES ZWG"

SUPPORTED = frozenset(EXPONENTS) - frozenset(_REFUSED.split())
_DECIMALS = {
    **dict.fromkeys(SUPPORTED, 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}


def units(amount: Money) -> int:
    """The amount as Stripe counts it. Raises Inexpressible; three-decimal amounts must end in 0."""
    decimals = EXPONENTS[amount.currency]
    if _DECIMALS[amount.currency] == 3:
        return 10 * rescaled(amount.minor, decimals=decimals, to=2)
    return rescaled(amount.minor, decimals=decimals, to=_DECIMALS[amount.currency])


def money(units: int, currency: str) -> Money:
    """What Stripe means by `units` of its (lower-case) currency. Raises Inexpressible."""
    code = currency.upper()
    return Money(rescaled(units, decimals=_DECIMALS[code], to=EXPONENTS[code]), code)


def told_money(units: object, currency: object) -> Money:
    """The same of a webhook's object. Raises Unreadable for what is no amount."""
    try:
        if isinstance(units, int) and isinstance(currency, str) and not isinstance(units, bool):
            return money(units, currency)
    except (Inexpressible, KeyError):
        pass
    raise Unreadable(f"no amount of ours: {units!r} {currency!r}")


def intent_of(thing: Mapping[str, Any]) -> str:
    """The id of the PaymentIntent that a refund or a dispute is about. Raises Unreadable without one."""
    intent = thing.get("payment_intent")
    reference = intent.get("id") if isinstance(intent, Mapping) else intent
    if not reference or not isinstance(reference, str):
        raise Unreadable(f"{thing.get('id')} is about no PaymentIntent")
    return reference


# ---------------------------------------------------------------------------------------- requests


def unaskable(request: Request) -> Declined | None:
    """Why there is no way to put this to Stripe; None when there is one."""
    if isinstance(request, Cancel):
        return None
    if request.amount.currency not in SUPPORTED:
        said = f"Stripe does not charge in {request.amount.currency}."
        return Declined(DeclineCode.CURRENCY_NOT_SUPPORTED, psp_message=said)
    try:
        units(request.amount)
    except Inexpressible as error:
        return Declined(DeclineCode.INVALID_REQUEST, psp_message=f"Stripe cannot count it: {error}")
    return None


def creation(request: Authorize) -> PaymentIntentCreateParams:
    """Create and confirm a PaymentIntent in one call.

    Without a return_url nobody is there to authenticate: a bank that insists makes it a decline.
    """
    params: PaymentIntentCreateParams = {
        "amount": units(request.amount),
        "currency": request.amount.currency.lower(),
        "payment_method": request.token,
        "confirm": True,
        "capture_method": "automatic" if request.capture else "manual",
        "metadata": {
            "payment": request.payment,
            "attempt": request.key,
            "merchant": request.merchant,
        },
    }
    if request.return_url:
        params["return_url"] = request.return_url
        params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "always"}
    else:
        params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        params["error_on_requires_action"] = True
    if request.statement_descriptor:
        params["statement_descriptor_suffix"] = request.statement_descriptor
    if not request.capture:
        params["payment_method_options"] = {"card": {"request_multicapture": "if_available"}}
        params["expand"] = ["latest_charge"]  # It knows until when the hold stands.
    return params


def capture(request: Capture) -> PaymentIntentCaptureParams:
    """The metadata says which capture of ours was the last one."""
    params: PaymentIntentCaptureParams = {
        "amount_to_capture": units(request.amount),
        "metadata": {"capture": request.key},
    }
    if not request.final:
        params["final_capture"] = False  # The default releases the rest.
    return params


def cancellation(request: Cancel) -> PaymentIntentCancelParams:
    return {"cancellation_reason": "requested_by_customer"}


# ----------------------------------------------------------------------------------------- answers

USUAL_HOLD = timedelta(
    days=7
)  # Where the charge does not say until when: the usual time of a hold.


def answered(request: OfIntent, intent: Mapping[str, Any]) -> Outcome:
    """What a PaymentIntent says about the request after which (or because of which) it was read."""
    if intent.get("object") != "payment_intent" or not intent.get("id"):
        return Unknown("Stripe answered with something else than a PaymentIntent")
    match request:
        case Authorize() | Confirm():
            return _authorized(request, intent)
        case Capture():
            return _captured(request, intent)
        case Cancel():
            return _canceled(intent)
        case _:
            assert_never(request)


def _authorized(request: Authorize | Confirm, intent: Mapping[str, Any]) -> Outcome:
    reference, status = intent["id"], intent.get("status")
    asked = (units(request.amount), request.amount.currency.lower())
    if (intent.get("amount"), intent.get("currency")) != asked:
        return _otherwise(intent, "amount", asked[0])
    received = intent.get("amount_received")
    match status:
        case "succeeded" if received == asked[0]:
            return Approved(reference, request.amount, captured=True)
        case "succeeded" if request.capture:
            return _otherwise(intent, "amount_received", asked[0])
        case "succeeded":  # Held as asked, and by now a part was taken.
            return Approved(reference, request.amount, expires_at=_held_until(intent))
        case "requires_capture" if intent.get("amount_capturable", 0) + (received or 0) != asked[0]:
            return _otherwise(intent, "amount_capturable", asked[0])
        case "requires_capture":
            return Approved(reference, request.amount, expires_at=_held_until(intent))
        case "requires_action":
            return _action(reference, intent.get("next_action") or {})
        case "processing":
            return Pending(reference, "Stripe is processing")
        case "requires_payment_method":
            return declined(intent.get("last_payment_error") or {}, reference)
        case "canceled":
            return Declined(
                DeclineCode.INVALID_STATE,
                str(intent.get("cancellation_reason") or "canceled"),
                "The PaymentIntent is canceled.",
                reference,
            )
        case _:
            return Unknown(f"{reference} is {status!r}, which nothing of ours leads to")


def _captured(request: Capture, intent: Mapping[str, Any]) -> Outcome:
    taken = units(request.captured_before + request.amount)
    if intent.get("status") not in {"succeeded", "requires_capture"}:
        return Unknown(f"{intent['id']} is {intent.get('status')!r} after a capture")
    currency = request.amount.currency.lower()
    if (intent.get("amount_received"), intent.get("currency")) != (taken, currency):
        return _otherwise(intent, "amount_received", taken)
    charge = intent.get("latest_charge")
    reference = charge.get("id") if isinstance(charge, Mapping) else charge
    return Approved(str(reference or intent["id"]), request.amount)


def _canceled(intent: Mapping[str, Any]) -> Outcome:
    if intent.get("status") != "canceled":
        return Unknown(f"{intent['id']} is {intent.get('status')!r} after a cancellation")
    released = intent["amount"] - (intent.get("amount_received") or 0)
    return Approved(intent["id"], money(released, intent["currency"]))


def _action(reference: str, action: Mapping[str, Any]) -> Outcome:
    if action.get("type") == "redirect_to_url":
        return ActionRequired(reference, "redirect", action["redirect_to_url"]["url"])
    return Declined(  # Only Stripe's own front end could go on from here, and there is none.
        DeclineCode.AUTHENTICATION_REQUIRED,
        str(action.get("type") or "requires_action"),
        "The bank asks for authentication and there is nowhere to send the customer.",
        reference,
    )


def _held_until(intent: Mapping[str, Any]) -> datetime | None:
    charge = intent.get("latest_charge")
    if isinstance(charge, Mapping):
        card = (charge.get("payment_method_details") or {}).get("card") or {}
        if card.get("capture_before"):
            return datetime.fromtimestamp(card["capture_before"], tz=UTC)
    created = intent.get("created")
    return datetime.fromtimestamp(created, tz=UTC) + USUAL_HOLD if created else None


def _otherwise(intent: Mapping[str, Any], field: str, asked: int) -> Unknown:
    return Unknown(
        f"AMOUNT DIFFERS: {intent['id']} says {field}={intent.get(field)!r}"
        f" {intent.get('currency')!r}, we expected {asked} (in Stripe's units)"
    )


# ----------------------------------------------------------------------------- what became of them


def of_attempt(key: str, intents: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The PaymentIntent that this attempt of ours made, if it is among them."""
    return next((i for i in intents if (i.get("metadata") or {}).get("attempt") == key), None)


def traced(request: Capture | Cancel, intent: Mapping[str, Any]) -> Outcome:
    """Did this capture or cancel happen? Read off the PaymentIntent, some time after we asked."""
    status = intent.get("status")
    over = Declined(DeclineCode.INVALID_STATE, str(status), f"The PaymentIntent is {status}.")
    if isinstance(request, Cancel):
        if status == "canceled":
            return answered(request, intent)
        taken = Declined(DeclineCode.ALREADY_CAPTURED, str(status), over.psp_message)
        return taken if status == "succeeded" else NotSent(f"{intent.get('id')} is not canceled")
    if (intent.get("metadata") or {}).get("capture") == request.key:
        return answered(request, intent)
    if status == "canceled":
        return over
    before = units(request.captured_before)
    if intent.get("amount_received") != before:
        return _otherwise(intent, "amount_received", before)
    return over if status == "succeeded" else NotSent(f"{intent.get('id')} knows no such capture")
