"""Braintree's desk: evidence that is never there twice, categories that are not always taken, cases as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from kernel.ids import encode, uuid7
from kernel.money import Money
from paygate.psp.braintree import cases
from paygate.psp.braintree.sdk import braintree
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
from paygate.psp.gateway import Approved, DeclineCode, Declined, Gateway, NotSent, Unknown
from simulators import run
from tests.psp_contract.conftest import EUR_10, adapter, authorize
from tests.psp_contract.puppet import Puppet, puppet, reply

DAY = 86400.0
RECEIPT = EvidenceFile("receipt", "../receipt.pdf", "application/pdf", b"%PDF-1.4 paid")
SIGNED = EvidenceFile("customer_signature", "signed.png", "image/png", b"\x89PNG signed")
TEXTS = {
    "explanation": "It was signed for. winning_evidence",
    "customer_name": "Ada Lovelace",
    "shipping_tracking_number": "1Z 999",
    "refund_policy": "Thirty days & no <more>.",
}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One of this module's own: its clock runs ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("braintree")) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(simulator: run.Simulator) -> Gateway:
    return adapter("braintree", simulator.url)


@pytest.fixture(scope="module")
def desk(gateway: Gateway) -> Desk:
    return cast("Desk", gateway)


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


@pytest.fixture
def disputed(gateway: Gateway, simulator: run.Simulator) -> Callable[..., str]:
    """The dispute of a payment of ten euros."""

    def dispute(**how: Any) -> str:
        asked = authorize("braintree", capture=True)
        assert isinstance(gateway.send(asked), Approved)
        return str(simulator.act("dispute", payment=asked.payment, **how)["id"])

    return dispute


def evidence(
    case: str, texts: dict[str, str] = TEXTS, files: tuple[EvidenceFile, ...] = (RECEIPT, SIGNED)
) -> SubmitEvidence:
    return SubmitEvidence(
        key=encode("act", uuid7()),
        case=case,
        reason=Reason.FRAUDULENT,
        reason_code="83",
        amount=EUR_10,
        texts=texts,
        files=files,
    )


def there(gateway: Gateway, case: str) -> list[tuple[str | None, str]]:
    """The evidence of a dispute: its category, and its text or where its file is."""
    sdk: Any = gateway
    found = sdk._sdk.dispute.find(case).evidence
    return [(each.category, each.comment or each.url.rpartition("/")[2]) for each in found]


ALL_THERE = [
    (None, cases.name_of(RECEIPT)),
    ("SIGNED_DELIVERY_FORM", cases.name_of(SIGNED)),
    ("PURCHASER_NAME", "Ada Lovelace"),
    ("TRACKING_NUMBER", "1Z 999"),
    (None, f"Explanation: {TEXTS['explanation']}\n\nRefund policy: {TEXTS['refund_policy']}"),
]


# --------------------------------------------------------------------------------------- answering


def test_what_has_a_category_goes_under_it_and_the_rest_into_one_comment(
    gateway: Gateway, desk: Desk, disputed: Callable[..., str]
) -> None:
    case = disputed()
    assert desk.submit_evidence(evidence(case)) == Done(Standing.UNDER_REVIEW)
    assert there(gateway, case) == ALL_THERE


def test_a_name_that_a_merchant_gave_a_file_goes_nowhere(
    gateway: Gateway, desk: Desk, disputed: Callable[..., str]
) -> None:
    case = disputed()
    desk.submit_evidence(evidence(case, files=(RECEIPT,)))
    assert "receipt" not in repr(there(gateway, case))


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "error_before", "rate_limit"])
@pytest.mark.parametrize("before", range(8))
def test_wherever_it_broke_off_nothing_is_there_twice_and_nothing_is_missing(
    gateway: Gateway,
    desk: Desk,
    simulator: run.Simulator,
    disputed: Callable[..., str],
    fault: str,
    before: int,
) -> None:
    case = disputed()
    request = evidence(case)
    simulator.faults(next=["none"] * before + [fault], hang_seconds=1.0)
    assert isinstance(desk.submit_evidence(request), Unknown)
    assert desk.submit_evidence(request) == Done(Standing.UNDER_REVIEW)
    assert sorted(there(gateway, case), key=repr) == sorted(ALL_THERE, key=repr)


def test_what_was_answered_is_left_as_it_is(
    gateway: Gateway, desk: Desk, simulator: run.Simulator, disputed: Callable[..., str]
) -> None:
    case = disputed()
    desk.submit_evidence(evidence(case, {"explanation": "losing_evidence"}, ()))
    more = evidence(case)
    assert desk.submit_evidence(more) == Done(Standing.UNDER_REVIEW)
    simulator.act("decide", dispute=case, outcome="lost")
    assert desk.submit_evidence(more) == Done(Standing.LOST)
    assert there(gateway, case) == [(None, "Explanation: losing_evidence")]


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_what_was_decided_without_our_answer_takes_none(
    desk: Desk, simulator: run.Simulator, disputed: Callable[..., str], outcome: str
) -> None:
    case = disputed()
    simulator.act("decide", dispute=case, outcome=outcome)
    refused = desk.submit_evidence(evidence(case))
    assert isinstance(refused, Declined)
    assert (refused.code, refused.psp_code) == (DeclineCode.INVALID_STATE, outcome)


def test_nothing_but_white_space_is_not_sent(
    gateway: Gateway, desk: Desk, disputed: Callable[..., str]
) -> None:
    case = disputed()
    texts = {"explanation": " ", "customer_name": "\t", "refund_policy": "Thirty days."}
    assert desk.submit_evidence(evidence(case, texts, ())) == Done(Standing.UNDER_REVIEW)
    assert there(gateway, case) == [(None, "Refund policy: Thirty days.")]


def test_a_file_that_is_too_large_for_braintree_is_refused_with_its_code(
    desk: Desk, disputed: Callable[..., str]
) -> None:
    case = disputed()
    large = EvidenceFile("other", "x.pdf", "application/pdf", b"x" * (4 * 1024 * 1024 + 1))
    refused = desk.submit_evidence(evidence(case, {}, (large,)))
    assert isinstance(refused, Declined)
    assert (refused.code, refused.psp_code) == (DeclineCode.INVALID_REQUEST, "84902")
    fits = EvidenceFile("other", "x.pdf", "application/pdf", b"x" * desk.evidence_largest)
    assert desk.submit_evidence(evidence(case, {}, (fits,))) == Done(Standing.UNDER_REVIEW)


OPEN = (
    "<dispute><id>d1</id><status>open</status><kind>chargeback</kind>"
    '<evidence type="array"/></dispute>'
)
ADDED = "<evidence><id>e1</id></evidence>"


def refusal(code: str) -> str:
    return (
        '<api-error-response><errors><errors type="array"/><dispute><errors type="array">'
        f"<error><code>{code}</code><attribute>category</attribute><message>No.</message></error>"
        "</errors></dispute></errors><message>No.</message></api-error-response>"
    )


def test_a_category_that_is_not_taken_becomes_a_heading(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    strings.answers = [
        reply(200, OPEN),
        reply(201, "<document-upload><id>u1</id></document-upload>"),
        reply(422, refusal("95713")),
        reply(201, ADDED),
        reply(422, refusal("95713")),
        reply(201, ADDED),
        reply(200, ""),
    ]
    done = desk.submit_evidence(evidence("d1", {"customer_name": "Ada"}, (SIGNED,)))
    assert done == Done(Standing.UNDER_REVIEW)
    bodies = [asked.partition(b"\r\n\r\n")[2].decode(errors="replace") for asked in strings.asked]
    assert "<category>SIGNED_DELIVERY_FORM</category>" in bodies[2]
    assert "<category></category>" in bodies[3]
    assert "<comments>Ada</comments><category>PURCHASER_NAME</category>" in bodies[4]
    assert "<comments>Purchaser name: Ada</comments><category></category>" in bodies[5]


def test_nothing_is_uploaded_for_a_dispute_that_is_answered(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    strings.says(200, OPEN.replace("open", "disputed"))
    assert desk.submit_evidence(evidence("d1")) == Done(Standing.UNDER_REVIEW)
    assert len(strings.asked) == 1


def test_somebody_who_was_quicker_has_answered_for_us(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    answered = OPEN.replace("open", "disputed")
    for answers in (
        [reply(422, refusal("95701")), reply(200, answered)],
        [reply(201, ADDED), reply(422, refusal("95705")), reply(200, answered)],
    ):
        strings.answers = [reply(200, OPEN), *answers]
        done = desk.submit_evidence(evidence("d1", {"explanation": "It was signed for."}, ()))
        assert done == Done(Standing.UNDER_REVIEW)


@pytest.mark.parametrize("code", ["95726", "95708", ""])
def test_braintrees_refusals_of_evidence(strings: Puppet, code: str) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    strings.answers = [reply(200, OPEN), reply(422, refusal(code))]
    refused = desk.submit_evidence(evidence("d1", {"explanation": "It was signed for."}, ()))
    assert refused == Declined(DeclineCode.INVALID_REQUEST, code, "No.")


def test_an_answer_that_says_nothing_is_a_doubt(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    strings.answers = [reply(200, OPEN), reply(201, "<something/>")]
    texts = {"explanation": "It was signed for."}
    assert isinstance(desk.submit_evidence(evidence("d1", texts, ())), Unknown)


# --------------------------------------------------------------------------------------- giving in


def accept(case: str) -> AcceptCase:
    return AcceptCase(key=encode("act", uuid7()), case=case)


@pytest.mark.parametrize("automatically", [False, True])
def test_what_was_given_up_already_is_done(
    desk: Desk, simulator: run.Simulator, disputed: Callable[..., str], automatically: bool
) -> None:
    case = disputed()
    simulator.act("accept", dispute=case, automatically=automatically)
    assert desk.accept_case(accept(case)) == Done(Standing.LOST)


def test_what_the_bank_is_looking_at_is_not_given_up(
    desk: Desk, disputed: Callable[..., str]
) -> None:
    case = disputed()
    desk.submit_evidence(evidence(case, files=()))
    refused = desk.accept_case(accept(case))
    assert isinstance(refused, Declined)
    assert (refused.code, refused.psp_code) == (DeclineCode.INVALID_STATE, "95704")


def test_limits_of_the_rate_and_of_our_keys_are_certain(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    for status in (401, 403, 429):
        strings.says(status, "")
        assert isinstance(desk.accept_case(accept("d1")), NotSent)
        assert isinstance(desk.submit_evidence(evidence("d1")), NotSent)


# ------------------------------------------------------------------------------------ how it stands


def shown(**changes: Any) -> Any:
    return braintree.Dispute(
        {
            "id": "d1",
            "amount": "45.00",
            "amount_disputed": "45.00",
            "amount_won": "0.00",
            "currency_iso_code": "USD",
            "kind": "chargeback",
            "status": "open",
            "reason": "fraud",
            "reason_code": "83",
            "reply_by_date": date(2026, 11, 16),
            "transaction": {"id": "bt1", "amount": "50.00", "order_id": "pay_1"},
            **changes,
        }
    )


AT = datetime(2026, 11, 6, tzinfo=UTC)


def report(**changes: Any) -> CaseReport:
    return cases.report(shown(**changes), at=AT)


def movements(told: CaseReport) -> list[tuple[str, Direction, int]]:
    return [(m.id, m.direction, m.amount.minor) for m in told.movements]


def test_a_case_is_told_in_our_words() -> None:
    told = report()
    assert (told.case, told.psp_reference, told.payment) == ("d1", "bt1", "pay_1")
    assert (told.at, told.stage, told.standing) == (AT, Stage.CHARGEBACK, Standing.NEEDS_RESPONSE)
    assert (told.amount, told.reason, told.reason_code) == (
        Money(45_00, "USD"),
        Reason.FRAUDULENT,
        "83",
    )
    assert told.evidence_due_by == datetime(2026, 11, 16, 23, 59, 59, tzinfo=UTC)
    assert movements(told) == [("d1:withdrawn", Direction.WITHDRAWN, 45_00)]
    assert told.movements[0].fee == Money(0, "USD")


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("open", Standing.NEEDS_RESPONSE),
        ("disputed", Standing.UNDER_REVIEW),
        ("under_review", Standing.UNDER_REVIEW),
        ("won", Standing.WON),
        ("lost", Standing.LOST),
        ("accepted", Standing.LOST),
        ("auto_accepted", Standing.LOST),
        ("expired", Standing.LOST),
    ],
)
def test_whose_turn_it_is(status: str, standing: Standing) -> None:
    assert report(status=status).standing == standing


def test_only_a_retrieval_moves_no_money() -> None:
    inquiry = report(kind="retrieval")
    assert (inquiry.stage, inquiry.movements) == (Stage.INQUIRY, ())
    assert report(kind="retrieval", status="won").movements == ()
    again = report(id="d2", kind="pre_arbitration", original_dispute_id="d1")
    assert (again.stage, again.continues) == (Stage.PRE_ARBITRATION, "d1")
    assert movements(again) == [("d2:withdrawn", Direction.WITHDRAWN, 45_00)]


@pytest.mark.parametrize(
    ("won", "back"), [("45.00", [45_00]), ("40.50", [40_50]), ("0.00", []), (None, [45_00])]
)
def test_what_was_won_comes_back(won: str | None, back: list[int]) -> None:
    told = report(status="won", amount_won=won)
    returned = [m for m in movements(told) if m[1] == Direction.REINSTATED]
    assert returned == [("d1:reinstated", Direction.REINSTATED, minor) for minor in back]
    assert told.amount == Money(45_00, "USD")


def test_a_case_about_nothing_moves_nothing() -> None:
    assert report(amount="0.00", amount_disputed="0.00").movements == ()


def test_what_braintree_used_to_leave_out_may_be_left_out() -> None:
    old = shown(transaction={"id": "bt1", "amount": "50.00"})
    for name in ("amount_disputed", "amount_won", "reason_code", "reply_by_date"):
        delattr(old, name)
    told = cases.report(old, at=AT)
    assert (told.amount, told.reason_code, told.payment) == (Money(45_00, "USD"), "", "")
    assert told.evidence_due_by is None


def test_an_order_that_is_not_ours_is_no_payment_of_ours() -> None:
    assert report(transaction={"id": "bt1", "order_id": "att_1"}).payment == ""
    assert report(transaction={"id": "bt1", "order_id": None}).payment == ""
    assert report(original_dispute_id="d1").continues == ""


def test_amounts_are_in_the_currencys_own_decimals() -> None:
    assert report(amount_disputed="4500", currency_iso_code="JPY").amount == Money(4500, "JPY")
    assert report(amount_disputed="4.500", currency_iso_code="KWD").amount == Money(4500, "KWD")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "pondered"},
        {"kind": "duel"},
        {"currency_iso_code": "JPY", "amount_disputed": "45.50"},
        {"currency_iso_code": None},
    ],
)
def test_what_is_not_as_documented_is_not_guessed(strings: Puppet, changes: dict[str, Any]) -> None:
    with pytest.raises((ValueError, LookupError)):
        report(**changes)


def test_reading_is_as_of_this_second(desk: Desk, disputed: Callable[..., str]) -> None:
    told = desk.read_case(disputed())
    assert isinstance(told, CaseReport)
    assert told.at.microsecond == 0
    assert timedelta(0) <= datetime.now(UTC) - told.at < timedelta(seconds=5)


def test_a_case_that_is_not_as_documented_is_not_read(strings: Puppet) -> None:
    desk = cast("Desk", adapter("braintree", strings.url))
    strings.says(200, OPEN)
    assert isinstance(desk.read_case("d1"), Unknown)
    strings.says(200, "<disputes><other/></disputes>")
    assert isinstance(desk.cases_since(AT), Unknown)


def test_a_search_leaves_nothing_behind_for_another_thread_to_search_by(
    gateway: Gateway, desk: Desk, simulator: run.Simulator, disputed: Callable[..., str]
) -> None:
    simulator.clock(advance=50 * DAY)
    now = datetime.fromisoformat(simulator.clock())
    opened = {disputed() for _ in range(51)}  # More than a page: each page is asked for by itself.
    told = desk.cases_since(now)
    assert isinstance(told, list)
    assert {each.case for each in told} == opened
    sdk: Any = gateway
    assert not hasattr(sdk._sdk.dispute, "search_criteria")  # Where the SDK keeps the terms.
