"""Refunds in Stripe's words: how one is asked for, and what one says. Pure functions.

Sources, at docs.stripe.com: /api/refunds, /refunds#failed-refunds, /error-codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import stripe

from paygate.psp.events import RefundReported, RefundState, Unreadable
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
from paygate.psp.stripe import refusals, translate

if TYPE_CHECKING:  # The SDK's own types; at run time they are plain dicts and slow to import.
    from stripe.params import RefundCreateParams

STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,  # Of the payer, who has an e-mail from Stripe.
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELED,
}
REASONS = frozenset(("duplicate", "fraudulent", "requested_by_customer"))
FAILURES = {
    "charge_for_pending_refund_disputed": DeclineCode.DISPUTED,
    "expired_or_canceled_card": DeclineCode.EXPIRED_CARD,
    "insufficient_funds": DeclineCode.INSUFFICIENT_FUNDS,
    "lost_or_stolen_card": DeclineCode.LOST_CARD,
}


def creation(request: Refund) -> RefundCreateParams:
    params: RefundCreateParams = {
        "payment_intent": request.psp_reference,
        "amount": translate.units(request.amount),
        "metadata": {
            "refund": request.refund,
            "attempt": request.key,
            "payment": request.payment,
        },
    }
    if request.reason in REASONS:
        params["reason"] = request.reason
    return params


def answered(request: Refund, refund: Mapping[str, Any]) -> Outcome:
    """What a refund says about the request after which (or because of which) it was read."""
    if refund.get("object") != "refund" or not refund.get("id"):
        return Unknown("Stripe answered with something else than a refund")
    asked = (translate.units(request.amount), request.amount.currency.lower())
    if (refund.get("amount"), refund.get("currency")) != asked:
        return Unknown(
            f"AMOUNT DIFFERS: {refund['id']} says amount={refund.get('amount')!r}"
            f" {refund.get('currency')!r}, we expected {asked[0]} (in Stripe's units)"
        )
    reference, status = refund["id"], refund.get("status")
    match STATES.get(str(status)):
        case RefundState.SUCCEEDED:
            return Approved(reference, request.amount)
        case RefundState.PENDING:
            return Pending(reference, f"Stripe has it as {status}")
        case RefundState.FAILED | RefundState.CANCELED:
            why = refund.get("failure_reason") or str(status)
            code = FAILURES.get(why, DeclineCode.PROCESSING_ERROR)
            return Declined(code, why, f"The refund is {status}.", reference)
        case None:
            return Unknown(f"{reference} is {status!r}, which no document of Stripe's knows")


def traced(request: Refund, refunds: Iterable[Mapping[str, Any]]) -> Outcome:
    """What became of it, by the refunds of the PaymentIntent."""
    if refund := translate.of_attempt(request.key, refunds):
        return answered(request, refund)
    return NotSent(f"{request.psp_reference} has no refund of {request.key}")


def failed(error: Exception) -> Outcome:
    """As refusals.failed. The only sum that Stripe refuses to give back is one that is not there.

    What an error names is the payment; a refund there is not.
    """
    outcome = refusals.failed(error)
    if not isinstance(outcome, Declined):
        return outcome
    of_the_amount = isinstance(error, stripe.InvalidRequestError) and error.param == "amount"
    code = DeclineCode.ALREADY_REFUNDED if of_the_amount else outcome.code
    return replace(outcome, code=code, psp_reference="")


def reported(refund: Mapping[str, Any]) -> RefundReported:
    """What a webhook says of a refund. Raises Unreadable."""
    metadata = refund.get("metadata") or {}
    state = STATES.get(str(refund.get("status")))
    if refund.get("object") != "refund" or state is None:
        raise Unreadable(f"a refund that is {refund.get('status')!r}")
    return RefundReported(
        psp_reference=translate.intent_of(refund),
        reference=str(refund["id"]),
        state=state,
        amount=translate.told_money(refund.get("amount"), refund.get("currency")),
        refund=str(metadata.get("refund", "")),
        payment=str(metadata.get("payment", "")),
        code=str(refund.get("failure_reason") or ""),
    )
