"""Giving back, in Braintree's words: before a sale is settled it is voided, after that refunded. Pure functions.

Source: developer.paypal.com/braintree/docs/reference/request/transaction, "refund" and "void". What makes two
ways safe is Braintree's own order of things: what is voided is never settled, and what is settled never voided.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import Any

from paygate.psp.braintree.translate import (
    PROCESSOR,
    decimal,
    refused_for,
    trouble_with_key,
)
from paygate.psp.gateway import (
    Approved,
    DeclineCode,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Refund,
    Unknown,
)

REFUNDABLE = {"settling", "settled"}
VOIDABLE = {"authorized", "submitted_for_settlement"}
UNSETTLED = VOIDABLE | {"authorizing", "settlement_pending", "settlement_confirmed"}
ON_ITS_WAY = {
    "authorized",
    "submitted_for_settlement",
    "settlement_pending",
    "settlement_confirmed",
    *REFUNDABLE,
}

WAITS = "Braintree refunds only what is settled"
TOO_LATE_TO_VOID = "91504"
TOO_EARLY_TO_REFUND = {"91506", "91574"}  # Not settled; still settling, where the bank minds that.


class Way(Enum):
    """How a refund is to be made."""

    VOID = auto()
    REFUND = auto()


def way(request: Refund, sale: Any) -> Way | Outcome:
    """What to do, by how the sale stands; an outcome where nothing is to be done, now or ever."""
    if sale.currency_iso_code != request.amount.currency:
        return _differs(sale, request)
    if sale.status in REFUNDABLE:
        return Way.REFUND
    if sale.status in VOIDABLE and _is_all(request):
        return Way.VOID if _same_amount(sale, request) else _differs(sale, request)
    if sale.status in UNSETTLED:
        return Pending("", WAITS)
    if sale.status == "voided":
        return _voided(request, sale)
    # There is no reference: the sale is no refund, and of what is not taken several may be refused.
    said = f"The sale is {sale.status}: nothing was taken."
    return Declined(DeclineCode.INVALID_STATE, sale.status, said)


def traced(request: Refund, sale: Any) -> Outcome:
    """What became of a refund of which there is no credit."""
    found = way(request, sale)
    if isinstance(found, Way):
        return NotSent(f"{sale.id} is {sale.status}, and has no refund {request.refund}")
    return found


def terms(request: Refund) -> dict[str, Any]:
    """What is asked of a refund. The order id is what the credit is known by afterwards."""
    return {
        "amount": decimal(request.amount),
        "order_id": request.refund,
        "api_request_key": request.key,
    }


def came_too_late(result: Any) -> bool:
    """Was the void refused because the sale is in a batch by now?"""
    errors = [] if result is None or result.is_success else result.errors.deep_errors
    return any(error.code == TOO_LATE_TO_VOID for error in errors)


def answered(request: Refund, result: Any) -> Outcome:
    """What the SDK's result of a refund or a void says; None is what it makes of an unknown body."""
    if result is None:
        return Unknown("Braintree's answer holds neither a transaction nor an error")
    if result.transaction is not None:
        return told(request, result.transaction)
    errors = result.errors.deep_errors
    if trouble := trouble_with_key(errors):
        return trouble
    if any(error.code in TOO_EARLY_TO_REFUND for error in errors):
        return Pending("", WAITS)
    return refused_for(errors, result.message)


def told(request: Refund, transaction: Any) -> Outcome:
    """What the credit says of the refund that made it, or the sale of the void."""
    if transaction.type != "credit":
        found = way(request, transaction)
        return Unknown(f"{transaction.id} was to be voided") if isinstance(found, Way) else found
    reference, status = transaction.id, transaction.status
    if status in ON_ITS_WAY | {"authorizing"} and not (
        _same_amount(transaction, request)
        and transaction.currency_iso_code == request.amount.currency
    ):
        return _differs(transaction, request)
    if status in ON_ITS_WAY:
        return Approved(reference, request.amount)
    if status == "authorizing":
        return Pending(reference, "Braintree is asking the bank")
    if status == "processor_declined":
        code = transaction.processor_response_code or ""
        said = getattr(transaction, "processor_response_text", None) or ""
        return Declined(PROCESSOR.get(code, DeclineCode.CARD_DECLINED), code, said, reference)
    said = f"The refund is {status}."
    return Declined(DeclineCode.PROCESSING_ERROR, status, said, reference)


def _voided(request: Refund, sale: Any) -> Outcome:
    """A void gives all back. It was this refund's, or did what this refund was to do."""
    if not _is_all(request):
        said = "The sale was voided: all of it is given back."
        return Declined(DeclineCode.ALREADY_REFUNDED, sale.status, said)
    if not _same_amount(sale, request):
        return _differs(sale, request)
    return Approved(sale.id, request.amount)


def _is_all(request: Refund) -> bool:
    return request.amount == request.captured and not request.refunded_before


def _same_amount(transaction: Any, request: Refund) -> bool:
    return bool(transaction.amount == Decimal(decimal(request.amount)))


def _differs(transaction: Any, request: Refund) -> Unknown:
    return Unknown(
        f"AMOUNT DIFFERS: {transaction.id} is about {transaction.amount}"
        f" {transaction.currency_iso_code}, we asked for {request.amount}"
    )
