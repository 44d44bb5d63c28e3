"""Whole lives of disputes, as each PSP tells them: hypothesis draws one, with the truth it must end in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from paygate.psp.cases import CaseReport, Movement
from tests.disputes.conftest import Case, reinstated, withdrawn

STAGES = ("inquiry", "chargeback", "pre_arbitration")
#: How a stage can go: answered or not, and how it ended; "open" is only for the last one.
ENDS = ("won", "lost", "lost unanswered", "lost, then won", "open", "under review")


@dataclass
class Told:
    """What was said so far, and what moved."""

    case: Case
    reports: list[CaseReport] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    hours: float = 0.0
    stage: str = ""

    def say(self, standing: str, *movements: Movement, later: float = 24.0, **more: Any) -> None:
        self.hours += later
        self.reports.append(
            self.case.says(standing, *movements, stage=self.stage, hours=self.hours, **more)
        )

    def move(self, movement: Movement) -> Movement:
        self.movements.append(movement)
        return movement


def stripe(told: Told, end: str, money: int, number: int, fee: int) -> None:
    """Each thing is an event of its own, several in one second, and every one tells all that moved so far."""
    taken = told.stage != "inquiry"
    told.say("needs_response")
    if taken:
        told.move(withdrawn(f"txn_w{number}", money, fee))
        told.say("needs_response", *told.movements, later=0)
    if end not in ("lost unanswered", "open"):
        told.say("under_review", *told.movements)
    if end.startswith("lost"):
        told.say("lost", *told.movements)
    if end in ("won", "lost, then won"):
        told.say("won", *told.movements, later=24.0 if end != "won" else 0.3)
        if taken:
            told.move(reinstated(f"txn_r{number}", money, fee))
            told.say("won", *told.movements, later=0)


def adyen(told: Told, end: str, money: int, number: int, fee: int) -> None:
    """Notices without money, then the money; the reversal is the decision."""
    taken = told.stage != "inquiry"
    told.say("needs_response")
    if taken:
        told.say("needs_response", told.move(withdrawn(f"psp_w{number}", money)))
    if end not in ("lost unanswered", "open"):
        told.say("under_review", evidence_due_by=None)
    if end.startswith("lost"):
        told.say("lost")
    if end in ("won", "lost, then won"):
        if taken:
            told.say("won", told.move(reinstated(f"psp_r{number}", money)))
        else:
            told.say("won")


def braintree(told: Told, end: str, money: int, number: int, fee: int) -> None:
    """Every notification is the whole case as it stands; the next round is a case of its own."""
    taken = told.stage != "inquiry"
    if number > 1 and told.stage == "pre_arbitration":
        earlier, told.case = told.case.name, replace(told.case, name=f"{told.case.name}_b")
        told.movements = []
        more = {"continues": earlier}
    else:
        more = {}
    if taken:
        told.move(withdrawn(f"{told.case.name}-w{number}", money))
    told.say("needs_response", *told.movements, **more)
    if end not in ("lost unanswered", "open"):
        told.say("under_review", *told.movements, **more)
    if end.startswith("lost"):
        told.say("lost", *told.movements, **more)
    if end in ("won", "lost, then won"):
        if taken:
            told.move(reinstated(f"{told.case.name}-r{number}", money))
        told.say("won", *told.movements, **more)


TELLERS = {"stripe": stripe, "adyen": adyen, "braintree": braintree}


@dataclass(frozen=True)
class Life:
    """A dispute's reports in the order in which they were said, and how it must end."""

    reports: list[CaseReport]
    stage: str
    status: str
    outstanding: int
    rounds: int


@st.composite
def lives(draw: st.DrawFn, case: Case) -> Life:
    """A life at the case's PSP: through some of the stages, each ended in some way."""
    stages = draw(
        st.lists(st.sampled_from(STAGES), min_size=1, max_size=3, unique=True).map(
            lambda some: sorted(some, key=STAGES.index)
        )
    )
    money = draw(st.sampled_from([1000, 999, 1]))
    fee = draw(st.sampled_from([0, 1500]))
    told = Told(case)
    outstanding = rounds = 0
    status = ""
    for number, stage in enumerate(stages, start=1):
        last = stage == stages[-1]
        end = draw(st.sampled_from(ENDS if last else ENDS[:4]))
        told.stage = stage
        TELLERS[case.psp](told, end, money, number, fee)
        taken = stage != "inquiry"
        rounds += taken
        outstanding += money if taken and end not in ("won", "lost, then won") else 0
        status = {
            "won": "won",
            "lost": "lost",
            "lost unanswered": "lost",
            "lost, then won": "won",
            "open": "needs_response",
            "under review": "under_review",
        }[end]
    return Life(told.reports, stages[-1], status, outstanding, rounds)
