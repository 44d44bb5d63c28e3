"""Giving back what was taken, at every PSP. Their own books are the witness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from kernel.money import Money
from paygate.psp.gateway import (
    Approved,
    DeclineCode,
    Declined,
    Gateway,
    NotSent,
    Outcome,
    Pending,
    Refund,
    Unknown,
)
from paygate.psp.registry import PSPS
from simulators import run
from tests.psp_contract.conftest import (
    CURRENCIES,
    EUR_10,
    Captured,
    Effects,
    adapter,
    authorize,
    refund,
)
from tests.psp_contract.puppet import nobody

# What a PSP may answer. Adyen only takes a refund in; whether it is made it says in a webhook.
ACCEPTS = {"stripe": (Approved,), "adyen": (Pending,), "braintree": (Approved,)}
REFUSES = {"stripe": (Declined,), "adyen": (Pending, Declined), "braintree": (Declined,)}
# Of what is not settled. Braintree voids what is given back whole, and lets a part wait with us.
ACCEPTS_ALL_AT_ONCE = ACCEPTS
ACCEPTS_PART_AT_ONCE = {**ACCEPTS, "braintree": (Pending,)}

HANG = {"hang_seconds": 1.5, "late_seconds": 1.0}
EXECUTED = ("timeout_after", "error_after", "reset_after", "slow_drip", "malformed", "wrong_amount")
NOT_EXECUTED = ("timeout_before", "error_before", "reset_before")
LATER = 3600.0  # Seconds after which every PSP has made the refunds that it took in.


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


@pytest.fixture
def given_back(simulator: run.Simulator, effects: Effects) -> Callable[[str], list[int]]:
    """The refunds of a payment in the PSP's books, once all that were taken in are made."""

    def of(payment: str) -> list[int]:
        simulator.clock(advance=LATER)
        return [minor for kind, minor, _ in effects(payment) if kind == "refunded"]

    return of


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def truth(gateway: Gateway, request: Refund) -> Outcome:
    """What became of it: by look-up, or by asking again under the same key."""
    return gateway.look_up(request) if gateway.can_look_up else gateway.send(request)


def accepted(psp: str, outcome: Outcome, amount: Money) -> str:
    """The PSP's reference of the refund, which it has by now."""
    assert isinstance(outcome, ACCEPTS[psp]), outcome
    assert isinstance(outcome, Approved | Pending)
    assert outcome.psp_reference
    if isinstance(outcome, Approved):
        assert outcome.amount == amount
    return outcome.psp_reference


def test_all_that_was_taken_is_given_back(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured()
    made = accepted(psp, gateway.send(refund(asked, reference, EUR_10)), EUR_10)
    assert made != reference
    assert given_back(asked.payment) == [10_00]


@pytest.mark.parametrize("reason", ["", "duplicate", "fraudulent", "requested_by_customer"])
def test_a_part_is_given_back_for_whatever_reason(
    gateway: Gateway,
    psp: str,
    captured: Captured,
    given_back: Callable[[str], list[int]],
    reason: str,
) -> None:
    asked, reference = captured()
    accepted(psp, gateway.send(refund(asked, reference, eur(4_00), reason=reason)), eur(4_00))
    assert given_back(asked.payment) == [4_00]


def test_it_is_given_back_in_parts(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured()
    parts = [
        refund(asked, reference, eur(4_00)),
        refund(asked, reference, eur(4_00), before=4_00),  # As much again is another refund.
        refund(asked, reference, eur(2_00), before=8_00),
    ]
    made = [accepted(psp, gateway.send(part), part.amount) for part in parts]
    assert len(set(made)) == 3
    found = [accepted(psp, truth(gateway, part), part.amount) for part in parts]
    assert found == made
    assert given_back(asked.payment) == [4_00, 4_00, 2_00]


@pytest.mark.parametrize("first", [4_00, 10_00])
def test_more_than_is_left_is_not_given_back(
    gateway: Gateway,
    psp: str,
    captured: Captured,
    given_back: Callable[[str], list[int]],
    first: int,
) -> None:
    asked, reference = captured()
    accepted(psp, gateway.send(refund(asked, reference, eur(first))), eur(first))
    assert given_back(asked.payment) == [first]
    outcome = gateway.send(refund(asked, reference, eur(6_01), before=first))
    assert isinstance(outcome, REFUSES[psp])
    if isinstance(outcome, Declined):
        assert outcome.code in {DeclineCode.ALREADY_REFUNDED, DeclineCode.INVALID_REQUEST}
    assert given_back(asked.payment) == [first]


def test_nothing_is_given_back_of_a_payment_that_there_is_not(
    gateway: Gateway, psp: str, given_back: Callable[[str], list[int]]
) -> None:
    never = authorize(psp)
    assert isinstance(gateway.send(refund(never, "never0000", EUR_10)), REFUSES[psp])
    assert given_back(never.payment) == []


def test_asking_twice_under_one_key_gives_back_once(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    first, second = gateway.send(back), gateway.send(back)
    assert accepted(psp, first, back.amount) == accepted(psp, second, back.amount)
    assert given_back(asked.payment) == [4_00]


def test_asking_from_several_threads_under_one_key_gives_back_once(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(gateway.send(back))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, (*ACCEPTS[psp], Unknown)) for outcome in outcomes)
    assert given_back(asked.payment) == [4_00]


@pytest.mark.parametrize("fault", EXECUTED)
def test_what_was_given_back_without_our_hearing_of_it_is_in_doubt_and_then_found(
    gateway: Gateway,
    psp: str,
    simulator: run.Simulator,
    captured: Captured,
    given_back: Callable[[str], list[int]],
    fault: str,
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    simulator.faults(next=[fault], **HANG)
    outcome = gateway.send(back)
    assert isinstance(outcome, Unknown)
    assert ("AMOUNT DIFFERS" in outcome.why) == (fault == "wrong_amount")
    accepted(psp, truth(gateway, back), back.amount)
    assert given_back(asked.payment) == [4_00]


@pytest.mark.parametrize("fault", NOT_EXECUTED)
def test_what_was_not_given_back_is_never_taken_for_given_back(
    gateway: Gateway,
    psp: str,
    simulator: run.Simulator,
    captured: Captured,
    given_back: Callable[[str], list[int]],
    fault: str,
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    simulator.faults(next=[fault], **HANG)
    certain = psp == "adyen" and fault == "error_before"  # 503 with transient-error.
    assert isinstance(gateway.send(back), NotSent if certain else Unknown)
    assert given_back(asked.payment) == []
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(back), NotSent)
    accepted(psp, gateway.send(back), back.amount)  # Under the same key it is done now, and once.
    assert given_back(asked.payment) == [4_00]


def test_a_look_up_does_not_take_another_refund_for_this_one(
    gateway: Gateway, psp: str, captured: Captured
) -> None:
    asked, reference = captured()
    if not gateway.can_look_up:
        with pytest.raises(NotImplementedError):
            gateway.look_up(refund(asked, reference, eur(4_00)))
        return
    accepted(psp, gateway.send(refund(asked, reference, eur(4_00))), eur(4_00))
    twin = refund(asked, reference, eur(4_00), before=4_00)
    assert isinstance(gateway.look_up(twin), NotSent)


def test_a_look_up_that_fails_is_a_doubt_of_its_own(
    gateway: Gateway, psp: str, simulator: run.Simulator, captured: Captured
) -> None:
    if not gateway.can_look_up:
        return
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    accepted(psp, gateway.send(back), back.amount)
    simulator.faults(next=["lookup_error_before", "lookup_timeout_before"], **HANG)
    assert isinstance(gateway.look_up(back), Unknown)
    assert isinstance(gateway.look_up(back), Unknown)
    accepted(psp, gateway.look_up(back), back.amount)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_each_currency_is_given_back_to_the_unit(
    gateway: Gateway,
    psp: str,
    simulator: run.Simulator,
    captured: Captured,
    effects: Effects,
    currency: str,
) -> None:
    taken = Money(50_000_000, currency)  # Half a million of what has two decimals.
    if not gateway.supports(currency):
        return
    asked, reference = captured(taken)
    part = Money(20_000_000, currency)
    accepted(psp, gateway.send(refund(asked, reference, part)), part)
    simulator.clock(advance=LATER)
    assert ("refunded", part.minor, currency) in effects(asked.payment)


def test_a_currency_that_the_psp_does_not_have_is_refused_without_a_call(
    gateway: Gateway, psp: str, simulator: run.Simulator
) -> None:
    before = simulator.health()["requests"]
    outcome = gateway.send(refund(authorize(psp, Money(10_00, "KPW")), "x1", Money(10_00, "KPW")))
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.CURRENCY_NOT_SUPPORTED
    assert simulator.health()["requests"] == before


def test_what_is_not_settled_yet_is_given_back_whole(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured(settled=False)
    back = refund(asked, reference, EUR_10)
    outcome = gateway.send(back)
    assert isinstance(outcome, ACCEPTS_ALL_AT_ONCE[psp])
    assert isinstance(truth(gateway, back), ACCEPTS_ALL_AT_ONCE[psp])
    assert given_back(asked.payment) == [10_00]


def test_a_part_of_what_is_not_settled_yet_is_given_back_or_waits(
    gateway: Gateway,
    psp: str,
    simulator: run.Simulator,
    captured: Captured,
    effects: Effects,
    given_back: Callable[[str], list[int]],
) -> None:
    asked, reference = captured(settled=False)
    back = refund(asked, reference, eur(4_00))
    outcome = gateway.send(back)
    assert isinstance(outcome, ACCEPTS_PART_AT_ONCE[psp])
    if isinstance(outcome, Pending) and not outcome.psp_reference:  # It waits with us.
        assert "refunded" not in {kind for kind, _, _ in effects(asked.payment)}
        simulator.act("settle", payment=asked.payment)
        accepted(psp, gateway.send(back), back.amount)
    assert given_back(asked.payment) == [4_00]


def test_where_nobody_listens_nothing_is_given_back(psp: str) -> None:
    outcome = adapter(psp, nobody()).send(refund(authorize(psp), "x1", EUR_10))
    assert isinstance(outcome, NotSent)


def test_a_rate_limit_is_certain(
    gateway: Gateway,
    psp: str,
    simulator: run.Simulator,
    captured: Captured,
    given_back: Callable[[str], list[int]],
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    simulator.faults(next=["rate_limit"])
    assert isinstance(gateway.send(back), NotSent)
    accepted(psp, gateway.send(back), back.amount)
    assert given_back(asked.payment) == [4_00]


def test_another_amount_under_the_same_key_is_never_a_second_refund(
    gateway: Gateway, psp: str, captured: Captured, given_back: Callable[[str], list[int]]
) -> None:
    asked, reference = captured()
    back = refund(asked, reference, eur(4_00))
    accepted(psp, gateway.send(back), back.amount)
    outcome = gateway.send(replace(back, amount=eur(5_00)))
    assert not isinstance(outcome, Approved | NotSent)
    assert given_back(asked.payment) == [4_00]
