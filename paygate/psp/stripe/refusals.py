"""Why Stripe, or a bank behind it, says no; and what an exception of the SDK means. Pure functions.

Sources, at docs.stripe.com: /declines/codes, /error-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe

from paygate.psp.gateway import DeclineCode, Declined, NotSent, Outcome, Unknown
from paygate.psp.wire import never_left

DECLINES = {
    "authentication_required": DeclineCode.AUTHENTICATION_REQUIRED,
    "payment_intent_authentication_failure": DeclineCode.AUTHENTICATION_FAILED,
    "insufficient_funds": DeclineCode.INSUFFICIENT_FUNDS,
    "card_velocity_exceeded": DeclineCode.LIMIT_EXCEEDED,
    "withdrawal_count_limit_exceeded": DeclineCode.LIMIT_EXCEEDED,
    "expired_card": DeclineCode.EXPIRED_CARD,
    "invalid_expiry_month": DeclineCode.EXPIRED_CARD,
    "invalid_expiry_year": DeclineCode.EXPIRED_CARD,
    "incorrect_cvc": DeclineCode.INCORRECT_CVC,
    "invalid_cvc": DeclineCode.INCORRECT_CVC,
    "incorrect_number": DeclineCode.INCORRECT_NUMBER,
    "invalid_number": DeclineCode.INCORRECT_NUMBER,
    "lost_card": DeclineCode.LOST_CARD,
    "stolen_card": DeclineCode.STOLEN_CARD,
    "fraudulent": DeclineCode.FRAUDULENT,
    "merchant_blacklist": DeclineCode.FRAUDULENT,
    "do_not_honor": DeclineCode.DO_NOT_HONOR,
    "issuer_not_available": DeclineCode.PROCESSING_ERROR,
    "processing_error": DeclineCode.PROCESSING_ERROR,
    "reenter_transaction": DeclineCode.PROCESSING_ERROR,
    "try_again_later": DeclineCode.PROCESSING_ERROR,
    "currency_not_supported": DeclineCode.CURRENCY_NOT_SUPPORTED,
    "card_not_supported": DeclineCode.INVALID_PAYMENT_METHOD,
    "invalid_account": DeclineCode.INVALID_PAYMENT_METHOD,
    "new_account_information_available": DeclineCode.INVALID_PAYMENT_METHOD,
    "invalid_amount": DeclineCode.INVALID_REQUEST,
}

REFUSALS = {
    "payment_intent_unexpected_state": DeclineCode.INVALID_STATE,
    "charge_already_captured": DeclineCode.INVALID_STATE,
    "charge_already_refunded": DeclineCode.ALREADY_REFUNDED,
    "charge_disputed": DeclineCode.DISPUTED,
    "charge_expired_for_capture": DeclineCode.INVALID_STATE,
    "capture_charge_authorization_expired": DeclineCode.INVALID_STATE,
    "payment_method_unactivated": DeclineCode.INVALID_PAYMENT_METHOD,
    "payment_method_unexpected_state": DeclineCode.INVALID_PAYMENT_METHOD,
    "invalid_currency": DeclineCode.CURRENCY_NOT_SUPPORTED,
    "payment_method_currency_mismatch": DeclineCode.CURRENCY_NOT_SUPPORTED,
    "refund_disputed_payment": DeclineCode.DISPUTED,
}


def failed(error: Exception) -> Outcome:
    """What an exception of the SDK says about the request that raised it.

    A rate limit, or credentials that Stripe refuses, stop a request at the door: NotSent. A
    conflict (409) means that an earlier request under the key is still at work: Unknown.
    """
    match error:
        case stripe.CardError():
            return declined(_body(error))
        case stripe.RateLimitError():
            return NotSent(f"Stripe limits our rate: {error}")
        case stripe.AuthenticationError() | stripe.PermissionError():
            return NotSent(f"Stripe refuses our credentials: {error}")
        case stripe.InvalidRequestError():
            return _refused(_body(error))
        case stripe.APIConnectionError() if never_left(error):
            return NotSent(f"Stripe could not be reached: {error.__cause__}")
        case _:
            return Unknown(f"{type(error).__name__}: {error}")


def declined(error: Mapping[str, Any], reference: str = "") -> Declined:
    """By the decline code if there is one (the bank's word), else by the error's."""
    words = [word for word in (error.get("decline_code"), error.get("code")) if word]
    known = [DECLINES[word] for word in words if word in DECLINES]
    return Declined(
        known[0] if known else DeclineCode.CARD_DECLINED,
        words[0] if words else "",
        error.get("message") or "",
        reference or (error.get("payment_intent") or {}).get("id", ""),
    )


def _refused(error: Mapping[str, Any]) -> Declined:
    code = error.get("code") or ""
    ours = REFUSALS.get(code, DeclineCode.INVALID_REQUEST)
    if error.get("param") == "payment_method":
        ours = DeclineCode.INVALID_PAYMENT_METHOD
    return Declined(
        ours,
        code or error.get("type") or "",
        error.get("message") or "",
        (error.get("payment_intent") or {}).get("id", ""),
    )


def _body(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    return body["error"] if isinstance(body, dict) and isinstance(body.get("error"), dict) else {}
