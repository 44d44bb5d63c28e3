"""Void before, refund after, and the batch that is closed in between: Braintree's two ways of giving back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kernel.money import Money
from paygate.psp.gateway import (
    Approved,
    Authorize,
    DeclineCode,
    Declined,
    Gateway,
    NotSent,
    Outcome,
    Pending,
    Refund,
    Unknown,
)
from simulators import run
from tests.psp_contract.conftest import EUR_10, adapter, authorize, capture, refund
from tests.psp_contract.puppet import Puppet, puppet, reply

HOUR = 3600.0


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One of this module's own: its clock runs ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("braintree")) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(simulator: run.Simulator) -> Gateway:
    return adapter("braintree", simulator.url)


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def taken(gateway: Gateway, *, capture: bool = True) -> tuple[Authorize, str]:
    asked = authorize("braintree", capture=capture)
    outcome = gateway.send(asked)
    assert isinstance(outcome, Approved), outcome
    return asked, outcome.psp_reference


def given_back(simulator: run.Simulator, asked: Authorize) -> list[tuple[str, int]]:
    kinds = ("refunded", "refund_failed", "canceled")
    entries = simulator.books()["entries"]
    found = [e for e in entries if e["payment"] == asked.payment and e["kind"] in kinds]
    return [(entry["kind"], entry["amount"]) for entry in found]


def asked_of(strings: Puppet) -> list[str]:
    """The method and the last word of each address."""
    lines = [asked.split(b"\r\n")[0].decode().split() for asked in strings.asked]
    return [f"{method} {target.rpartition('/')[2]}" for method, target, _ in lines]


def transaction(
    status: str,
    *,
    kind: str = "sale",
    amount: str = "10.00",
    currency: str = "EUR",
    id_: str = "bt1",
) -> str:
    return (
        f"<transaction><id>{id_}</id><type>{kind}</type><status>{status}</status>"
        f"<amount>{amount}</amount><currency-iso-code>{currency}</currency-iso-code>"
        '<processor-response-code>2001</processor-response-code><order-id nil="true"/>'
        '<refund-ids type="array"/></transaction>'
    )


def errors(*codes: str) -> str:
    found = "".join(
        f"<error><code>{code}</code><attribute>base</attribute><message>No.</message></error>"
        for code in codes
    )
    return (
        '<api-error-response><errors><errors type="array"/><transaction>'
        f'<errors type="array">{found}</errors></transaction></errors>'
        "<message>No.</message></api-error-response>"
    )


# ---------------------------------------------------------------------------------- before settlement


def test_all_of_what_is_not_settled_is_voided(gateway: Gateway, simulator: run.Simulator) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    assert gateway.send(back) == Approved(reference, EUR_10)
    assert gateway.send(back) == Approved(reference, EUR_10)
    assert gateway.look_up(back) == Approved(reference, EUR_10)
    assert given_back(simulator, asked) == [("refunded", 10_00)]


def test_a_part_waits_with_us_until_all_is_settled(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, eur(4_00))
    assert isinstance(gateway.send(back), Pending)
    waiting = gateway.look_up(back)
    assert isinstance(waiting, Pending)
    assert waiting.psp_reference == ""
    assert given_back(simulator, asked) == []
    simulator.clock(advance=11 * HOUR)  # While it settles.
    assert isinstance(gateway.look_up(back), NotSent)
    made = gateway.send(back)
    assert isinstance(made, Approved)
    assert (made.amount, made.psp_reference == reference) == (eur(4_00), False)
    assert gateway.look_up(back) == made
    assert given_back(simulator, asked) == [("refunded", 4_00)]


def test_what_is_left_of_a_waiting_part_is_not_voided(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    rest = refund(asked, reference, eur(6_00), before=4_00)
    assert isinstance(gateway.send(rest), Pending)
    all_again = refund(asked, reference, EUR_10, before=4_00)
    assert isinstance(gateway.send(all_again), Pending)
    assert given_back(simulator, asked) == []


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_after", "malformed"])
def test_a_void_without_an_answer_is_in_doubt_and_then_found(
    gateway: Gateway, simulator: run.Simulator, fault: str
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    simulator.faults(next=[fault], hang_seconds=1.5)
    assert isinstance(gateway.send(back), Unknown)
    assert gateway.look_up(back) == Approved(reference, EUR_10)
    assert gateway.send(back) == Approved(reference, EUR_10)
    assert given_back(simulator, asked) == [("refunded", 10_00)]


def test_a_void_that_was_never_made_leaves_no_trace_and_is_made_when_asked_again(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    simulator.faults(next=["error_before"])
    assert isinstance(gateway.send(back), Unknown)
    assert isinstance(gateway.look_up(back), NotSent)
    assert isinstance(gateway.send(back), Approved)
    assert given_back(simulator, asked) == [("refunded", 10_00)]


def test_a_void_that_was_never_made_becomes_a_refund_once_it_is_settled(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    simulator.faults(next=["timeout_before"], hang_seconds=1.5)
    assert isinstance(gateway.send(back), Unknown)
    simulator.clock(advance=12 * HOUR)
    assert isinstance(gateway.look_up(back), NotSent)
    made = gateway.send(back)
    assert isinstance(made, Approved)
    assert made.psp_reference != reference
    assert given_back(simulator, asked) == [("refunded", 10_00)]


def test_a_void_that_says_another_amount_is_not_believed(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    simulator.faults(next=["wrong_amount"])
    outcome = gateway.send(back)
    assert isinstance(outcome, Unknown)
    assert "AMOUNT DIFFERS" in outcome.why


@pytest.mark.parametrize(
    "other", [{"amount": eur(9_00), "captured": eur(9_00)}, {"amount": Money(10_00, "USD")}]
)
def test_what_is_of_another_amount_than_we_believe_is_not_touched(
    gateway: Gateway, simulator: run.Simulator, other: dict[str, Money]
) -> None:
    asked, reference = taken(gateway)
    outcome = gateway.send(replace(refund(asked, reference, EUR_10), **other))
    assert isinstance(outcome, Unknown)
    assert "AMOUNT DIFFERS" in outcome.why
    assert given_back(simulator, asked) == []


def test_what_somebody_voided_is_given_back_already(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    simulator.act("cancel", payment=asked.payment)
    part = refund(asked, reference, eur(4_00))
    outcomes = (gateway.send(part), gateway.look_up(part))
    for outcome in outcomes:
        assert isinstance(outcome, Declined)
        assert outcome.code == DeclineCode.ALREADY_REFUNDED
    assert isinstance(gateway.send(refund(asked, reference, EUR_10)), Approved)
    assert given_back(simulator, asked) == [("refunded", 10_00)]


# ----------------------------------------------------------------------- when the batch is closed


def test_a_batch_that_is_closed_under_a_void_makes_it_a_refund(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back = refund(asked, reference, EUR_10)
    simulator.faults(next=["late"], late_seconds=0.4)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(gateway.send(back)))
    thread.start()
    time.sleep(0.2)  # It has looked, and its void is on the way.
    simulator.act("settle", payment=asked.payment)
    thread.join()
    (outcome,) = outcomes
    assert isinstance(outcome, Approved)
    assert outcome.psp_reference != reference
    assert gateway.look_up(back) == outcome
    assert given_back(simulator, asked) == [("refunded", 10_00)]


def test_a_void_that_is_never_in_time_waits(strings: Puppet) -> None:
    held, late = transaction("submitted_for_settlement"), errors("91504")
    strings.answers = [reply(200, held), reply(422, late)] * 2
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Pending)
    assert outcome.psp_reference == ""
    assert asked_of(strings) == ["GET bt1", "PUT void"] * 2


@pytest.mark.parametrize("code", ["91506", "91574"])
def test_a_refund_that_comes_too_early_waits(strings: Puppet, code: str) -> None:
    strings.answers = [reply(200, transaction("settling")), reply(422, errors(code))]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Pending)
    assert outcome.psp_reference == ""


@pytest.mark.parametrize("status", ["authorizing", "settlement_pending", "settlement_confirmed"])
def test_what_is_neither_to_be_voided_nor_refunded_waits(strings: Puppet, status: str) -> None:
    strings.answers = [reply(200, transaction(status))]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Pending)
    assert asked_of(strings) == ["GET bt1"]


@pytest.mark.parametrize(
    "status", ["settlement_declined", "settlement_failed", "failed", "authorization_expired"]
)
def test_where_nothing_was_taken_nothing_is_given_back(strings: Puppet, status: str) -> None:
    strings.answers = [reply(200, transaction(status))]
    back = refund(authorize("braintree"), "bt1", EUR_10)
    for outcome in (
        adapter("braintree", strings.url).send(back),
        adapter("braintree", strings.url).look_up(back),
    ):
        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.psp_code) == (DeclineCode.INVALID_STATE, status)


# ---------------------------------------------------------------------------------- after settlement


def test_each_capture_is_given_back_for_itself(gateway: Gateway, simulator: run.Simulator) -> None:
    asked, reference = taken(gateway, capture=False)
    first = gateway.send(capture(asked, reference, eur(4_00), final=False))
    second = gateway.send(capture(asked, reference, eur(6_00), before=4_00))
    assert isinstance(first, Approved)
    assert isinstance(second, Approved)
    of_first = replace(refund(asked, first.psp_reference, eur(4_00)), captured=eur(4_00))
    assert gateway.send(of_first) == Approved(first.psp_reference, eur(4_00))  # Voided.
    simulator.clock(advance=12 * HOUR)
    of_second = replace(refund(asked, second.psp_reference, eur(6_00)), captured=eur(6_00))
    made = gateway.send(of_second)
    assert isinstance(made, Approved)
    assert made.psp_reference not in (second.psp_reference, reference)
    assert given_back(simulator, asked) == [("refunded", 4_00), ("refunded", 6_00)]


def test_a_refund_is_found_while_the_search_lags(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    simulator.act("settle", payment=asked.payment)
    back = refund(asked, reference, eur(4_00))
    simulator.faults(next=["timeout_after"], hang_seconds=1.5, search_lag_seconds=3600)
    assert isinstance(gateway.send(back), Unknown)
    found = gateway.look_up(back)
    assert isinstance(found, Approved)
    assert found.psp_reference != reference


def test_a_refund_that_failed_later_is_declined_when_it_is_looked_up(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    simulator.act("settle", payment=asked.payment)
    back = refund(asked, reference, EUR_10)
    made = gateway.send(back)
    assert isinstance(made, Approved)
    simulator.act("fail_refund", refund=back.refund)
    for outcome in (gateway.look_up(back), gateway.send(back)):
        assert isinstance(outcome, Declined)
        assert (outcome.psp_reference, outcome.psp_code) == (made.psp_reference, "2057")
    assert given_back(simulator, asked) == [("refunded", 10_00), ("refund_failed", 10_00)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("authorized", Approved),
        ("submitted_for_settlement", Approved),
        ("settling", Approved),
        ("settled", Approved),
        ("settlement_pending", Approved),
        ("authorizing", Pending),
        ("processor_declined", Declined),
        ("gateway_rejected", Declined),
        ("failed", Declined),
        ("settlement_declined", Declined),
        ("voided", Declined),
    ],
)
def test_a_credit_says_by_its_status_what_became_of_it(
    strings: Puppet, status: str, expected: type
) -> None:
    credit = transaction(status, kind="credit", id_="bt2")
    strings.answers = [reply(200, transaction("settled")), reply(201, credit)]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, expected)
    assert getattr(outcome, "psp_reference", "") == "bt2"
    if status == "processor_declined":
        assert isinstance(outcome, Declined)
        assert outcome.code == DeclineCode.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("other", [{"amount": "9.00"}, {"currency": "USD"}])
def test_a_credit_of_another_amount_is_a_doubt(strings: Puppet, other: dict[str, str]) -> None:
    credit = transaction("submitted_for_settlement", kind="credit", **other)
    strings.answers = [reply(200, transaction("settled")), reply(201, credit)]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Unknown)
    assert "AMOUNT DIFFERS" in outcome.why


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("91505", DeclineCode.INVALID_STATE),
        ("91512", DeclineCode.ALREADY_REFUNDED),
        ("91521", DeclineCode.ALREADY_REFUNDED),
        ("915200", DeclineCode.CARD_DECLINED),
        ("91547", DeclineCode.INVALID_REQUEST),
    ],
)
def test_braintrees_refusals_of_a_refund(strings: Puppet, code: str, expected: DeclineCode) -> None:
    strings.answers = [reply(200, transaction("settled")), reply(422, errors(code))]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert outcome == Declined(expected, code, "No.")


@pytest.mark.parametrize("status", ["settled", "submitted_for_settlement"])
@pytest.mark.parametrize("code", ["915232", "915233", "915234", "915235"])
def test_trouble_with_the_key_is_a_doubt(strings: Puppet, status: str, code: str) -> None:
    strings.answers = [reply(200, transaction(status)), reply(422, errors(code))]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Unknown)
    assert code in outcome.why


def test_an_answer_that_says_nothing_is_a_doubt(strings: Puppet) -> None:
    strings.answers = [reply(200, transaction("settled")), reply(201, "<something/>")]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Unknown)


def test_a_void_that_left_the_sale_as_it_was_is_a_doubt(strings: Puppet) -> None:
    held = transaction("submitted_for_settlement")
    strings.answers = [reply(200, held), reply(200, held)]
    outcome = adapter("braintree", strings.url).send(refund(authorize("braintree"), "bt1", EUR_10))
    assert isinstance(outcome, Unknown)


def test_a_look_that_fails_leaves_everything_open(
    gateway: Gateway, simulator: run.Simulator
) -> None:
    asked, reference = taken(gateway)
    back: Refund = refund(asked, reference, EUR_10)
    for fault, expected in (
        ("lookup_error_before", Unknown),
        ("lookup_timeout_before", Unknown),
        ("lookup_malformed", Unknown),
        ("lookup_rate_limit", NotSent),
    ):
        simulator.faults(next=[fault], hang_seconds=1.5)
        assert isinstance(gateway.send(back), expected), fault
    assert given_back(simulator, asked) == []


def test_a_void_and_a_refund_are_asked_under_keys_of_their_own(strings: Puppet) -> None:
    back = refund(authorize("braintree"), "bt1", EUR_10)
    held, credit = transaction("submitted_for_settlement"), transaction("settled", kind="credit")
    strings.answers = [
        *(reply(200, held), reply(422, errors("91504"))),
        *(reply(200, transaction("settling")), reply(201, credit)),
    ]
    assert isinstance(adapter("braintree", strings.url).send(back), Approved)
    assert asked_of(strings) == ["GET bt1", "PUT void", "GET bt1", "POST refund"]
    assert f"<api_request_key>{back.key}-void</api_request_key>".encode() in strings.asked[1]
    refunded = strings.asked[3].decode()
    assert f"<api_request_key>{back.key}</api_request_key>" in refunded
    assert f"<order_id>{back.refund}</order_id>" in refunded
    assert "<amount>10.00</amount>" in refunded
