"""Adyen's words to ours and back: amounts, requests, result codes, errors. Pure functions.

Sources: CheckoutService-v72.json of github.com/Adyen/adyen-openapi; docs.adyen.com/
development-resources/: currency-codes, refusal-reasons, error-codes, api-idempotency;
docs.adyen.com/online-payments/payment-result-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import Adyen

from kernel.currencies import EXPONENTS
from kernel.money import Money
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
    Refund,
    Request,
    Unknown,
)
from paygate.psp.wire import Inexpressible, never_left, rescaled

# ----------------------------------------------------------------------------------------- amounts

_REFUSED = "AFN BIF BTN CDF ERN IRR KPW LRD LSL MGA SDG SSP SYP TJS TMT ZWG"
_OTHERWISE_THAN_ISO = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

SUPPORTED = frozenset(EXPONENTS) - frozenset(_REFUSED.split())
_DECIMALS = {code: EXPONENTS[code] for code in SUPPORTED} | _OTHERWISE_THAN_ISO


def amount(money: Money) -> dict[str, Any]:
    """Adyen's Amount. Raises Inexpressible."""
    decimals = EXPONENTS[money.currency]
    value = rescaled(money.minor, decimals=decimals, to=_DECIMALS[money.currency])
    return {"value": value, "currency": money.currency}


def money(amount: Mapping[str, Any]) -> Money:
    """What Adyen means by an Amount. Raises Inexpressible."""
    code = amount["currency"]
    return Money(rescaled(amount["value"], decimals=_DECIMALS[code], to=EXPONENTS[code]), code)


# ---------------------------------------------------------------------------------------- requests

NOWHERE = "https://return.invalid/"  # returnUrl is mandatory even when nobody will be sent away.


def unaskable(request: Request) -> Declined | None:
    """Why there is no way to put this to Adyen; None when there is one."""
    if isinstance(request, Cancel):
        return None
    if request.amount.currency not in SUPPORTED:
        said = f"Adyen does not charge in {request.amount.currency}."
        return Declined(DeclineCode.CURRENCY_NOT_SUPPORTED, psp_message=said)
    try:
        amount(request.amount)
    except Inexpressible as error:
        return Declined(DeclineCode.INVALID_REQUEST, psp_message=f"Adyen cannot count it: {error}")
    return None


def payment(request: Authorize, *, merchant_account: str) -> dict[str, Any]:
    """POST /payments with a stored card.

    The payer may be present (then there is a return_url to come back to from 3-D Secure) or not;
    for the schemes it is a card on file either way, hence ContAuth.
    """
    body: dict[str, Any] = {
        "merchantAccount": merchant_account,
        "amount": amount(request.amount),
        "reference": request.payment,
        "paymentMethod": {"type": "scheme", "storedPaymentMethodId": request.token},
        "shopperReference": request.shopper or request.merchant,
        "shopperInteraction": "ContAuth",
        "recurringProcessingModel": "CardOnFile",
        "returnUrl": request.return_url or NOWHERE,
        "metadata": {"attempt": request.key, "merchant": request.merchant},
    }
    if request.return_url:
        body["channel"] = "Web"
    if request.statement_descriptor:
        body["shopperStatement"] = request.statement_descriptor
    if request.capture:
        body["captureDelayHours"] = 0
    else:
        body["additionalData"] = {"manualCapture": "true"}
    return body


def details(request: Confirm) -> dict[str, Any]:
    """POST /payments/details: what the bank's page sent the customer back with."""
    return {"details": {"redirectResult": request.result.get("redirect_result", "")}}


def capture(request: Capture, *, merchant_account: str) -> dict[str, Any]:
    """POST /payments/{psp}/captures. Whether the rest is released is set at the account."""
    return {
        "merchantAccount": merchant_account,
        "amount": amount(request.amount),
        "reference": request.key,
    }


def cancellation(request: Cancel, *, merchant_account: str) -> dict[str, Any]:
    """POST /payments/{psp}/cancels; or POST /cancels, by our reference, where Adyen gave none."""
    body = {"merchantAccount": merchant_account, "reference": request.key}
    if not request.psp_reference:
        body["paymentReference"] = request.payment
    return body


_WHY = {
    "duplicate": "DUPLICATE",
    "fraudulent": "FRAUD",
    "requested_by_customer": "CUSTOMER REQUEST",
}


def refund(request: Refund, *, merchant_account: str) -> dict[str, Any]:
    """POST /payments/{psp}/refunds. Adyen refunds payments: from which capture, it finds out itself."""
    body = {
        "merchantAccount": merchant_account,
        "amount": amount(request.amount),
        "reference": request.refund,
    }
    if request.reason in _WHY:
        body["merchantRefundReason"] = _WHY[request.reason]
    return body


# ----------------------------------------------------------------------------------------- answers

UNSAID = Money.zero("EUR")  # Approved has an amount; what Adyen says of a cancel names none.

WAITING = {"Pending", "Received", "PresentToShopper"}
ASKING = {"RedirectShopper", "ChallengeShopper", "IdentifyShopper"}
REFUSED = {
    "Refused": DeclineCode.CARD_DECLINED,
    "Cancelled": DeclineCode.AUTHENTICATION_FAILED,  # By the customer, on the bank's page.
    "Error": DeclineCode.PROCESSING_ERROR,
}


def answered(request: Request, body: Mapping[str, Any]) -> Outcome:
    """What a 2xx answer says.

    Adyen only *accepts* a modification (201 "received") and does it later. An accepted capture or
    cancel is Approved here: nearly all succeed, and a CAPTURE_FAILED that comes days later is a new
    event that the books undo, not an outcome to wait for. An accepted refund is Pending: one that asks
    for too much is "received" as well, and only the webhook tells it from one that was made.
    """
    if isinstance(request, Authorize | Confirm):
        return _authorized(request, body)
    reference = body.get("pspReference")
    if body.get("status") != "received" or not reference:
        return Unknown(f"Adyen answered a modification with status {body.get('status')!r}")
    if isinstance(request, Cancel):
        return Approved(str(reference), UNSAID)
    if body.get("amount") != amount(request.amount):
        return _otherwise(request, body)
    if isinstance(request, Refund):
        return Pending(str(reference), "Adyen will refund it")
    return Approved(str(reference), request.amount)


def _authorized(request: Authorize | Confirm, body: Mapping[str, Any]) -> Outcome:
    reference, code = str(body.get("pspReference") or ""), body.get("resultCode")
    whose = body.get("merchantReference") or request.payment
    if whose != request.payment:  # One authorization would pay for two orders.
        return _of_another(request, reference, whose)
    if code == "Authorised" and reference:
        if "amount" in body and body["amount"] != amount(request.amount):
            return _otherwise(request, body)
        return Approved(reference, request.amount, captured=request.capture)
    if code == "PartiallyAuthorised":
        return _otherwise(request, body)
    if code in WAITING:
        return Pending(reference, f"Adyen says {code}")
    if code in ASKING:
        return _action(request, reference, body.get("action") or {})
    if code in REFUSED:
        reason = str(body.get("refusalReasonCode") or "")
        return Declined(
            REFUSALS.get(reason, REFUSED[code]),
            reason or code,
            str(body.get("refusalReason") or ""),
            reference,
        )
    return Unknown(f"Adyen answered resultCode {code!r}")


def _action(request: Authorize | Confirm, reference: str, action: Mapping[str, Any]) -> Outcome:
    has_way_back = isinstance(request, Confirm) or bool(request.return_url)
    if has_way_back and action.get("type") == "redirect" and action.get("url"):
        return ActionRequired(
            reference,
            "redirect",
            action["url"],
            action.get("method") or "GET",
            action.get("data") or {},
        )
    return Declined(  # It goes no further without the customer, so nothing is or will be held.
        DeclineCode.AUTHENTICATION_REQUIRED,
        str(action.get("type") or "action"),
        "The bank asks for authentication and there is nowhere to send the customer.",
        reference,
    )


def _of_another(request: Authorize | Confirm, reference: str, whose: str) -> Outcome:
    if isinstance(request, Confirm):
        said = "What the customer came back with belongs to another payment."
        return Declined(DeclineCode.AUTHENTICATION_FAILED, "merchantReference", said, reference)
    return Unknown(f"Adyen answered {request.payment} with {reference}, which is of {whose}")


def _otherwise(request: Authorize | Confirm | Capture | Refund, body: Mapping[str, Any]) -> Unknown:
    return Unknown(
        f"AMOUNT DIFFERS: {body.get('pspReference')} is about {body.get('amount')!r},"
        f" we asked for {amount(request.amount)!r} (in Adyen's units)"
    )


# ------------------------------------------------------------------------------------------ errors

REFUSALS = {
    "4": DeclineCode.PROCESSING_ERROR,  # Acquirer Error
    "5": DeclineCode.LOST_CARD,  # Blocked Card
    "6": DeclineCode.EXPIRED_CARD,
    "7": DeclineCode.INVALID_REQUEST,  # Invalid Amount
    "8": DeclineCode.INCORRECT_NUMBER,
    "9": DeclineCode.PROCESSING_ERROR,  # Issuer Unavailable
    "10": DeclineCode.INVALID_PAYMENT_METHOD,  # Not supported
    "11": DeclineCode.AUTHENTICATION_FAILED,
    "12": DeclineCode.INSUFFICIENT_FUNDS,
    "14": DeclineCode.FRAUDULENT,  # Acquirer Fraud
    "15": DeclineCode.CARD_DECLINED,  # Cancelled
    "16": DeclineCode.AUTHENTICATION_FAILED,  # Shopper Cancelled
    "20": DeclineCode.FRAUDULENT,
    "21": DeclineCode.PROCESSING_ERROR,  # Not Submitted
    "22": DeclineCode.FRAUDULENT,
    "23": DeclineCode.DO_NOT_HONOR,  # Transaction Not Permitted
    "24": DeclineCode.INCORRECT_CVC,
    "25": DeclineCode.DO_NOT_HONOR,  # Restricted Card
    "26": DeclineCode.DO_NOT_HONOR,  # Revocation Of Auth
    "27": DeclineCode.DO_NOT_HONOR,  # Declined Non Generic
    "28": DeclineCode.LIMIT_EXCEEDED,
    "29": DeclineCode.LIMIT_EXCEEDED,
    "31": DeclineCode.FRAUDULENT,  # Issuer Suspected Fraud
    "38": DeclineCode.AUTHENTICATION_REQUIRED,
    "39": DeclineCode.AUTHENTICATION_FAILED,  # RReq not received
    "42": DeclineCode.AUTHENTICATION_FAILED,
}

#: A webhook has the reason's name and not its number.
NUMBERS = {
    "Refused": "2",
    "Referral": "3",
    "Acquirer Error": "4",
    "Blocked Card": "5",
    "Expired Card": "6",
    "Invalid Amount": "7",
    "Invalid Card Number": "8",
    "Issuer Unavailable": "9",
    "Not supported": "10",
    "3D Not Authenticated": "11",
    "Not enough balance": "12",
    "Acquirer Fraud": "14",
    "Cancelled": "15",
    "Shopper Cancelled": "16",
    "FRAUD": "20",
    "Not Submitted": "21",
    "FRAUD-CANCELLED": "22",
    "Transaction Not Permitted": "23",
    "CVC Declined": "24",
    "Restricted Card": "25",
    "Revocation Of Auth": "26",
    "Declined Non Generic": "27",
    "Withdrawal amount exceeded": "28",
    "Withdrawal count exceeded": "29",
    "Issuer Suspected Fraud": "31",
    "Authentication required": "38",
}

ERRORS = {
    "138": DeclineCode.CURRENCY_NOT_SUPPORTED,
    "800": DeclineCode.INVALID_PAYMENT_METHOD,  # Contract not found
    "803": DeclineCode.INVALID_PAYMENT_METHOD,  # PaymentDetail not found
}

IN_FLIGHT = "704"  # An earlier request under this key is still being processed (409 or 422).


def failed(error: Exception) -> Declined | NotSent | Unknown:
    """What an exception of the SDK, or of requests underneath, says about the request.

    503 with `transient-error: true` is Adyen's word that the request was not executed. The same
    header on a 704 says only that one may ask again: the first request is still at work.
    """
    if never_left(error):
        return NotSent(f"Adyen could not be reached: {error}")
    if not isinstance(error, Adyen.AdyenError):
        return Unknown(f"{type(error).__name__}: {error}")
    code, status = str(error.error_code or ""), error.status_code
    said = error.message.get("message", "") if isinstance(error.message, dict) else ""
    if code == IN_FLIGHT:
        return Unknown("Adyen is still at work on an earlier request under this key (704)")
    if status == 429:
        return NotSent("Adyen limits our rate (429)")
    if status in {401, 403}:
        return NotSent(f"Adyen refuses our credentials: {status} {code} {said}")
    if status == 503 and _is_transient(error.headers):
        return NotSent(f"Adyen did not take it: 503, transient: {said}")
    if status in {400, 404, 422}:
        reference = str(error.psp or "")
        return Declined(ERRORS.get(code, DeclineCode.INVALID_REQUEST), code, said, reference)
    return Unknown(f"Adyen answered {status} {code} {said}")


def _is_transient(headers: object) -> bool:
    return isinstance(headers, Mapping) and str(headers.get("transient-error")).lower() == "true"
