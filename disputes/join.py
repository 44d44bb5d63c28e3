"""What a dispute is, by all that was said of it: pure, and the same in whatever order it was heard.

The furthest stage that any report names is how far the case has gone, and only what was said in that stage counts
for the standing. There a decision outweighs "under review", that outweighs "needs response", and of two decisions
the later one by the PSP's clock holds. So within a stage a report can carry the case on and never back, and
whatever is still missing can be heard later. Clocks matter little: a PSP's, ours, or that of a poll may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from disputes.models import STAGES, Report, Status
from paygate.psp.cases import Reason, Standing

STANDINGS = [standing.value for standing in Standing]
DECIDED = {Status.WON.value, Status.LOST.value}


@dataclass(frozen=True, slots=True)
class Joined:
    """The dispute as its reports have it."""

    psp_reference: str  # Of the newest case.
    stage: str
    status: str
    amount: int
    reason: str
    reason_code: str
    evidence_due_by: datetime | None
    opened_at: datetime
    reported_at: datetime
    closed_at: datetime | None


def join(reports: Sequence[Report]) -> Joined:
    """The state that these reports make, of which there is at least one."""
    said = in_order(reports)
    stage = max((report.stage for report in said), key=STAGES.index)
    counting = [report for report in said if report.stage == stage]
    status, closed_at = _standing(counting)
    last = said[-1]
    return Joined(
        psp_reference=last.psp_reference,
        stage=stage,
        status=status,
        amount=last.amount,
        reason=_last([r.reason for r in said if r.reason != Reason.GENERAL], Reason.GENERAL.value),
        reason_code=_last([r.reason_code for r in said if r.reason_code], ""),
        evidence_due_by=_last([r.evidence_due_by for r in counting if r.evidence_due_by], None),
        opened_at=min(report.said_at for report in said),
        reported_at=max(report.said_at for report in said),
        closed_at=closed_at,
    )


def in_order(reports: Sequence[Report]) -> list[Report]:
    """As the PSP said them: an earlier case before the one that continues it, then by the PSP's clock.

    That clock may be told in whole seconds. Of two reports of one second the further one is the later.
    """
    earlier = {report.psp_reference: report.continues for report in reports if report.continues}
    return sorted(
        reports,
        key=lambda report: (
            _depth(report.psp_reference, earlier),
            report.said_at.replace(microsecond=0),
            STAGES.index(report.stage),
            STANDINGS.index(report.standing),
            report.said_at,
            bytes(report.digest),  # Any order will do for the rest, as long as it is one.
        ),
    )


def _depth(case: str, earlier: Mapping[str, str]) -> int:
    """How many cases this one follows upon."""
    seen = {case}
    while (case := earlier.get(case, "")) and case not in seen:
        seen.add(case)
    return len(seen) - 1


def _standing(counting: Sequence[Report]) -> tuple[str, datetime | None]:
    """The status, and since when the decision stands that it is."""
    decisions = [report for report in counting if report.standing in DECIDED]
    if not decisions:
        answered = any(report.standing == Standing.UNDER_REVIEW for report in counting)
        return (Status.UNDER_REVIEW if answered else Status.NEEDS_RESPONSE).value, None
    standing, since = decisions[-1].standing, decisions[-1].said_at
    for report in reversed(decisions):
        if report.standing != standing:
            break
        since = min(since, report.said_at)
    return standing, since


def _last(found: Sequence[Any], otherwise: Any) -> Any:
    return found[-1] if found else otherwise
