"""What the merchant is told about an attempt: the HTTP status and the body, to the byte."""

from __future__ import annotations

from typing import Any

import orjson

from kernel.idempotency.replay import Reply
from paygate.payments.models import Attempt, Operation, Payment, Result


def reply_to(payment: Payment, attempt: Attempt, shown: dict[str, Any]) -> Reply:
    """The reply for an attempt's present state; `shown` is the rendered payment.

    201 or 200 done · 202 not known yet · 402 declined · 502 the PSP certainly did not execute.
    """
    if attempt.outcome == Result.DECLINED and attempt.operation != Operation.EXPIRE:
        return _refusal(402, "card_error", "card_declined", payment, attempt, shown)
    if attempt.outcome == Result.NOT_SENT:
        return _refusal(502, "api_error", "psp_unavailable", payment, attempt, shown)
    if attempt.open:
        status = 202
    else:
        status = 201 if attempt.operation == Operation.AUTHORIZE else 200
    return Reply(status, _json(shown))


def _refusal(
    status: int,
    type_: str,
    code: str,
    payment: Payment,
    attempt: Attempt,
    shown: dict[str, Any],
) -> Reply:
    """The error object, with the payment it speaks of inside."""
    error = payment.last_error or {}
    body = {
        "error": {
            "type": type_,
            "code": code,
            "message": error.get("message", ""),
            "param": None,
            "decline_code": attempt.decline_code or None,
            "psp_code": attempt.psp_code or None,
            "retryable": attempt.outcome == Result.NOT_SENT,
            "request_id": None,
            "payment": shown,
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
