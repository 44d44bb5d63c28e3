"""A payer disputes: what each PSP's desk tells of the case, and what comes of our answer.

The simulators' own books are the witness of the money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from kernel.ids import encode, uuid7
from paygate.psp.cases import (
    AcceptCase,
    CaseReport,
    Desk,
    Direction,
    Done,
    EvidenceFile,
    Reason,
    Stage,
    Standing,
    SubmitEvidence,
)
from paygate.psp.gateway import Declined, Gateway, NotSent, Unknown
from paygate.psp.registry import PSPS
from simulators import run
from tests.psp_contract.conftest import EUR_10, Captured, Effects, adapter
from tests.psp_contract.puppet import nobody

HANG = {"hang_seconds": 1.5, "late_seconds": 1.0}
AN_HOUR = 3600.0
TWO_MONTHS = 60 * 86400.0  # By then every bank has decided, and every deadline is over.

RECEIPT = EvidenceFile("receipt", "receipt.pdf", "application/pdf", b"%PDF-1.4 paid, with thanks")


@pytest.fixture(scope="module", params=PSPS)
def simulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[run.Simulator]:
    """One of this module's own: its clock runs ahead."""
    with run.start(request.param, folder=tmp_path_factory.mktemp(request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def psp(simulator: run.Simulator) -> str:
    return simulator.psp


@pytest.fixture(scope="module")
def gateway(simulator: run.Simulator) -> Gateway:
    return adapter(simulator.psp, simulator.url)


@pytest.fixture(scope="module")
def desk(gateway: Gateway) -> Desk:
    """The same object: nobody says so to the type checker but this line."""
    return cast("Desk", gateway)


Case = tuple[str, str, str]  # Our payment, the PSP's reference of it, its id of the dispute.


@pytest.fixture
def disputed(captured: Captured, simulator: run.Simulator) -> Callable[..., Case]:
    """A payment of 10.00 EUR that is disputed, whole."""

    def dispute(**how: str) -> Case:
        asked, reference = captured()
        case = simulator.act("dispute", payment=asked.payment, **how)["id"]
        return asked.payment, reference, case

    return dispute


@pytest.fixture
def money(simulator: run.Simulator, effects: Effects) -> Callable[[str], list[tuple[str, int]]]:
    """What the dispute moved, in the PSP's books, fees apart."""

    def of(payment: str) -> list[tuple[str, int]]:
        simulator.clock(advance=AN_HOUR)
        moved = effects(payment)
        return [(kind, minor) for kind, minor, _ in moved if kind in ("disputed", "reinstated")]

    return of


def evidence(
    case: str, explanation: str, *, files: tuple[EvidenceFile, ...] = ()
) -> SubmitEvidence:
    return SubmitEvidence(
        key=encode("act", uuid7()),
        case=case,
        reason=Reason.FRAUDULENT,
        reason_code="10.4",
        amount=EUR_10,
        texts={"explanation": explanation, "customer_name": "Ada Lovelace"},
        files=files,
    )


def accept(case: str) -> AcceptCase:
    return AcceptCase(key=encode("act", uuid7()), case=case)


def read(desk: Desk, case: str) -> CaseReport:
    report = desk.read_case(case)
    assert isinstance(report, CaseReport), report
    return report


# ------------------------------------------------------------------------------------ what is told


def test_a_chargeback_takes_the_money_at_once(
    disputed: Callable[..., Case], money: Callable[[str], list[tuple[str, int]]]
) -> None:
    payment, _, _ = disputed()
    assert money(payment) == [("disputed", 10_00)]


def test_an_inquiry_takes_none_until_it_becomes_a_chargeback(
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
    simulator: run.Simulator,
    desk: Desk,
) -> None:
    payment, _, case = disputed(kind="inquiry")
    assert money(payment) == []
    if desk.knows_cases:
        asked = read(desk, case)
        assert (asked.stage, asked.standing) == (Stage.INQUIRY, Standing.NEEDS_RESPONSE)
        assert asked.movements == ()
    case = simulator.act("escalate", dispute=case)["id"]
    assert money(payment) == [("disputed", 10_00)]
    if desk.knows_cases:
        now = read(desk, case)
        assert (now.stage, now.standing) == (Stage.CHARGEBACK, Standing.NEEDS_RESPONSE)
        assert [movement.direction for movement in now.movements] == [Direction.WITHDRAWN]


def test_a_case_is_read_as_it_stands(desk: Desk, disputed: Callable[..., Case]) -> None:
    payment, reference, case = disputed()
    if not desk.knows_cases:
        with pytest.raises(NotImplementedError):
            desk.read_case(case)
        return
    report = read(desk, case)
    assert (report.case, report.psp_reference) == (case, reference)
    assert report.payment in ("", payment)
    assert (report.stage, report.standing) == (Stage.CHARGEBACK, Standing.NEEDS_RESPONSE)
    assert (report.amount, report.reason) == (EUR_10, Reason.FRAUDULENT)
    assert report.reason_code
    assert report.evidence_due_by is not None
    assert report.evidence_due_by > datetime.now(UTC)
    assert [(m.direction, m.amount) for m in report.movements] == [(Direction.WITHDRAWN, EUR_10)]
    assert report.movements[0].id == read(desk, case).movements[0].id


def test_the_cases_since_a_moment_are_those_opened_since(
    desk: Desk, simulator: run.Simulator, disputed: Callable[..., Case]
) -> None:
    there = datetime.fromisoformat(simulator.clock())
    if not desk.knows_cases:
        with pytest.raises(NotImplementedError):
            desk.cases_since(there)
        return
    _, _, older = disputed()
    simulator.clock(advance=3 * 86400)  # Some PSPs know only the day on which it was.
    now = datetime.fromisoformat(simulator.clock())
    opened = {disputed()[2] for _ in range(3)}
    cases = desk.cases_since(now - timedelta(seconds=1))
    assert isinstance(cases, list)
    assert opened <= {report.case for report in cases}
    assert older not in {report.case for report in cases}
    everything = desk.cases_since(there - timedelta(days=1))
    assert isinstance(everything, list)
    assert older in {report.case for report in everything}


def test_a_question_that_fails_is_answered_by_nothing(
    desk: Desk, simulator: run.Simulator, disputed: Callable[..., Case]
) -> None:
    if not desk.knows_cases:
        return
    _, _, case = disputed()
    assert isinstance(desk.read_case("nocase00"), Unknown)
    simulator.faults(next=["lookup_error_before", "lookup_timeout_before"], **HANG)
    assert isinstance(desk.read_case(case), Unknown)
    assert isinstance(desk.cases_since(datetime.now(UTC)), Unknown)
    read(desk, case)


# -------------------------------------------------------------------------------------- our answer


def test_good_evidence_wins_and_brings_the_money_back(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
) -> None:
    payment, _, case = disputed()
    sent = desk.submit_evidence(evidence(case, "This is winning_evidence.", files=(RECEIPT,)))
    assert sent == Done(Standing.UNDER_REVIEW)
    if desk.knows_cases:
        assert read(desk, case).standing == Standing.UNDER_REVIEW
    assert money(payment) == [("disputed", 10_00)]
    simulator.clock(advance=TWO_MONTHS)
    assert money(payment) == [("disputed", 10_00), ("reinstated", 10_00)]
    if desk.knows_cases:
        report = read(desk, case)
        assert report.standing == Standing.WON
        back = [m.amount for m in report.movements if m.direction == Direction.REINSTATED]
        assert back == [EUR_10]


def test_bad_evidence_loses(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
) -> None:
    payment, _, case = disputed()
    assert desk.submit_evidence(evidence(case, "losing_evidence")) == Done(Standing.UNDER_REVIEW)
    simulator.clock(advance=TWO_MONTHS)
    assert money(payment) == [("disputed", 10_00)]
    if desk.knows_cases:
        assert read(desk, case).standing == Standing.LOST


def test_silence_loses(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
) -> None:
    payment, _, case = disputed()
    simulator.clock(advance=TWO_MONTHS)
    assert money(payment) == [("disputed", 10_00)]
    if desk.knows_cases:
        assert read(desk, case).standing == Standing.LOST
    assert isinstance(desk.submit_evidence(evidence(case, "winning_evidence")), Declined)


def test_giving_in_is_done_once_however_often_it_is_said(
    desk: Desk, disputed: Callable[..., Case], money: Callable[[str], list[tuple[str, int]]]
) -> None:
    payment, _, case = disputed()
    assert desk.accept_case(accept(case)) == Done(Standing.LOST)
    assert desk.accept_case(accept(case)) == Done(Standing.LOST)
    assert money(payment) == [("disputed", 10_00)]
    assert isinstance(desk.submit_evidence(evidence(case, "winning_evidence")), Declined)
    if desk.knows_cases:
        assert read(desk, case).standing == Standing.LOST


def test_what_was_won_is_not_given_away(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
) -> None:
    payment, _, case = disputed()
    simulator.act("decide", dispute=case, outcome="won")
    assert isinstance(desk.accept_case(accept(case)), Declined)
    assert money(payment) == [("disputed", 10_00), ("reinstated", 10_00)]


def test_what_was_won_can_be_taken_up_again(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
) -> None:
    payment, _, case = disputed()
    simulator.act("decide", dispute=case, outcome="won")
    again = simulator.act("escalate", dispute=case)["id"]
    assert money(payment) == [("disputed", 10_00), ("reinstated", 10_00), ("disputed", 10_00)]
    if desk.knows_cases:
        report = read(desk, again)
        assert (report.stage, report.standing) == (Stage.PRE_ARBITRATION, Standing.NEEDS_RESPONSE)
        assert again == case or report.continues == case
        ids = [movement.id for movement in (*read(desk, case).movements, *report.movements)]
        assert len(set(ids)) == 3


def test_a_case_that_nobody_knows_is_refused(desk: Desk) -> None:
    assert isinstance(desk.submit_evidence(evidence("nocase00", "any")), Declined)
    assert isinstance(desk.submit_evidence(evidence("nocase00", "any", files=(RECEIPT,))), Declined)
    assert isinstance(desk.accept_case(accept("nocase00")), Declined)


# ----------------------------------------------------------------------------------------- in doubt


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_before", "malformed"])
def test_evidence_in_doubt_can_be_sent_again(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
    fault: str,
) -> None:
    payment, _, case = disputed()
    request = evidence(case, "winning_evidence", files=(RECEIPT,))
    for before in range(3):  # A file, texts and the end of it may be calls of their own.
        simulator.faults(next=["none"] * before + [fault], **HANG)
        outcome = desk.submit_evidence(request)
        assert isinstance(outcome, Unknown | Done)
        if before == 0:
            assert isinstance(outcome, Unknown)
    simulator.faults()
    assert desk.submit_evidence(request) == Done(Standing.UNDER_REVIEW)
    assert desk.submit_evidence(request) == Done(Standing.UNDER_REVIEW)
    simulator.clock(advance=TWO_MONTHS)
    assert money(payment) == [("disputed", 10_00), ("reinstated", 10_00)]


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_before", "malformed"])
def test_giving_in_in_doubt_can_be_said_again(
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., Case],
    money: Callable[[str], list[tuple[str, int]]],
    fault: str,
) -> None:
    payment, _, case = disputed()
    request = accept(case)
    simulator.faults(next=[fault], **HANG)
    assert isinstance(desk.accept_case(request), Unknown)
    simulator.faults()
    assert desk.accept_case(replace(request, key=encode("act", uuid7()))) == Done(Standing.LOST)
    assert money(payment) == [("disputed", 10_00)]


def test_where_nobody_listens_nothing_is_sent(psp: str) -> None:
    desk = cast("Desk", adapter(psp, nobody()))
    assert isinstance(desk.submit_evidence(evidence("x1", "any")), NotSent)
    assert isinstance(desk.submit_evidence(evidence("x1", "any", files=(RECEIPT,))), NotSent)
    assert isinstance(desk.accept_case(accept("x1")), NotSent)
    if desk.knows_cases:
        assert isinstance(desk.read_case("x1"), Unknown)
        assert isinstance(desk.cases_since(datetime.now(UTC)), Unknown)
