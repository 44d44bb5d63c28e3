"""Braintree's words to ours and back: amounts, requests, transactions, errors. Pure functions.

Sources, at developer.paypal.com/braintree/docs/reference/: general/statuses, general/processor-
responses, general/validation-errors, request/transaction. The SDK's error_codes.py for the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from kernel.currencies import EXPONENTS
from kernel.money import Money
from paygate.psp.braintree.sdk import braintree
from paygate.psp.gateway import (
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
from paygate.psp.wire import never_left

# ----------------------------------------------------------------------------------------- amounts


def decimal(amount: Money) -> str:
    """The amount as Braintree wants it: in major units, with ISO's decimals. "10.50", "500"."""
    return amount.major


def money(amount: Decimal, currency: str) -> Money:
    """What Braintree means by an amount. Raises ValueError where the currency has no such coins."""
    minor = amount.scaleb(EXPONENTS[currency])
    if minor != int(minor):
        raise ValueError(f"{amount} {currency} has a fraction of the smallest coin")
    return Money(int(minor), currency)


# ---------------------------------------------------------------------------------------- requests


def unaskable(request: Request, accounts: Mapping[str, str]) -> Declined | None:
    """Why there is no way to put this to Braintree; None when there is one."""
    if isinstance(request, Authorize | Refund) and request.amount.currency not in accounts:
        said = f"We have no Braintree merchant account for {request.amount.currency}."
        return Declined(DeclineCode.CURRENCY_NOT_SUPPORTED, psp_message=said)
    if isinstance(request, Confirm):  # The nonce of a browser carries 3-D Secure; nothing waits.
        said = "Braintree has no payment that waits for its customer."
        return Declined(DeclineCode.INVALID_STATE, psp_message=said)
    return None


def sale(request: Authorize, *, merchant_account: str) -> dict[str, Any]:
    """The merchant account fixes the currency: Braintree has no parameter for it.

    A statement descriptor is not passed on: Braintree refuses the sale unless it has the form that
    the card networks agreed on for this account.
    """
    single_use = request.token.startswith("fake-") and request.token.endswith("-nonce")
    return {
        "amount": decimal(request.amount),
        "merchant_account_id": merchant_account,
        "payment_method_nonce" if single_use else "payment_method_token": request.token,
        "order_id": request.payment,
        "api_request_key": request.key,
        "options": {"submit_for_settlement": request.capture},
    }


def in_one(request: Capture) -> bool:
    """Is this the only capture there will be? Otherwise each is a child transaction of its own."""
    return not request.captured_before and (request.final or request.amount == request.authorized)


def partial_settlement(request: Capture) -> dict[str, Any]:
    params: dict[str, Any] = {"order_id": request.key, "api_request_key": request.key}
    if request.final:
        params["final_capture"] = True
    return params


# ----------------------------------------------------------------------------------------- answers

Asked: TypeAlias = Authorize | Confirm | Capture | Cancel  # Refunds are told of in refunds.py.

HELD = {"authorized"}
TAKEN = {
    "submitted_for_settlement",
    "settling",
    "settlement_pending",
    "settlement_confirmed",
    "settled",
}
WAITING = {"authorizing"}
OVER = {"voided", "authorization_expired"}
NOT_PAID = {"settlement_declined", "settlement_failed", "failed"}


def answered(request: Asked, result: Any) -> Outcome:
    """What the SDK's result says; None is what it makes of a body that it does not know."""
    if result is None:
        return Unknown("Braintree's answer holds neither a transaction nor an error")
    if result.is_success:
        return told(request, result.transaction)
    return _refused(request, result)


def told(request: Asked, transaction: Any) -> Outcome:
    """What a transaction says about the request that made or changed it, now or later."""
    reference, status = transaction.id, transaction.status
    if isinstance(request, Cancel):
        return _canceled(transaction)
    asked = request.amount
    if status in HELD | TAKEN | WAITING and (
        transaction.amount != Decimal(decimal(asked))
        or transaction.currency_iso_code != asked.currency
    ):
        return Unknown(
            f"AMOUNT DIFFERS: {reference} is about {transaction.amount}"
            f" {transaction.currency_iso_code}, we asked for {asked}"
        )
    if status in TAKEN:
        return Approved(reference, asked, captured=not isinstance(request, Capture))
    if status in HELD and not isinstance(request, Capture):
        return Approved(reference, asked, expires_at=_utc(transaction))
    if status in WAITING:
        return Pending(reference, "Braintree is authorizing")
    if status in OVER:
        return Declined(DeclineCode.INVALID_STATE, status, f"It is {status}.", reference)
    if status == "processor_declined":
        return _by(PROCESSOR, transaction.processor_response_code, transaction)
    if status == "gateway_rejected":
        return _by(GATEWAY, transaction.gateway_rejection_reason, transaction)
    if status in NOT_PAID:
        return Declined(DeclineCode.PROCESSING_ERROR, status, f"It is {status}.", reference)
    return Unknown(f"{reference} is {status!r}, which nothing of ours leads to")


def traced(request: Capture | Cancel, transaction: Any) -> Outcome:
    """Did this capture (in one) or cancel happen? Read off the authorization, some time later."""
    if transaction.status in HELD | WAITING:
        return NotSent(f"{transaction.id} is {transaction.status}")
    return told(request, transaction)


def _canceled(transaction: Any) -> Outcome:
    if transaction.status == "voided":
        released = money(transaction.amount, transaction.currency_iso_code)
        return Approved(transaction.id, released)
    said = f"It is {transaction.status}."
    taken = transaction.status in TAKEN
    code = DeclineCode.ALREADY_CAPTURED if taken else DeclineCode.INVALID_STATE
    return Declined(code, transaction.status, said, transaction.id)


def _by(table: Mapping[str, DeclineCode], code: str | None, transaction: Any) -> Declined:
    return Declined(
        table.get(code or "", DeclineCode.CARD_DECLINED),
        code or "",
        getattr(transaction, "processor_response_text", None) or "",
        transaction.id,
    )


def _utc(transaction: Any) -> datetime | None:
    """The SDK's datetimes are UTC and do not say so."""
    moment = getattr(transaction, "authorization_expires_at", None)
    return moment.replace(tzinfo=UTC) if moment else None


# ------------------------------------------------------------------------------------------ errors

PROCESSOR = {
    "2000": DeclineCode.DO_NOT_HONOR,
    "2001": DeclineCode.INSUFFICIENT_FUNDS,
    "2002": DeclineCode.LIMIT_EXCEEDED,
    "2003": DeclineCode.LIMIT_EXCEEDED,
    "2004": DeclineCode.EXPIRED_CARD,
    "2005": DeclineCode.INCORRECT_NUMBER,
    "2006": DeclineCode.EXPIRED_CARD,  # Invalid expiration date
    "2007": DeclineCode.INVALID_PAYMENT_METHOD,  # No account
    "2008": DeclineCode.INCORRECT_NUMBER,
    "2009": DeclineCode.INCORRECT_NUMBER,  # No such issuer
    "2010": DeclineCode.INCORRECT_CVC,
    "2012": DeclineCode.LOST_CARD,
    "2013": DeclineCode.STOLEN_CARD,
    "2014": DeclineCode.FRAUDULENT,
    "2019": DeclineCode.INVALID_REQUEST,
    "2024": DeclineCode.INVALID_PAYMENT_METHOD,  # Card type not enabled
    "2048": DeclineCode.INVALID_REQUEST,  # Invalid amount
    "2051": DeclineCode.INCORRECT_NUMBER,
    "2053": DeclineCode.LOST_CARD,
    "2099": DeclineCode.AUTHENTICATION_REQUIRED,
    "3000": DeclineCode.PROCESSING_ERROR,
}

GATEWAY = {
    "cvv": DeclineCode.INCORRECT_CVC,
    "avs_and_cvv": DeclineCode.INCORRECT_CVC,
    "fraud": DeclineCode.FRAUDULENT,
    "risk_threshold": DeclineCode.FRAUDULENT,
    "three_d_secure": DeclineCode.AUTHENTICATION_REQUIRED,
    "excessive_retry": DeclineCode.LIMIT_EXCEEDED,
    "application_incomplete": DeclineCode.PROCESSING_ERROR,
}

VALIDATION = {
    "91504": DeclineCode.INVALID_STATE,  # Cannot be voided
    "91505": DeclineCode.INVALID_STATE,  # Is a refund itself
    "91506": DeclineCode.INVALID_STATE,  # Cannot be refunded, not being settled
    "91507": DeclineCode.INVALID_STATE,  # Cannot be submitted for settlement
    "915103": DeclineCode.INVALID_STATE,  # Nor for partial settlement
    "91512": DeclineCode.ALREADY_REFUNDED,
    "91521": DeclineCode.ALREADY_REFUNDED,  # More than there is left
    "915200": DeclineCode.CARD_DECLINED,  # The bank wants no refund: for good,
    "915201": DeclineCode.CARD_DECLINED,  # and for now
    "91516": DeclineCode.INVALID_PAYMENT_METHOD,
    "91517": DeclineCode.INVALID_PAYMENT_METHOD,
    "91518": DeclineCode.INVALID_PAYMENT_METHOD,  # Token is invalid
    "91564": DeclineCode.INVALID_PAYMENT_METHOD,  # Nonce consumed
    "91565": DeclineCode.INVALID_PAYMENT_METHOD,  # Nonce unknown
    "91566": DeclineCode.INVALID_PAYMENT_METHOD,
    "91567": DeclineCode.INVALID_PAYMENT_METHOD,
    "91569": DeclineCode.INVALID_PAYMENT_METHOD,
    "91577": DeclineCode.INVALID_PAYMENT_METHOD,
}

# About the key itself: used for another request, in flight, of one that failed, an error of theirs.
# They say that something was sent under the key before, and not what became of it.
KEY_TROUBLE = {"915232", "915233", "915234", "915235"}


def _refused(request: Asked, result: Any) -> Outcome:
    """Failure has three shapes: errors in the request, a no from the bank, a no from Braintree."""
    errors = result.errors.deep_errors
    if trouble := trouble_with_key(errors):
        return trouble
    if not errors and result.transaction is not None:
        return told(request, result.transaction)
    return refused_for(errors, result.message)


def trouble_with_key(errors: Sequence[Any]) -> Unknown | None:
    codes = [error.code for error in errors if error.code in KEY_TROUBLE]
    return Unknown(f"Braintree on the request's key: {', '.join(codes)}") if codes else None


def refused_for(errors: Sequence[Any], message: str | None) -> Declined:
    """A request with a mistake in it, or at the wrong time."""
    code = errors[0].code if errors else ""
    return Declined(VALIDATION.get(code, DeclineCode.INVALID_REQUEST), code, message or "")


def failed(error: Exception) -> Outcome:
    """What an exception of the SDK says about the request that raised it."""
    exceptions = braintree.exceptions
    match error:
        case _ if never_left(error):
            return NotSent(f"Braintree could not be reached: {error}")
        case exceptions.authentication_error.AuthenticationError():
            return NotSent("Braintree refuses our credentials (401)")
        case exceptions.authorization_error.AuthorizationError():
            return NotSent(f"Braintree refuses our credentials (403): {error}")
        case exceptions.too_many_requests_error.TooManyRequestsError():
            return NotSent("Braintree limits our rate (429)")
        case exceptions.not_found_error.NotFoundError():
            said = str(error) or "Braintree does not know the transaction."
            return Declined(DeclineCode.INVALID_REQUEST, "404", said)
        case _:
            return Unknown(f"{type(error).__name__}: {error}")
