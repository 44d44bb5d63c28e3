"""A dispute: what is in it, what it has moved, and how Stripe shows it.

Source: docs.stripe.com/api/disputes/object, and the types of the official SDK, stripe 16.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.stripe import params as p
from simulators.stripe.payment_intent import PaymentIntent

FEES = {"chf": 15_00, "eur": 15_00, "gbp": 15_00, "jpy": 15_00, "kwd": 5_000, "usd": 15_00}

NETWORK_CODES = {  # Visa's; every test card that disputes is one of Visa's.
    "credit_not_processed": "13.7",
    "duplicate": "12.6.1",
    "fraudulent": "10.4",
    "general": "12.7",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}

#: The status while an answer is awaited, and the one that an answer leads to.
ANSWERS = {
    "warning_needs_response": "warning_under_review",
    "needs_response": "under_review",
    "appeal_needs_response": "appeal_under_review",
}


@dataclass(slots=True)
class Transaction:
    """One movement of our balance; both numbers are above zero when they leave us."""

    id: str
    created: int
    amount: int
    fee: int

    @property
    def reinstates(self) -> bool:
        return self.amount < 0


@dataclass(slots=True)
class Dispute:
    """`amount` is in Stripe's minor units; `round` counts how often an answer was awaited."""

    id: str
    created: int
    intent: PaymentIntent
    amount: int
    reason: str
    case_type: str  # "inquiry", "chargeback"
    status: str
    due_by: int = 0
    round: int = 0
    evidence: dict[str, str] = field(default_factory=dict)
    appeal: dict[str, Any] = field(default_factory=dict)  # reason_for_filing, supporting_files
    submissions: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def says(self, words: str) -> bool:
        """Is that in any text of the evidence that counts now?"""
        given = self.appeal if self.status.startswith("appeal") else self.evidence
        return any(isinstance(text, str) and words in text for text in given.values())


def dispute_shown(dispute: Dispute) -> dict[str, Any]:
    """The object as the API returns it."""
    intent = dispute.intent
    assert intent.charge is not None
    code = NETWORK_CODES.get(dispute.reason)
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [_transaction(dispute, moved) for moved in dispute.transactions],
        "charge": intent.charge.id,
        "created": dispute.created,
        "currency": intent.currency,
        "enhanced_eligibility_types": [],
        "evidence": _evidence(dispute),
        "evidence_details": {
            "due_by": dispute.due_by or None,
            "enhanced_eligibility": {},
            "has_evidence": bool(dispute.evidence or dispute.appeal),
            "past_due": False,
            "submission_count": dispute.submissions,
            "submission_method": "manual" if dispute.submissions else "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": not intent.held_by_dispute,
        "livemode": intent.livemode,
        "metadata": dict(dispute.metadata),
        "network_reason_code": code,
        "payment_intent": intent.id,
        "payment_method_details": {
            "card": {
                "brand": intent.charge.card.brand,
                "case_type": dispute.case_type,
                "network": intent.charge.card.brand,
                "network_reason_code": code,
            },
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status,
    }


def _evidence(dispute: Dispute) -> dict[str, Any]:
    appeal = None
    if dispute.appeal:
        files = dispute.appeal.get("supporting_files")
        card = {"reason_for_filing": dispute.appeal["reason_for_filing"], "supporting_files": files}
        appeal = {"card": card}
    return {
        **dict.fromkeys(sorted(p.EVIDENCE_TEXTS | p.EVIDENCE_FILES)),
        **dispute.evidence,
        "appeal": appeal,
        "enhanced_evidence": {},
    }


def _transaction(dispute: Dispute, moved: Transaction) -> dict[str, Any]:
    """Signed from our side: what is withdrawn is below zero."""
    assert dispute.intent.charge is not None
    what = "reversal" if moved.reinstates else "withdrawal"
    fees = {
        "amount": moved.fee,
        "application": None,
        "currency": dispute.intent.currency,
        "description": "Dispute fee",
        "type": "stripe_fee",
    }
    return {
        "id": moved.id,
        "object": "balance_transaction",
        "amount": -moved.amount,
        "available_on": moved.created,
        "balance_type": "payments",
        "created": moved.created,
        "currency": dispute.intent.currency,
        "description": f"Chargeback {what} for {dispute.intent.charge.id}",
        "exchange_rate": None,
        "fee": moved.fee,
        "fee_details": [fees] if moved.fee else [],
        "net": -moved.amount - moved.fee,
        "reporting_category": "dispute_reversal" if moved.reinstates else "dispute",
        "source": dispute.id,
        "status": "pending",
        "type": "adjustment",
    }
