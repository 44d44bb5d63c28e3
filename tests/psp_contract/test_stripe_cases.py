"""Disputes at Stripe in detail: what each status means, evidence in Stripe's places, and keys that repeat errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from disputes.kinds import FILES, TEXTS
from kernel.ids import encode, uuid7
from kernel.money import Money
from paygate.psp.cases import (
    AcceptCase,
    CaseReport,
    Desk,
    Direction,
    Done,
    EvidenceFile,
    Movement,
    Reason,
    Stage,
    Standing,
    SubmitEvidence,
)
from paygate.psp.events import Unreadable
from paygate.psp.gateway import Declined, Unknown
from paygate.psp.stripe import cases
from simulators import run
from tests.psp_contract.conftest import EUR_10, adapter, authorize
from tests.psp_contract.puppet import Puppet, puppet, reply

AT = datetime(2026, 11, 10, tzinfo=UTC)
WITHDRAWN = {"id": "txn_1", "amount": -45_00, "fee": 15_00, "currency": "eur"}
REINSTATED = {"id": "txn_2", "amount": 45_00, "fee": -15_00, "currency": "eur"}
AGAIN = {"id": "txn_3", "amount": -45_00, "fee": 0, "currency": "eur"}
PDF = b"%PDF-1.4"


def dispute(**changes: Any) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": 45_00,
        "currency": "eur",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": "needs_response",
        "network_reason_code": "10.4",
        "balance_transactions": [WITHDRAWN],
        "evidence_details": {"due_by": 1_795_164_000},
        "evidence": {"appeal": None},
        "metadata": {},
        **changes,
    }


def file(kind: str, *, content: bytes = PDF) -> EvidenceFile:
    return EvidenceFile(kind, "merchants own name.pdf", "application/pdf", content)


def evidence(
    *files: EvidenceFile, texts: Mapping[str, str] | None = None, case: str = "dp_1"
) -> SubmitEvidence:
    return SubmitEvidence(
        key=encode("act", uuid7()),
        case=case,
        reason=Reason.FRAUDULENT,
        reason_code="10.4",
        amount=EUR_10,
        texts={"explanation": "It was them."} if texts is None else texts,
        files=files,
    )


# ------------------------------------------------------------------------------------ what it says


@pytest.mark.parametrize(
    "status, movements, stage, standing",
    [
        ("warning_needs_response", [], Stage.INQUIRY, Standing.NEEDS_RESPONSE),
        ("warning_under_review", [], Stage.INQUIRY, Standing.UNDER_REVIEW),
        ("warning_closed", [], Stage.INQUIRY, Standing.WON),
        ("needs_response", [], Stage.CHARGEBACK, Standing.NEEDS_RESPONSE),
        ("needs_response", [WITHDRAWN], Stage.CHARGEBACK, Standing.NEEDS_RESPONSE),
        ("under_review", [WITHDRAWN], Stage.CHARGEBACK, Standing.UNDER_REVIEW),
        ("won", [WITHDRAWN], Stage.CHARGEBACK, Standing.WON),
        ("won", [WITHDRAWN, REINSTATED], Stage.CHARGEBACK, Standing.WON),
        ("lost", [WITHDRAWN], Stage.CHARGEBACK, Standing.LOST),
        (
            "needs_response",
            [WITHDRAWN, REINSTATED, AGAIN],
            Stage.PRE_ARBITRATION,
            Standing.NEEDS_RESPONSE,
        ),
        ("appeal_needs_response", [WITHDRAWN], Stage.PRE_ARBITRATION, Standing.NEEDS_RESPONSE),
        ("appeal_under_review", [WITHDRAWN], Stage.PRE_ARBITRATION, Standing.UNDER_REVIEW),
        ("won", [AGAIN, REINSTATED, WITHDRAWN], Stage.PRE_ARBITRATION, Standing.WON),
        ("prevented", [], Stage.INQUIRY, Standing.WON),
        ("prevented", [WITHDRAWN], Stage.CHARGEBACK, Standing.LOST),
        ("prevented", [WITHDRAWN, REINSTATED], Stage.INQUIRY, Standing.WON),
    ],
)
def test_a_status_says_how_far_it_has_gone_and_whose_turn_it_is(
    status: str, movements: list[Any], stage: Stage, standing: Standing
) -> None:
    report = cases.report(dispute(status=status, balance_transactions=movements), at=AT)
    assert (report.stage, report.standing) == (stage, standing)


def test_what_was_lost_after_an_appeal_was_lost_in_pre_arbitration() -> None:
    appealed = {"appeal": {"card": {"reason_for_filing": "no"}}}
    report = cases.report(dispute(status="lost", evidence=appealed), at=AT)
    assert report.stage == Stage.PRE_ARBITRATION


def test_a_report_says_everything() -> None:
    assert cases.report(dispute(balance_transactions=[WITHDRAWN, REINSTATED]), at=AT) == CaseReport(
        case="dp_1",
        psp_reference="pi_1",
        at=AT,
        stage=Stage.CHARGEBACK,
        standing=Standing.NEEDS_RESPONSE,
        amount=Money(45_00, "EUR"),
        reason=Reason.FRAUDULENT,
        reason_code="10.4",
        evidence_due_by=datetime.fromtimestamp(1_795_164_000, UTC),
        movements=(
            Movement("txn_1", Direction.WITHDRAWN, Money(45_00, "EUR"), Money(15_00, "EUR")),
            Movement("txn_2", Direction.REINSTATED, Money(45_00, "EUR"), Money(15_00, "EUR")),
        ),
    )


@pytest.mark.parametrize("due_by", [None, 0])
def test_a_bank_that_hears_no_answer_sets_no_date(due_by: int | None) -> None:
    report = cases.report(dispute(evidence_details={"due_by": due_by}), at=AT)
    assert report.evidence_due_by is None


@pytest.mark.parametrize(
    "reason, ours",
    [
        ("credit_not_processed", Reason.CREDIT_NOT_PROCESSED),
        ("duplicate", Reason.DUPLICATE),
        ("product_not_received", Reason.NOT_RECEIVED),
        ("product_unacceptable", Reason.UNACCEPTABLE),
        ("subscription_canceled", Reason.SUBSCRIPTION_CANCELED),
        ("unrecognized", Reason.UNRECOGNIZED),
        ("general", Reason.GENERAL),
        ("noncompliant", Reason.GENERAL),
        ("reason_of_tomorrow", Reason.GENERAL),
    ],
)
def test_a_reason_is_ours_and_its_code_is_the_networks_or_stripes(
    reason: str, ours: Reason
) -> None:
    report = cases.report(dispute(reason=reason, network_reason_code=None), at=AT)
    assert (report.reason, report.reason_code) == (ours, reason)
    card = {"card": {"network_reason_code": "13.1"}}
    told = dispute(reason=reason, network_reason_code=None, payment_method_details=card)
    assert cases.report(told, at=AT).reason_code == "13.1"


@pytest.mark.parametrize(
    "changes",
    [
        {"object": "charge"},
        {"id": None},
        {"status": "reconsidered"},
        {"payment_intent": None},
        {"amount": "45.00"},
        {"currency": "xxx"},
        {"balance_transactions": ["txn_1"]},
        {"balance_transactions": [{**WITHDRAWN, "amount": 0}]},
        {"balance_transactions": [{**WITHDRAWN, "fee": -15_00}]},
        {"balance_transactions": [{**WITHDRAWN, "fee": None}]},
        {"balance_transactions": [{**REINSTATED, "fee": 15_00}]},
        {"balance_transactions": [{**REINSTATED, "id": ""}]},
    ],
)
def test_what_cannot_be_told_is_unreadable_and_never_guessed(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        cases.report(dispute(**changes), at=AT)


# --------------------------------------------------------------------------------------- evidence


def test_every_kind_has_its_place_at_stripe() -> None:
    assert set(TEXTS) == cases.TEXTS.keys() | cases.SAME_TEXTS
    assert set(FILES) == cases.FILES | {"other"}


def test_texts_and_files_of_one_kind_go_to_different_places() -> None:
    asked = evidence(
        file("refund_policy"),
        file("other"),
        texts={"refund_policy": "30 days", "explanation": "x", "customer_email": "a@b.example"},
    )
    assert cases.evidence(asked, ["file_1", "file_2"]) == {
        "refund_policy": "file_1",
        "uncategorized_file": "file_2",
        "refund_policy_disclosure": "30 days",
        "uncategorized_text": "x",
        "customer_email_address": "a@b.example",
    }


def test_a_text_without_a_place_is_told_in_the_explanation() -> None:
    asked = evidence(texts={"horoscope": "Leo", "explanation": "x"})
    assert cases.evidence(asked, []) == {"uncategorized_text": "x\n\nhoroscope: Leo"}


def test_a_second_file_of_a_kind_takes_the_place_for_any_other() -> None:
    assert cases.places(evidence(file("receipt"), file("receipt"))) == [
        "receipt",
        "uncategorized_file",
    ]


@pytest.mark.parametrize(
    "files",
    [
        (file("receipt"), file("receipt"), file("receipt")),
        (file("other"), file("other")),
        (file("receipt", content=b"x" * 2_500_000), file("other", content=b"x" * 2_500_000)),
    ],
    ids=["three receipts", "two others", "too large together"],
)
def test_more_than_there_is_room_for_is_declined_before_anything_is_sent(
    files: tuple[EvidenceFile, ...], strings: Puppet
) -> None:
    desk = cast("Desk", adapter("stripe", strings.url))
    assert isinstance(desk.submit_evidence(evidence(*files)), Declined)
    assert strings.asked == []


# ------------------------------------------------------------------------------------------- the desk


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    with run.start("stripe", folder=tmp_path_factory.mktemp("stripe")) as started:
        yield started


@pytest.fixture(scope="module")
def desk(simulator: run.Simulator) -> Desk:
    return cast("Desk", adapter("stripe", simulator.url))


@pytest.fixture
def opened(simulator: run.Simulator) -> Callable[..., str]:
    def open_(**how: str) -> str:
        asked = authorize("stripe", capture=True)
        adapter("stripe", simulator.url).send(asked)
        id_: str = simulator.act("dispute", payment=asked.payment, **how)["id"]
        return id_

    return open_


def shown(simulator: run.Simulator, case: str) -> dict[str, Any]:
    [found] = [dispute for dispute in simulator.disputes() if dispute["id"] == case]
    return found


def test_an_answer_puts_everything_where_stripe_looks_for_it(
    desk: Desk, simulator: run.Simulator, opened: Callable[..., str]
) -> None:
    case = opened()
    texts = {"explanation": "x", "shipping_carrier": "UPS"}
    asked = evidence(file("receipt"), file("other"), texts=texts, case=case)
    assert desk.submit_evidence(asked) == Done(Standing.UNDER_REVIEW)
    assert shown(simulator, case)["evidence"] == [
        "receipt",
        "shipping_carrier",
        "uncategorized_file",
        "uncategorized_text",
    ]


def test_the_merchants_name_of_a_file_goes_nowhere(strings: Puppet) -> None:
    strings.answers = [
        reply(200, json.dumps(dispute())),
        reply(200, json.dumps({"object": "file", "id": "file_1"})),
        reply(200, json.dumps(dispute(status="under_review"))),
    ]
    asked = evidence(file("receipt"))
    assert cast("Desk", adapter("stripe", strings.url)).submit_evidence(asked) == Done(
        Standing.UNDER_REVIEW
    )
    _, upload, update = strings.asked
    assert b'filename="receipt.pdf"' in upload
    assert b"merchants" not in upload
    assert f"Idempotency-Key: {asked.key}-0\r\n".encode() in upload
    assert f"Idempotency-Key: {asked.key}\r\n".encode() in update
    assert b"evidence[receipt]=file_1" in update
    assert b"submit=true" in update


@pytest.mark.parametrize(
    "faults", [["error_after"], ["error_after", "error_after"], ["none", "error_after"]]
)
def test_a_server_error_under_the_key_is_not_the_end_of_it(
    desk: Desk, simulator: run.Simulator, opened: Callable[..., str], faults: list[str]
) -> None:
    """Stripe executes, answers 500, and would repeat that 500 for ever."""
    case = opened()
    asked = evidence(file("receipt"), case=case)
    simulator.faults(next=faults)
    for _ in range(faults.count("error_after")):
        assert isinstance(desk.submit_evidence(asked), Unknown)
    simulator.faults()
    assert desk.submit_evidence(asked) == Done(Standing.UNDER_REVIEW)
    assert shown(simulator, case)["submissions"] == 1


def test_an_error_that_was_stored_before_anything_was_done_is_asked_around(strings: Puppet) -> None:
    old = reply(500, json.dumps({"error": {"type": "api_error"}}), Idempotent_Replayed="true")
    closed = reply(200, json.dumps(dispute(status="under_review")))
    strings.answers = [reply(200, json.dumps(dispute())), old, old, closed]
    asked = evidence()
    desk = cast("Desk", adapter("stripe", strings.url))
    assert desk.submit_evidence(asked) == Done(Standing.UNDER_REVIEW)
    keys = [
        line.split(b": ")[1].decode()
        for request in strings.asked
        for line in request.splitlines()
        if line.startswith(b"Idempotency-Key")
    ]
    assert keys == [asked.key, f"{asked.key}-again1", f"{asked.key}-again2"]


def test_an_error_of_now_is_not_asked_around(strings: Puppet) -> None:
    new = reply(500, json.dumps({"error": {"type": "api_error"}}))
    strings.answers = [reply(200, json.dumps(dispute())), new]
    desk = cast("Desk", adapter("stripe", strings.url))
    assert isinstance(desk.submit_evidence(evidence()), Unknown)
    assert len(strings.asked) == 2


def test_an_answer_that_another_has_given_is_not_given_again(
    desk: Desk, simulator: run.Simulator, opened: Callable[..., str]
) -> None:
    case = opened()
    assert desk.submit_evidence(evidence(case=case)) == Done(Standing.UNDER_REVIEW)
    outcome = desk.submit_evidence(evidence(case=case))
    assert isinstance(outcome, Declined)
    assert outcome.psp_code == "under_review"
    assert shown(simulator, case)["submissions"] == 1


def test_an_inquiry_is_answered_but_not_given_in_to(desk: Desk, opened: Callable[..., str]) -> None:
    case = opened(kind="inquiry")
    assert isinstance(desk.accept_case(AcceptCase("act_1", case)), Declined)
    assert desk.submit_evidence(evidence(case=case)) == Done(Standing.UNDER_REVIEW)


def test_the_second_round_is_appealed_in_the_words_of_an_appeal(
    desk: Desk, simulator: run.Simulator, opened: Callable[..., str]
) -> None:
    case = opened()
    simulator.act("decide", dispute=case, outcome="won")
    simulator.act("escalate", dispute=case)
    texts = {"explanation": "winning_evidence", "customer_name": "Ada"}
    asked = evidence(file("receipt"), file("receipt"), texts=texts, case=case)
    assert cases.appeal(asked, ["file_1"]) == {
        "appeal": {
            "card": {
                "reason_for_filing": "winning_evidence\n\ncustomer_name: Ada",
                "supporting_files": ["file_1"],
            }
        }
    }
    assert desk.submit_evidence(asked) == Done(Standing.UNDER_REVIEW)
    simulator.clock(advance=30 * 86400)
    report = desk.read_case(case)
    assert isinstance(report, CaseReport)
    assert (report.stage, report.standing) == (Stage.PRE_ARBITRATION, Standing.WON)
    ways = [movement.direction for movement in report.movements]
    assert ways == [Direction.WITHDRAWN, Direction.REINSTATED] * 2


def test_all_pages_of_cases_are_read(desk: Desk, simulator: run.Simulator, opened: Any) -> None:
    since = datetime.fromisoformat(simulator.clock(advance=86400))
    made = {opened() for _ in range(103)}
    found = desk.cases_since(since)
    assert isinstance(found, list)
    assert {report.case for report in found} == made


@pytest.mark.parametrize("answer", ["[]", "{}", json.dumps(dispute(status="reconsidered"))])
def test_an_answer_that_is_none_is_a_doubt(answer: str, strings: Puppet) -> None:
    strings.says(200, answer)
    desk = cast("Desk", adapter("stripe", strings.url))
    assert isinstance(desk.read_case("dp_1"), Unknown)
    assert isinstance(desk.submit_evidence(evidence()), Unknown)
