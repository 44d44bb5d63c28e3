"""Disputes in Stripe's words: what one says, and evidence as Stripe wants it. Pure functions.

Sources, at docs.stripe.com: /api/disputes, /disputes/how-disputes-work, /disputes/arbitration,
/disputes/categories, /disputes/prevention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from paygate.psp.cases import (
    CaseReport,
    Direction,
    Movement,
    Reason,
    Stage,
    Standing,
    SubmitEvidence,
)
from paygate.psp.events import Unreadable
from paygate.psp.stripe import translate

STANDINGS = {
    "warning_needs_response": Standing.NEEDS_RESPONSE,
    "warning_under_review": Standing.UNDER_REVIEW,
    "warning_closed": Standing.WON,  # Without having become a chargeback.
    "needs_response": Standing.NEEDS_RESPONSE,
    "under_review": Standing.UNDER_REVIEW,
    "appeal_needs_response": Standing.NEEDS_RESPONSE,
    "appeal_under_review": Standing.UNDER_REVIEW,
    "won": Standing.WON,
    "lost": Standing.LOST,
}
REASONS = {
    "credit_not_processed": Reason.CREDIT_NOT_PROCESSED,
    "duplicate": Reason.DUPLICATE,
    "fraudulent": Reason.FRAUDULENT,
    "product_not_received": Reason.NOT_RECEIVED,
    "product_unacceptable": Reason.UNACCEPTABLE,
    "subscription_canceled": Reason.SUBSCRIPTION_CANCELED,
    "unrecognized": Reason.UNRECOGNIZED,
}

# ------------------------------------------------------------------------------------ what it says


def report(dispute: Mapping[str, Any], *, at: datetime) -> CaseReport:
    """What a dispute says at one moment. Raises Unreadable."""
    if dispute.get("object") != "dispute" or not dispute.get("id"):
        raise Unreadable("something else than a dispute")
    movements = tuple(map(_movement, dispute.get("balance_transactions") or ()))
    reason = str(dispute.get("reason") or "")
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    stage, standing = _stands(dispute, movements)
    return CaseReport(
        case=str(dispute["id"]),
        psp_reference=translate.intent_of(dispute),
        at=at,
        stage=stage,
        standing=standing,
        amount=translate.told_money(dispute.get("amount"), dispute.get("currency")),
        reason=REASONS.get(reason, Reason.GENERAL),
        reason_code=str(dispute.get("network_reason_code") or _of_card(dispute) or reason),
        evidence_due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        movements=movements,
    )


def _of_card(dispute: Mapping[str, Any]) -> str | None:
    card = (dispute.get("payment_method_details") or {}).get("card") or {}
    code: str | None = card.get("network_reason_code")
    return code


def _stands(dispute: Mapping[str, Any], movements: Sequence[Movement]) -> tuple[Stage, Standing]:
    """How far the case has gone, and whose turn it is.

    "prevented" is what Stripe, or the card network, settled before it became a chargeback: by blocking
    it, which costs nothing, or by giving the payer the money back, which then is gone.
    """
    status = str(dispute.get("status"))
    taken = sum(1 for moved in movements if moved.direction == Direction.WITHDRAWN)
    if status == "prevented":
        gone = taken > len(movements) - taken
        return (Stage.CHARGEBACK, Standing.LOST) if gone else (Stage.INQUIRY, Standing.WON)
    if status not in STANDINGS:
        raise Unreadable(f"a dispute that is {status!r}")
    standing = STANDINGS[status]
    if status.startswith("warning_"):
        return Stage.INQUIRY, standing
    appealed = status.startswith("appeal_") or (dispute.get("evidence") or {}).get("appeal")
    if appealed or taken > 1:  # Taken twice: it was won in between.
        return Stage.PRE_ARBITRATION, standing
    return Stage.CHARGEBACK, standing


def _movement(transaction: Mapping[str, Any]) -> Movement:
    """Stripe signs from our side: what leaves us is below zero, and a fee that we pay above it."""
    if not isinstance(transaction, Mapping) or not transaction.get("id"):
        raise Unreadable("a dispute whose balance transactions are not told")
    amount, fee, currency = (transaction.get(name) for name in ("amount", "fee", "currency"))
    if not isinstance(amount, int) or not isinstance(fee, int) or not amount:
        raise Unreadable(f"{transaction['id']} moves {amount!r} with a fee of {fee!r}")
    away = amount < 0
    if (fee < 0) if away else (fee > 0):
        raise Unreadable(f"{transaction['id']} moves {amount} with a fee of {fee}")
    return Movement(
        id=str(transaction["id"]),
        direction=Direction.WITHDRAWN if away else Direction.REINSTATED,
        amount=translate.told_money(abs(amount), currency),
        fee=translate.told_money(abs(fee), currency),
    )


# --------------------------------------------------------------------------------------- evidence

#: Our kinds of texts that have another name at Stripe. Stripe calls both policies by one name as
#: documents, and by another as an account of how the customer was shown them.
TEXTS = {
    "explanation": "uncategorized_text",
    "customer_email": "customer_email_address",
    "refund_policy": "refund_policy_disclosure",
    "cancellation_policy": "cancellation_policy_disclosure",
}
SAME_TEXTS = frozenset(
    (
        "access_activity_log",
        "billing_address",
        "cancellation_rebuttal",
        "customer_name",
        "customer_purchase_ip",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "refund_refusal_explanation",
        "service_date",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_tracking_number",
    )
)
FILES = frozenset(
    (
        "cancellation_policy",
        "customer_communication",
        "customer_signature",
        "duplicate_charge_documentation",
        "receipt",
        "refund_policy",
        "service_documentation",
        "shipping_documentation",
    )
)
ANY_FILE = "uncategorized_file"


#: Bytes that all files of one answer may have together.
LARGEST = 4_500_000


class NoRoom(ValueError):
    """More than Stripe has places for: one for each kind of document, and one for any other."""


def evidence(request: SubmitEvidence, files: Sequence[str]) -> dict[str, Any]:
    """Texts and the ids of the uploaded files, by Stripe's names. Raises NoRoom."""
    found: dict[str, Any] = dict(zip(places(request), files, strict=True))
    loose = []
    for kind, text in request.texts.items():
        if kind in TEXTS or kind in SAME_TEXTS:
            found[TEXTS.get(kind, kind)] = text
        else:
            loose.append(f"{kind}: {text}")
    if loose:
        found["uncategorized_text"] = "\n\n".join([*_given(found, "uncategorized_text"), *loose])
    return found


def places(request: SubmitEvidence) -> list[str]:
    """Where each of the files goes. Raises NoRoom, also when they are too large together."""
    if sum(len(file.content) for file in request.files) > LARGEST:
        raise NoRoom(f"files have at most {LARGEST} bytes together")
    taken: list[str] = []
    for file in request.files:
        place = file.kind if file.kind in FILES and file.kind not in taken else ANY_FILE
        if place in taken:
            raise NoRoom(f"there is no room for another file of kind {file.kind}")
        taken.append(place)
    return taken


def appeal(request: SubmitEvidence, files: Sequence[str]) -> dict[str, Any]:
    """In the appeal stage there is one text, and a list of files."""
    texts = dict(request.texts)
    told = [texts.pop("explanation", ""), *(f"{kind}: {text}" for kind, text in texts.items())]
    card: dict[str, Any] = {"reason_for_filing": "\n\n".join(text for text in told if text)}
    if files:
        card["supporting_files"] = list(files)
    return {"appeal": {"card": card}}


def _given(found: Mapping[str, Any], name: str) -> list[str]:
    return [found[name]] if name in found else []
