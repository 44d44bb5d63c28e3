"""How an act ends, and what the merchant is told about it: the HTTP status and the body, to the byte."""

from __future__ import annotations

from typing import Any

import orjson

from disputes.change import Change
from disputes.models import Act, Action, Dispute, Result, Status
from kernel.idempotency.replay import Key, Reply, store
from kernel.ids import encode

REFUSALS = {
    Result.DECLINED: "The PSP would not take it.",
    Result.NOT_SENT: "The PSP certainly did not execute this. Try again, with a new key.",
    Result.OVERTAKEN: "The case went on before it was known what became of this.",
}
CODES = {
    Result.DECLINED: "psp_declined",
    Result.NOT_SENT: "psp_unavailable",
    Result.OVERTAKEN: "dispute_went_on",
}


def verdict(act: Act, status: str) -> Result | None:
    """What the dispute's status, reached while the act was open, says of the act; None: nothing."""
    match act.action, status:
        case Action.SUBMIT, Status.UNDER_REVIEW | Status.WON:
            return Result.DONE
        case Action.ACCEPT, Status.LOST:
            return Result.DONE
        case Action.ACCEPT, Status.UNDER_REVIEW:
            return None
        case _:
            return Result.OVERTAKEN


def close(
    change: Change, act: Act, result: Result, *, psp_code: str = "", psp_message: str = ""
) -> None:
    """End the act; the dispute's change is still to be told."""
    act.outcome = result
    act.psp_code, act.psp_message = psp_code, psp_message
    act.finished_at, act.next_look_at = change.at, None
    act.save(force_update=True)
    if act.action == Action.SUBMIT and result == Result.DONE:
        change.dispute.submitted_at = change.at
    change.closed.append(act)


def store_replies(change: Change) -> None:
    """Store what is answered for the acts that this change has ended, for ever the same."""
    for act in change.closed:
        if act.idempotency_key and is_final(act):
            key = Key(act.merchant_id, act.livemode, act.idempotency_key)
            store(key, reply_to(change.dispute, act, change.shown()), at=change.at)


def reply_to(dispute: Dispute, act: Act, shown: dict[str, Any]) -> Reply:
    """The reply for an act's present state; `shown` is the rendered dispute.

    200 done · 202 not known yet · 409 the PSP would not, or the case went on · 502 certainly not executed.
    """
    if act.open or act.outcome == Result.DONE:
        return Reply(202 if act.open else 200, orjson.dumps(shown).decode())
    result = Result(act.outcome)
    unsent = result == Result.NOT_SENT
    error: dict[str, Any] = {
        "type": "api_error" if unsent else "conflict_error",
        "code": CODES[result],
        "message": f"{REFUSALS[result]} {act.psp_message}".rstrip(),
        "param": None,
        "decline_code": None,
        "psp_code": act.psp_code or None,
        "retryable": unsent,
        "request_id": None,
        "payment": encode("pay", dispute.payment_id),
        "doc_url": f"/docs#{CODES[result]}",
        "errors": [],
    }
    return Reply(502 if unsent else 409, orjson.dumps({"error": error}).decode())


def is_final(act: Act) -> bool:
    """May the reply be stored and replayed? A 5xx and a "not known yet" never are."""
    return act.outcome in {Result.DONE, Result.DECLINED, Result.OVERTAKEN}
