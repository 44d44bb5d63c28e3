"""Transactions and errors as the gateway shows them. No object is ever empty (see xml.py)."""

from __future__ import annotations

from typing import Any

from simulators.braintree.amounts import signed, text
from simulators.braintree.disbursements import Disbursement
from simulators.braintree.disputes import Dispute
from simulators.braintree.errors import Invalid
from simulators.braintree.evidence import Document, Evidence
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
        "type": shown.type,
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
        "refund-id": shown.refunds[-1] if shown.refunds else None,
        "refund-ids": [("item", credit) for credit in shown.refunds],
        "refunded-transaction-id": shown.refunded or None,
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
        "disbursement-details": _disbursed(shown),
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


def _disbursed(shown: Transaction) -> dict[str, Any]:
    paid = shown.disbursed
    if paid is None:
        return {"disbursement-date": None, "settlement-amount": None}
    return {
        "disbursement-date": paid.on,
        "settlement-amount": signed(paid.amount, paid.currency),
        "settlement-currency-iso-code": paid.currency,
        "settlement-currency-exchange-rate": str(paid.rate),
        "funds-held": False,
        "success": True,
    }


def disbursement(shown: Disbursement) -> dict[str, Any]:
    """As the webhook shows it: the amount without a sign, and no word of disputes."""
    return {
        "id": shown.id,
        "transaction-ids": [("item", id_) for id_ in shown.transactions],
        "success": True,
        "retry": False,
        "merchant-account": {
            "id": shown.account,
            "currency-iso-code": shown.currency,
            "sub-merchant-account": False,
            "status": "active",
        },
        "amount": text(abs(shown.amount), shown.currency),
        "disbursement-date": shown.on,
        "disbursement-type": "credit" if shown.amount > 0 else "debit",
        "exception-message": None,
        "follow-up-action": None,
    }


def refund_failed(credit: Transaction) -> dict[str, Any]:
    """As the webhook shows it, which is little: no currency, and not our order id."""
    return {
        "id": credit.id,
        "amount": text(credit.amount, credit.currency),
        "status": credit.status,
        "type": "credit",
        "refunded-transaction-id": credit.refunded,
    }


def dispute(shown: Dispute) -> dict[str, Any]:
    disputed = shown.transaction
    amount = text(shown.amount, disputed.currency)
    return {
        "id": shown.id,
        "graphql-id": f"ZGlzcHV0ZV8{shown.id}",
        "amount": amount,
        "amount-disputed": amount,
        "amount-won": text(shown.won, disputed.currency),
        "case-number": shown.case_number,
        "created-at": shown.opened_at,
        "currency-iso-code": disputed.currency,
        "kind": shown.kind,
        "merchant-account-id": disputed.merchant_account,
        "original-dispute-id": shown.original or None,
        "reason": shown.reason,
        "reason-code": shown.reason_code or None,
        "reason-description": None,
        "received-date": shown.opened_at.date(),
        "reference-number": None,
        "reply-by-date": shown.reply_by.date(),
        "status": shown.status,
        "updated-at": shown.history[-1][1],
        "status-history": [
            (
                "status-history",
                {
                    "status": status,
                    "timestamp": at,
                    "disbursement-date": shown.disbursed.get(event),
                },
            )
            for event, (status, at) in enumerate(shown.history)
        ],
        "evidence": [("evidence", evidence(each)) for each in shown.evidence],
        "transaction": {
            "id": disputed.id,
            "amount": text(disputed.amount, disputed.currency),
            "created-at": disputed.created_at,
            "order-id": disputed.order_id or None,
            "purchase-order-number": None,
            "payment-instrument-subtype": disputed.card.brand,
        },
    }


def evidence(shown: Evidence) -> dict[str, Any]:
    return {
        "id": shown.id,
        "category": shown.category or None,
        "comment": shown.comments or None,
        "created-at": shown.created_at,
        "sent-to-processor-at": None,
        "sequence-number": shown.sequence_number,
        "url": shown.url or None,
    }


def document(shown: Document) -> dict[str, Any]:
    return {
        "id": shown.id,
        "kind": "evidence_document",
        "name": shown.name,
        "size": shown.size,
        "content-type": shown.content_type,
        "expires-at": None,
    }


def invalid(error: Invalid) -> dict[str, Any]:
    """A request that was refused: an error code, and nothing else."""
    said = {"code": error.code, "attribute": error.attribute, "message": error.message}
    return {
        "errors": {"errors": [], error.on: {"errors": [("error", said)]}},
        "message": error.message,
    }


def unsuccessful(shown: Transaction) -> dict[str, Any]:
    """A transaction that exists and did not go through: no error code, the transaction tells."""
    reason = shown.verdict.rejection
    message = f"Gateway Rejected: {reason}" if reason else shown.verdict.text
    return {"errors": {"errors": []}, "message": message, "transaction": transaction(shown)}
