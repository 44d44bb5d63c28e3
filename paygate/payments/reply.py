"""What the merchant is told about an attempt: the HTTP status and the body, to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from kernel.idempotency.replay import Reply
from paygate.payments.models import Attempt, Operation, Payment, Result
from paygate.payments.render import render, render_refund


def shown_for(payment: Payment, attempt: Attempt, others: Sequence[Attempt]) -> dict[str, Any]:
    """What the reply to an attempt shows: the refund that it is about, or else the payment."""
    if attempt.refund is not None:
        return render_refund(attempt.refund)
    return render(payment, [*others, attempt])


def reply_to(payment: Payment, attempt: Attempt, shown: dict[str, Any]) -> Reply:
    """The reply for an attempt's present state; `shown` is what shown_for() says.

    201 or 200 done · 202 not known yet · 402 declined · 502 the PSP certainly did not execute.
    """
    if attempt.outcome == Result.DECLINED and attempt.operation != Operation.EXPIRE:
        code = "refund_declined" if attempt.refund is not None else "card_declined"
        return _refusal(402, "card_error", code, payment, attempt, shown)
    if attempt.outcome == Result.NOT_SENT:
        return _refusal(502, "api_error", "psp_unavailable", payment, attempt, shown)
    if attempt.open:
        status = 202
    else:
        made = attempt.operation in {Operation.AUTHORIZE, Operation.REFUND}
        status = 201 if made else 200
    return Reply(status, _json(shown))


def _refusal(
    status: int,
    type_: str,
    code: str,
    payment: Payment,
    attempt: Attempt,
    shown: dict[str, Any],
) -> Reply:
    """The error object, with the payment it speaks of inside; of a refund, the payment's id and its own."""
    refund = attempt.refund
    message = (
        f"{refund.public_id}: {refund.failure_message}"
        if refund is not None
        else (payment.last_error or {}).get("message", "")
    )
    body: dict[str, Any] = {
        "error": {
            "type": type_,
            "code": code,
            "message": message,
            "param": None,
            "decline_code": attempt.decline_code or None,
            "psp_code": attempt.psp_code or None,
            "retryable": attempt.outcome == Result.NOT_SENT,
            "request_id": None,
            "payment": shown if refund is None else payment.public_id,
            "doc_url": f"/docs#{code}",
            "errors": [],
        }
    }
    return Reply(status, _json(body))


def is_final(attempt: Attempt) -> bool:
    """May the reply be stored and replayed? A 5xx and a "not known yet" never are."""
    return attempt.outcome in {Result.APPROVED, Result.DECLINED, Result.ACTION_REQUIRED}


def _json(body: dict[str, Any]) -> str:
    return orjson.dumps(body).decode()
