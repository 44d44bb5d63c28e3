"""What the pages of a case show, as plain values: the templates only draw it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from disputes.answer import REFUSALS as ENDINGS
from disputes.back_office.history import history
from disputes.back_office.known import Known
from disputes.back_office.words import (
    BASES,
    KINDS,
    REASONS,
    REFUSALS,
    STAGES,
    STATUSES,
    Clock,
    bytes_,
    clock,
    grouped,
    headline,
    kind,
    moment,
)
from disputes.files import LARGEST_IN_ALL
from disputes.find import Parts
from disputes.kinds import wanted
from disputes.models import Action, Dispute, Result, Status
from paygate.psp.registry import PspNotConfigured, desk

TYPES = {"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG"}
#: How it stands, as the pages' badges have it.
TONES = {"needs_response": "waiting", "under_review": "plain", "won": "good", "lost": "bad"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether anything can be done, and how it stands with what was asked last."""

    closed_because: str  # "" where evidence can be given and the dispute answered.
    notice: str  # Of the last act; "" where there is nothing to say.
    tone: str = "plain"
    waiting: bool = False  # The page looks again by itself.


def standing(dispute: Dispute, parts: Parts, at: datetime) -> Standing:
    """What the page says above everything else."""
    psp = dispute.psp.capitalize()
    act = parts.acts[-1] if parts.acts else None
    notice, tone = "", "plain"
    if act is not None:
        what = "The evidence" if act.action == Action.SUBMIT else "That the dispute is accepted"
        if act.open and not act.outcome:
            notice = f"{what} is being sent to {psp}, since {moment(act.started_at)}."
            return Standing(REFUSALS["dispute_processing"], notice, waiting=True)
        if act.open:
            notice = (
                f"{what} was sent to {psp} on {moment(act.started_at)}, and it is not known whether it arrived"
                f" ({act.psp_message or 'no answer came'}). We keep asking"
                + (f", next on {moment(act.next_look_at)}" if act.next_look_at else "")
                + ". Nothing is sent twice."
            )
            return Standing(REFUSALS["dispute_processing"], notice, "waiting", waiting=True)
        if act.outcome == Result.DONE and dispute.status != Status.NEEDS_RESPONSE:
            notice = f"{what} reached {psp} on {moment(act.finished_at or at)}."
            tone = "good"
        elif act.outcome != Result.DONE:
            ending = ENDINGS[Result(act.outcome)].removesuffix(" Try again, with a new key.")
            said = f"{psp} said: “{act.psp_message}”" if act.psp_message else ""
            code = f" ({act.psp_code})" if act.psp_code else ""
            notice = f"{what} was asked for on {moment(act.started_at)}. {ending} {said}{code}"
            tone = "bad"
    if dispute.status != Status.NEEDS_RESPONSE:
        closed = {
            Status.UNDER_REVIEW: "It is with the bank: nothing can be added or taken back.",
            Status.WON: "It is decided. Nothing is to be done.",
            Status.LOST: "It is decided. Nothing can be done any more.",
        }
        return Standing(closed[Status(dispute.status)], notice.strip(), tone)
    if clock(dispute.evidence_due_by, at).urgency == "missed":
        return Standing("The time to answer is over: nothing can be sent.", notice.strip(), tone)
    return Standing("", notice.strip(), tone)


def facts(dispute: Dispute, parts: Parts, at: datetime) -> dict[str, Any]:
    """What every page of a case begins with."""
    due: Clock | None = None
    if dispute.status == Status.NEEDS_RESPONSE:
        due = clock(dispute.evidence_due_by, at)
    return {
        "headline": headline(dispute, parts, at),
        "clock": due,
        "due": dispute.evidence_due_by,
        "amount": grouped(dispute.money(dispute.amount)),
        "fee": grouped(dispute.money(dispute.fee)),
        "has_fee": bool(dispute.fee),
        "reason": REASONS.get(dispute.reason, dispute.reason),
        "stage": STAGES[dispute.stage],
        "status": STATUSES[dispute.status],
        "status_tone": TONES[dispute.status],
        "psp": dispute.psp.capitalize(),
        "bases": BASES,
    }


def shown(
    dispute: Dispute,
    parts: Parts,
    known: Known,
    *,
    at: datetime,
    evidence: bool,
    payments: bool,
    offered: Collection[str] = (),
) -> dict[str, Any]:
    """The page of the case."""
    payment = known.payment
    return {
        **facts(dispute, parts, at),
        "rounds": list(_rounds(dispute, parts)),
        "outstanding": grouped(dispute.money(dispute.outstanding)),
        "payment": payment,
        "known": known,
        "sees_payment": payments,
        "paid": grouped(payment.money(payment.amount_captured)),
        "made_at": moment(payment.created_at),
        "refunds": [
            (one, grouped(one.money), one.get_state_display().lower(), moment(one.updated_at))
            for one in known.refunds
        ],
        "metadata": known.metadata(),
        "checklist": list(_checklist(dispute, parts, offered)),
        "given": to_be_sent(parts) if evidence else [],
        "given_count": len(parts.evidence),
        "history": history(dispute, parts, evidence=evidence),
    }


def to_be_sent(parts: Parts) -> list[dict[str, Any]]:
    """Exactly what is there: texts in full, files by name, size and digest."""
    return [
        {
            "evidence": one,
            "title": kind(one.kind),
            "text": one.text,
            "file": one.file_name,
            "size": bytes_(one.size),
            "sha256": one.sha256,
        }
        for one in parts.evidence
    ]


def limits(dispute: Dispute) -> str:
    """Which files the dispute's PSP takes, in words."""
    try:
        at_psp = desk(dispute.psp, livemode=dispute.livemode)
    except PspNotConfigured:
        return f"Files cannot be taken: {dispute.psp.capitalize()} is not configured."
    names = [name for type_, name in TYPES.items() if type_ in at_psp.evidence_types]
    return (
        f"{dispute.psp.capitalize()} takes files of the types {', '.join(names)}, each of at most"
        f" {bytes_(at_psp.evidence_largest)}; all together at most {bytes_(LARGEST_IN_ALL)}."
    )


def wanted_kinds(dispute: Dispute) -> tuple[str, ...]:
    return wanted(dispute.reason)


def _checklist(
    dispute: Dispute, parts: Parts, offered: Collection[str]
) -> Iterable[tuple[str, str, bool, str]]:
    """What counts for this reason: kind, name, whether it is there, and as what; or what of it is known."""
    for name in wanted_kinds(dispute):
        here = [one for one in parts.evidence if one.kind == name]
        how = " and ".join("file" if one.is_file else "text" for one in here)
        absent = "known, not saved" if name in offered else "missing"
        yield name, KINDS[name][0], bool(here), how or absent


def _rounds(dispute: Dispute, parts: Parts) -> Iterable[dict[str, Any]]:
    """The money by rounds: what was taken when, what came back when, and what that cost."""
    movements = {one.id: one for one in parts.movements}
    for one in parts.rounds:
        taken = movements.get(one.withdrawal)
        back = movements.get(one.reinstatement) if one.reinstatement else None
        yield {
            "number": one.number,
            "taken": grouped(dispute.money(one.amount)),
            "taken_at": moment(taken.said_at) if taken else "",
            "back": grouped(dispute.money(one.returned)) if back else "",
            "back_at": moment(back.said_at) if back else "",
            "fee": grouped(dispute.money(0 if back else one.fee)),
            "became": "came back" if back else ("lost" if one.lost_as else "held by the PSP"),
        }
