"""The first beat of answering a dispute, or of giving in: guard, an open act, one commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from disputes.change import Change, lock, until_written
from disputes.find import get
from disputes.models import Act, Action, Dispute, Status
from kernel.idempotency.replay import bind as bind_key
from kernel.ids import uuid7
from paygate.payments.create import KeyTaken
from paygate.payments.looks import first_look
from paygate.payments.write import BindKey


class UnableToAct(Exception):
    """The dispute is not in a state for this. `dispute` is as it was found."""

    def __init__(self, dispute: Dispute, code: str, message: str) -> None:
        super().__init__(message)
        self.dispute = dispute
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Claimed:
    """Written down; the act is to be carried out."""

    dispute: Dispute
    attempt: Act

    @property
    def path(self) -> str:
        """Where the API shows what was claimed."""
        return f"/v1/disputes/{self.dispute.public_id}"


def claim(
    merchant_id: UUID,
    dispute_id: UUID,
    action: Action,
    *,
    livemode: bool,
    bind: BindKey | None,
    now: datetime,
    seen: int | None = None,
) -> Claimed:
    """Claim to submit the evidence that is there, or to accept the dispute.

    `seen` is the dispute's sequence as whoever decided on it saw it: nobody answers with what they have not seen.
    Raises NoSuchDispute, UnableToAct (decided, with the bank, another act still out, nothing to submit, changed
    since it was seen) and KeyTaken.
    """
    get(merchant_id, dispute_id, livemode=livemode)

    def write() -> Claimed:
        dispute = lock(merchant_id, dispute_id)
        change = Change.of(dispute, at=now)
        act = Act(
            id=uuid7(),
            merchant_id=merchant_id,
            dispute=dispute,
            payment_id=dispute.payment_id,
            livemode=livemode,
            psp=dispute.psp,
            psp_reference=dispute.psp_reference,
            action=action,
            idempotency_key=bind.key.key if bind else "",
            started_at=now,
            next_look_at=first_look(now),
        )
        if bind and not bind_key(bind.key, mark=bind.fingerprint, subject=act.id, at=now):
            raise KeyTaken
        refuse_unless_ours_to_answer(change, seen=seen)
        if action == Action.SUBMIT and not change.parts.evidence:
            raise UnableToAct(
                dispute, "evidence_missing", f"There is no evidence for {dispute.public_id} yet."
            )
        act.save(force_insert=True)
        change.parts.acts.append(act)
        change.tell("dispute.updated")
        return Claimed(dispute, act)

    return until_written(write)


def refuse_unless_ours_to_answer(change: Change, *, seen: int | None = None) -> None:
    """Raises UnableToAct unless it is the merchant's turn, nothing is out already, and it stands as it was seen."""
    dispute = change.dispute
    if change.parts.open_act is not None:
        raise UnableToAct(
            dispute,
            "dispute_processing",
            f"{dispute.public_id} is being worked on; the outcome is awaited.",
        )
    if dispute.status != Status.NEEDS_RESPONSE:
        raise UnableToAct(
            dispute,
            "invalid_state",
            f"{dispute.public_id} is {dispute.status}: nothing can be answered now.",
        )
    if seen is not None and seen != dispute.sequence:
        raise UnableToAct(
            dispute,
            "dispute_changed",
            f"{dispute.public_id} has changed since it was looked at: look again.",
        )
