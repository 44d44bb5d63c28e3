"""A dispute's own story: what its PSP said, what moved, what was given and asked for, and who did it. Newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from disputes.back_office.words import REASONS, STAGES, STATUSES, grouped, kind, moment
from disputes.find import Parts
from disputes.models import Action, Dispute, Evidence, Report, Result
from kernel.audit.models import Entry
from kernel.timeline import MOST, Moment, Tone

TONES = {
    "needs_response": Tone.WAITING,
    "under_review": Tone.PLAIN,
    "won": Tone.GOOD,
    "lost": Tone.BAD,
}
ASKED = {Action.SUBMIT: "Evidence submitted", Action.ACCEPT: "Dispute accepted"}
ENDS = {
    Result.DONE: ("{psp} has taken it", Tone.GOOD),
    Result.DECLINED: ("{psp} would not take it", Tone.BAD),
    Result.NOT_SENT: ("It was certainly not executed", Tone.BAD),
    Result.OVERTAKEN: ("The case went on before it was known what became of this", Tone.BAD),
}
DEEDS = {
    "dispute.give": "Evidence edited at the desk",
    "dispute.submit": "Submitting at the desk",
    "dispute.accept": "Accepting at the desk",
}
#: What the keys begin with under which the desk asks; a merchant's own key never collides with one.
KEYS_BEGIN = "back-office-"


def history(dispute: Dispute, parts: Parts, *, evidence: bool) -> list[Moment]:
    """All of it. `evidence`: may the names of what was given be seen?"""
    entries = _entries(dispute)
    told = [
        *_said(dispute),
        *_moved(dispute, parts),
        *_asked(parts, {str(one.details.get("act", "")): one for one in entries}),
        *(_given(dispute) if evidence else ()),
        *_done(entries),
    ]
    return sorted(told, key=lambda one: one.at, reverse=True)


def _said(dispute: Dispute) -> Iterator[Moment]:
    reports = Report.objects.filter(
        merchant_id=dispute.merchant_id, dispute_id=dispute.id, act=None
    ).order_by("-said_at", "-id")
    for report in reports[:MOST]:
        said = [STAGES[report.stage], REASONS.get(report.reason, report.reason)]
        if report.reason_code:
            said.append(f"code {report.reason_code}")
        if report.evidence_due_by and report.standing == "needs_response":
            said.append(f"answer by {moment(report.evidence_due_by)}")
        yield Moment(
            at=report.said_at,
            title=f"{dispute.psp.capitalize()} said: {STATUSES[report.standing]}",
            detail=f"{', '.join(said)} ({report.psp_reference})",
            tone=TONES[report.standing],
        )


def _moved(dispute: Dispute, parts: Parts) -> Iterator[Moment]:
    for one in parts.movements[-MOST:]:
        back = one.direction == "reinstated"
        yield Moment(
            at=one.said_at,
            title=f"{grouped(one.money)} {'given back' if back else 'taken'}",
            detail=one.psp_reference
            + (f", fee of the PSP {grouped(dispute.money(one.fee))}" if one.fee else ""),
            tone=Tone.GOOD if back else Tone.BAD,
        )


def _asked(parts: Parts, by_act: Mapping[str, Entry]) -> Iterator[Moment]:
    """Each act, with whoever asked for it at the desk."""
    for act in parts.acts[-MOST:]:
        entry = by_act.get(act.public_id)
        how = "at the desk" if act.idempotency_key.startswith(KEYS_BEGIN) else "by the API"
        yield Moment(
            at=act.started_at,
            title=f"{ASKED[Action(act.action)]} {how}",
            detail=f"{f'“{entry.because}” ' if entry else ''}{act.public_id}",
            by=entry.by if entry else "",
            tone=Tone.WAITING if act.open else Tone.PLAIN,
        )
        if act.finished_at is not None:
            words, tone = ENDS[Result(act.outcome)]
            yield Moment(
                at=act.finished_at,
                title=words.format(psp=act.psp.capitalize()),
                detail=f"{act.psp_message} {act.psp_code}".strip(),
                tone=tone,
            )


def _given(dispute: Dispute) -> Iterator[Moment]:
    rows = Evidence.objects.filter(merchant_id=dispute.merchant_id, dispute_id=dispute.id)
    given: dict[datetime, list[str]] = {}
    gone: dict[datetime, list[str]] = {}
    for one in rows.order_by("-id")[:MOST]:
        what = f"{kind(one.kind)}{f' ({one.file_name})' if one.is_file else ''}"
        given.setdefault(one.given_at, []).append(what)
        if one.replaced_at is not None:
            gone.setdefault(one.replaced_at, []).append(what)
    for at, kinds in given.items():
        yield Moment(at=at, title="Evidence given", detail=", ".join(reversed(kinds)))
    for at, kinds in gone.items():
        title = "Evidence replaced or taken back"
        yield Moment(at=at, title=title, detail=", ".join(reversed(kinds)))


def _entries(dispute: Dispute) -> list[Entry]:
    """What the audit log has of deeds of the desk, the newest first."""
    ends = (Entry.Outcome.DONE, Entry.Outcome.REFUSED, Entry.Outcome.FAILED)
    found = Entry.objects.filter(
        subject=dispute.public_id, act__in=list(DEEDS), outcome__in=ends
    ).order_by("-position")
    return list(found[:MOST])


def _done(entries: Iterable[Entry]) -> Iterator[Moment]:
    """What is not told by its act."""
    for entry in entries:
        if entry.details.get("act"):
            continue
        refused = entry.outcome != Entry.Outcome.DONE
        said = f" {entry.details.get('said', '')}" if refused else ""
        yield Moment(
            at=entry.at,
            title=f"{DEEDS[entry.act]}{', refused' if refused else ''}",
            detail=f"“{entry.because}”{said}",
            by=entry.by,
            tone=Tone.BAD if refused else Tone.PLAIN,
        )
