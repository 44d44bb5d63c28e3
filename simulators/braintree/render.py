"""Transactions and errors as the gateway shows them. No object is ever empty (see xml.py)."""

from __future__ import annotations

from typing import Any

from simulators.braintree.amounts import text
from simulators.braintree.errors import Invalid
from simulators.braintree.transactions import Transaction

_NOBODY = {"id": None, "first-name": None, "last-name": None, "company": None, "email": None}
_NOWHERE = {"id": None, "street-address": None, "locality": None, "postal-code": None}
_AUTHENTICATED = {
    "enrolled": "Y",
    "liability-shift-possible": True,
    "liability-shifted": True,
    "status": "authenticate_successful",
    "cavv": "AAABAJgTJQAAAAAAAAAAAAAAAAA=",
    "eci-flag": "05",
    "three-d-secure-version": "2.2.0",
}


def transaction(shown: Transaction) -> dict[str, Any]:
    verdict = shown.verdict
    return {
        "id": shown.id,
        "graphql-id": f"dHJhbnNhY3Rpb25f{shown.id}",
        "status": shown.status,
        "type": "sale",
        "currency-iso-code": shown.currency,
        "amount": text(shown.amount, shown.currency),
        "merchant-account-id": shown.merchant_account,
        "order-id": shown.order_id or None,
        "channel": None,
        "created-at": shown.created_at,
        "updated-at": shown.updated_at,
        "authorization-expires-at": shown.expires_at,
        "authorized-transaction-id": shown.parent or None,
        "partial-settlement-transaction-ids": [("id", child) for child in shown.children],
        "customer": _NOBODY,
        "billing": _NOWHERE,
        "shipping": _NOWHERE,
        "refund-id": None,
        "refund-ids": [],
        "refunded-transaction-id": None,
        "settlement-batch-id": None,
        "custom-fields": "",
        "avs-error-response-code": None,
        "avs-postal-code-response-code": "I",
        "avs-street-address-response-code": "I",
        "cvv-response-code": "I",
        "gateway-rejection-reason": verdict.rejection,
        "processor-authorization-code": "T1C4P9" if verdict.code == "1000" else None,
        "processor-response-code": verdict.code,
        "processor-response-text": verdict.text,
        "processor-response-type": verdict.kind if verdict.code else None,
        "network-response-code": None,
        "network-response-text": None,
        "network-transaction-id": None,
        "additional-processor-response": None,
        "retrieval-reference-number": None,
        "payment-instrument-type": "credit_card",
        "credit-card": {
            "token": shown.token or None,
            "bin": "411111",
            "last-4": shown.card.last4,
            "card-type": shown.card.brand,
            "expiration-month": "12",
            "expiration-year": "2034",
            "customer-location": "US",
            "cardholder-name": None,
            "expired": False,
            "prepaid": "Unknown",
            "debit": "Unknown",
            "unique-number-identifier": None,
        },
        "three-d-secure-info": _AUTHENTICATED if shown.card.authenticated else None,
        "status-history": [
            (
                "status-event",
                {
                    "timestamp": at,
                    "status": status,
                    "amount": text(amount, shown.currency),
                    "user": "paygate",
                    "transaction-source": "api",
                },
            )
            for status, amount, at in shown.history
        ],
        "descriptor": {"name": None, "phone": None, "url": None},
        "disbursement-details": {"disbursement-date": None, "settlement-amount": None},
        "subscription": {"billing-period-start-date": None, "billing-period-end-date": None},
        "add-ons": [],
        "discounts": [],
        "disputes": [],
        "authorization-adjustments": [],
        "plan-id": None,
        "subscription-id": None,
        "recurring": False,
        "tax-amount": None,
        "tax-exempt": False,
        "purchase-order-number": None,
        "voice-referral-number": None,
    }


def invalid(error: Invalid) -> dict[str, Any]:
    """A request that was refused: an error code, and no transaction."""
    said = {"code": error.code, "attribute": error.attribute, "message": error.message}
    return {
        "errors": {"errors": [], "transaction": {"errors": [("error", said)]}},
        "message": error.message,
    }


def unsuccessful(shown: Transaction) -> dict[str, Any]:
    """A transaction that exists and did not go through: no error code, the transaction tells."""
    reason = shown.verdict.rejection
    message = f"Gateway Rejected: {reason}" if reason else shown.verdict.text
    return {"errors": {"errors": []}, "message": message, "transaction": transaction(shown)}
