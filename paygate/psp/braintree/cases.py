"""Disputes in Braintree's words: what a case is, and under which category what is said of it goes. Pure functions.

Sources, at developer.paypal.com/braintree/docs/: reference/response/dispute, guides/disputes/evidence-
requirements, reference/request/dispute ("add text evidence", "add file evidence").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from kernel.money import Money
from paygate.psp.braintree.translate import money
from paygate.psp.cases import (
    CaseReport,
    Direction,
    EvidenceFile,
    Movement,
    Reason,
    Stage,
    Standing,
)

STAGES = {
    "retrieval": Stage.INQUIRY,
    "chargeback": Stage.CHARGEBACK,
    "pre_arbitration": Stage.PRE_ARBITRATION,
}

STANDINGS = {
    "open": Standing.NEEDS_RESPONSE,
    "disputed": Standing.UNDER_REVIEW,
    "under_review": Standing.UNDER_REVIEW,
    "won": Standing.WON,
    "lost": Standing.LOST,
    "accepted": Standing.LOST,
    "auto_accepted": Standing.LOST,
    "expired": Standing.LOST,
}

REASONS = {
    "cancelled_recurring_transaction": Reason.SUBSCRIPTION_CANCELED,
    "credit_not_processed": Reason.CREDIT_NOT_PROCESSED,
    "duplicate": Reason.DUPLICATE,
    "fraud": Reason.FRAUDULENT,
    "not_recognized": Reason.UNRECOGNIZED,
    "product_not_received": Reason.NOT_RECEIVED,
    "product_unsatisfactory": Reason.UNACCEPTABLE,
}


def report(dispute: Any, *, at: datetime) -> CaseReport:
    """How the case stands. Raises ValueError, LookupError and AttributeError where it is not as documented."""
    disputed = dispute.transaction_details
    currency = dispute.currency_iso_code
    amount = money(_said(dispute, "amount_disputed", dispute.amount), currency)
    stage, standing = STAGES[dispute.kind], STANDINGS[dispute.status]
    order = _said(disputed, "order_id", "")
    original = _said(dispute, "original_dispute_id", "")
    return CaseReport(
        case=dispute.id,
        psp_reference=disputed.id,
        at=at,
        stage=stage,
        standing=standing,
        amount=amount,
        reason=REASONS.get(_said(dispute, "reason", ""), Reason.GENERAL),
        reason_code=_said(dispute, "reason_code", ""),
        payment=order if order.startswith("pay_") else "",
        evidence_due_by=_end_of(_said(dispute, "reply_by_date", None)),
        movements=_movements(dispute, amount) if stage != Stage.INQUIRY else (),
        continues=original if original != dispute.id else "",
    )


def _movements(dispute: Any, amount: Money) -> tuple[Movement, ...]:
    """The amount is withdrawn when the case opens, and what was won of it comes back. Fees are billed apart."""
    free = Money.zero(amount.currency)
    moved = [Movement(f"{dispute.id}:withdrawn", Direction.WITHDRAWN, amount, free)]
    if STANDINGS[dispute.status] == Standing.WON:
        won = _said(dispute, "amount_won", None)
        back = amount if won is None else money(won, amount.currency)
        moved.append(Movement(f"{dispute.id}:reinstated", Direction.REINSTATED, back, free))
    return tuple(movement for movement in moved if movement.amount)


def _said(thing: Any, name: str, otherwise: Any) -> Any:
    """The SDK's objects have only those attributes that were sent."""
    said = getattr(thing, name, None)
    return otherwise if said is None else said


def _end_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(23, 59, 59), UTC)


# ---------------------------------------------------------------------------------------- evidence

# Some reason codes ask for categories; where there is none for a kind, the evidence goes without.
TEXT_CATEGORIES = {
    "customer_name": "PURCHASER_NAME",
    "customer_email": "PURCHASER_EMAIL_ADDRESS",
    "customer_purchase_ip": "PURCHASER_IP_ADDRESS",
    "shipping_carrier": "CARRIER_NAME",
    "shipping_tracking_number": "TRACKING_NUMBER",
}
FILE_CATEGORIES = {
    "customer_signature": "SIGNED_DELIVERY_FORM",
    "shipping_documentation": "PROOF_OF_DELIVERY",
}
ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


def texts(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """(category, comment) of each that has a category, then one comment of all the others."""
    said = {
        kind: text for kind, text in said.items() if text.strip()
    }  # The SDK refuses to send nothing.
    apart = [(TEXT_CATEGORIES[kind], said[kind]) for kind in sorted(said.keys() & TEXT_CATEGORIES)]
    rest = [headed(kind, text) for kind, text in said.items() if kind not in TEXT_CATEGORIES]
    return [*apart, ("", "\n\n".join(rest))] if rest else apart


def headed(kind: str, text: str) -> str:
    """ "refund_policy" is headed "Refund policy"; so is "TRACKING_NUMBER" where it is not taken as such."""
    return f"{kind.replace('_', ' ').capitalize()}: {text}"


def name_of(file: EvidenceFile) -> str:
    """What a file is called at Braintree: by its content, so that it is known again in the evidence's address."""
    return hashlib.sha256(file.content).hexdigest()[:32] + ENDINGS[file.media_type]


def has_text(dispute: Any, comment: str) -> bool:
    there = (_said(e, "comment", _said(e, "comments", "")) for e in _evidence(dispute))
    return _plain(comment) in {_plain(each) for each in there}


def has_file(dispute: Any, name: str) -> bool:
    return any(name in _said(each, "url", "") for each in _evidence(dispute))


def was_answered(dispute: Any) -> bool:
    """Was it ever finalized? One that was lost by silence was not."""
    statuses = {each.status for each in _said(dispute, "status_history", [])}
    answered = {status for status, stands in STANDINGS.items() if stands == Standing.UNDER_REVIEW}
    return bool(answered & {dispute.status, *statuses})


def _evidence(dispute: Any) -> list[Any]:
    return list(_said(dispute, "evidence", []))


def _plain(text: str) -> str:
    """XML does not keep every kind of white space."""
    return " ".join(text.split())
