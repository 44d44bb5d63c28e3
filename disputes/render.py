"""A dispute as the public API shows it (the dispute object of the contract)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from disputes.find import Parts
from disputes.models import Act, Dispute, Evidence, Movement, Status
from kernel.clock import rfc3339
from kernel.ids import encode


def render(
    dispute: Dispute, parts: Parts, *, estimate: dict[str, Any] | None, at: datetime
) -> dict[str, Any]:
    """The dispute object; `estimate` is None where there is none. `at` is now: evidence may be overdue."""
    waiting = dispute.status == Status.NEEDS_RESPONSE
    return {
        "id": dispute.public_id,
        "object": "dispute",
        "livemode": dispute.livemode,
        "status": str(dispute.status),
        "stage": dispute.stage,
        "payment": encode("pay", dispute.payment_id),
        "psp": dispute.psp,
        "psp_reference": dispute.psp_reference,
        "amount": dispute.amount,
        "amount_withdrawn": sum(one.amount for one in parts.rounds),
        "amount_reinstated": sum(one.returned for one in parts.rounds),
        "fee": sum(one.fee for one in parts.rounds if one.reinstatement is None),
        "currency": dispute.currency,
        "reason": dispute.reason,
        "reason_code": dispute.reason_code or None,
        "evidence_due_by": _moment(dispute.evidence_due_by),
        "past_due": waiting
        and dispute.evidence_due_by is not None
        and dispute.evidence_due_by < at,
        "evidence": {
            "texts": {one.kind: one.text for one in parts.evidence if not one.is_file},
            "files": [_file(one) for one in parts.evidence if one.is_file],
        },
        "win_estimate": estimate,
        "movements": [_movement(movement) for movement in parts.movements],
        "action": _act(parts.acts[-1]) if parts.acts else None,
        "available_actions": _available(dispute, parts),
        "sequence": dispute.sequence,
        "opened_at": rfc3339(dispute.opened_at),
        "submitted_at": _moment(dispute.submitted_at),
        "closed_at": _moment(dispute.closed_at),
        "created_at": rfc3339(dispute.created_at),
        "updated_at": rfc3339(dispute.updated_at),
    }


def _available(dispute: Dispute, parts: Parts) -> list[str]:
    if dispute.status != Status.NEEDS_RESPONSE or parts.open_act is not None:
        return []
    return ["evidence", *(["submit"] if parts.evidence else []), "accept"]


def _file(one: Evidence) -> dict[str, Any]:
    return {
        "id": encode("ev", one.id),
        "kind": one.kind,
        "name": one.file_name,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": one.sha256,
        "given_at": rfc3339(one.given_at),
    }


def _movement(movement: Movement) -> dict[str, Any]:
    return {
        "psp_reference": movement.psp_reference,
        "direction": movement.direction,
        "amount": movement.amount,
        "currency": movement.currency,
        "said_at": rfc3339(movement.said_at),
    }


def _act(act: Act) -> dict[str, Any]:
    return {
        "id": act.public_id,
        "type": act.action,
        "outcome": act.outcome or None,
        "psp_code": act.psp_code or None,
        "psp_message": act.psp_message or None,
        "started_at": rfc3339(act.started_at),
        "finished_at": _moment(act.finished_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
