"""Payments and refunds as the public API shows them (the objects of the contract)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.clock import rfc3339
from kernel.ids import encode
from paygate.fx.conversion import Conversion
from paygate.fx.exchange import written
from paygate.payments.models import Attempt, Payment, Refund, State

ACTIONS: dict[str, list[str]] = {
    State.AUTHORIZED: ["capture", "cancel"],
    State.PARTIALLY_CAPTURED: ["capture"],
    State.REQUIRES_ACTION: ["confirm", "cancel"],
}


def render(payment: Payment, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """The payment object; `attempts` are all of the payment's, oldest first."""
    return {
        "id": payment.public_id,
        "object": "payment",
        "livemode": payment.livemode,
        "status": str(payment.state),
        # Of the payment's row alone: attempts may have been read a moment later than it.
        "outcome": "unknown" if payment.state == State.PROCESSING else "confirmed",
        "amount": payment.amount,
        "amount_authorized": payment.amount_authorized,
        "amount_capturable": payment.capturable,
        "amount_captured": payment.amount_captured,
        "amount_refunded": payment.amount_refunded,
        "amount_refund_pending": payment.amount_refund_pending,
        "amount_disputed": payment.amount_disputed,
        "fee": payment.fee,
        "net": payment.amount_captured - payment.amount_refunded - payment.fee,
        "currency": payment.currency,
        "settlement": _settlement(payment),
        "user_id": payment.user_id,
        "payment_method": payment.payment_method,
        "capture_method": payment.capture_method,
        "psp": payment.psp or None,
        "psp_reference": payment.psp_reference or None,
        "attempts": [_attempt(attempt) for attempt in attempts],
        "next_action": payment.next_action,
        "last_error": payment.last_error,
        "available_actions": [
            *ACTIONS.get(payment.state, ()),
            *(("refund",) if payment.refundable else ()),
        ],
        "risk": payment.risk,
        "sequence": payment.sequence,
        "description": payment.description or None,
        "statement_descriptor": payment.statement_descriptor or None,
        "metadata": payment.metadata,
        "created_at": rfc3339(payment.created_at),
        "updated_at": rfc3339(payment.updated_at),
        "expires_at": rfc3339(payment.expires_at) if payment.expires_at else None,
    }


def render_refund(refund: Refund) -> dict[str, Any]:
    """The refund object."""
    return {
        "id": refund.public_id,
        "object": "refund",
        "livemode": refund.livemode,
        "status": str(refund.state),
        "payment": encode("pay", refund.payment_id),
        "amount": refund.amount,
        "fee": refund.fee if refund.counts else 0,
        "currency": refund.currency,
        "reason": refund.reason or None,
        "external": refund.source == Refund.Source.PSP,
        "psp": refund.psp,
        "psp_reference": refund.psp_reference or None,
        "failure_code": refund.failure_code or None,
        "failure_message": refund.failure_message or None,
        "sequence": refund.sequence,
        "metadata": refund.metadata,
        "created_at": rfc3339(refund.created_at),
        "updated_at": rfc3339(refund.updated_at),
    }


def _settlement(payment: Payment) -> dict[str, Any] | None:
    """What becomes of a payment that is converted; None for one that stays in its currency."""
    if payment.conversion is None:
        return None
    conversion = Conversion.from_json(payment.conversion)
    return {
        "currency": conversion.to,
        "rate": written(conversion.rate),
        "amount": conversion.settled.minor,
        "refund_rate": conversion.refund_rate,
        "fx_quote": conversion.quote and encode("fxq", conversion.quote),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.public_id,
        "psp": attempt.psp,
        "operation": attempt.operation,
        "amount": attempt.amount,
        "outcome": attempt.outcome or None,
        "decline_code": attempt.decline_code or None,
        "psp_code": attempt.psp_code or None,
        "psp_message": attempt.psp_message or None,
        "route": attempt.route,
        "started_at": rfc3339(attempt.started_at),
        "finished_at": rfc3339(attempt.finished_at) if attempt.finished_at else None,
    }
