"""Whatever goes wrong on the way, the adapter says so honestly, and the truth can be found afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from kernel.money import Money
from paygate.psp.gateway import Approved, Authorize, Gateway, NotSent, Outcome, Request, Unknown
from simulators.run import Simulator
from tests.psp_contract.conftest import EUR_10, Effects, authorize, cancel, capture

HANG = {"hang_seconds": 1.5, "late_seconds": 1.0}

EXECUTED = ("timeout_after", "error_after", "reset_after", "slow_drip", "malformed", "wrong_amount")
NOT_EXECUTED = ("timeout_before", "error_before", "reset_before")


def truth(gateway: Gateway, request: Request) -> Outcome:
    """What became of a request: by look-up, or by asking again under the same key."""
    return gateway.look_up(request) if gateway.can_look_up else gateway.send(request)


@pytest.mark.parametrize("fault", EXECUTED)
def test_what_was_done_without_our_hearing_of_it_is_in_doubt_and_then_found(
    gateway: Gateway, psp: str, simulator: Simulator, effects: Effects, fault: str
) -> None:
    simulator.faults(next=[fault], **HANG)
    asked = authorize(psp, capture=True)
    assert isinstance(gateway.send(asked), Unknown)
    found = truth(gateway, asked)
    assert isinstance(found, Approved)
    assert (found.amount, found.captured) == (EUR_10, True)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


@pytest.mark.parametrize("fault", NOT_EXECUTED)
def test_what_was_not_done_is_never_taken_for_done(
    gateway: Gateway, psp: str, simulator: Simulator, effects: Effects, fault: str
) -> None:
    simulator.faults(next=[fault], **HANG)
    asked = authorize(psp, capture=True)
    outcome = gateway.send(asked)
    certain = psp == "adyen" and fault == "error_before"  # 503 with transient-error.
    assert isinstance(outcome, NotSent if certain else Unknown)
    assert effects(asked.payment) == []
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(asked), NotSent)
    again = gateway.send(asked)  # Under the same key it is done now, and once.
    assert isinstance(again, Approved)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


def test_a_rate_limit_is_certain(
    gateway: Gateway, psp: str, simulator: Simulator, effects: Effects
) -> None:
    simulator.faults(next=["rate_limit"])
    asked = authorize(psp)
    assert isinstance(gateway.send(asked), NotSent)
    assert effects(asked.payment) == []


def test_what_is_done_late_has_left_no_trace_yet_and_does_later(
    gateway: Gateway, psp: str, simulator: Simulator, effects: Effects
) -> None:
    simulator.faults(next=["late"], **HANG)
    asked = authorize(psp, capture=True)
    assert isinstance(gateway.send(asked), Unknown)
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(asked), NotSent)  # Which is why there is a horizon.
    while not effects(asked.payment):
        time.sleep(0.05)
    assert isinstance(truth(gateway, asked), Approved)
    assert [kind for kind, _, _ in effects(asked.payment)].count("captured") == 1


@pytest.mark.parametrize("fault", [*EXECUTED, *NOT_EXECUTED])
@pytest.mark.parametrize("part", [False, True])
def test_a_capture_in_doubt_is_found_or_is_not_there(
    gateway: Gateway,
    psp: str,
    simulator: Simulator,
    effects: Effects,
    held: Callable[..., tuple[Authorize, str]],
    fault: str,
    part: bool,
) -> None:
    asked, reference = held()
    simulator.faults(next=[fault], **HANG)
    amount = Money(4_00, "EUR") if part else EUR_10
    taking = capture(asked, reference, amount, final=not part)
    outcome = gateway.send(taking)
    if not (psp == "adyen" and fault == "error_before"):
        assert isinstance(outcome, Unknown)
    done = fault in EXECUTED
    assert effects(asked.payment).count(("captured", amount.minor, "EUR")) == done
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(taking), Approved if done else NotSent)
    if gateway.can_look_up is False or not done:
        assert isinstance(gateway.send(taking), Approved)
    assert effects(asked.payment).count(("captured", amount.minor, "EUR")) == 1


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_before"])
def test_a_cancel_in_doubt_is_found_or_is_not_there(
    gateway: Gateway,
    simulator: Simulator,
    effects: Effects,
    held: Callable[..., tuple[Authorize, str]],
    fault: str,
) -> None:
    asked, reference = held()
    simulator.faults(next=[fault], **HANG)
    void = cancel(asked, reference)
    assert isinstance(gateway.send(void), Unknown)
    done = fault in EXECUTED
    if gateway.can_look_up:
        assert isinstance(gateway.look_up(void), Approved if done else NotSent)
    else:
        assert isinstance(gateway.send(void), Approved)
    assert [k for k, _, _ in effects(asked.payment)].count("canceled") == (
        done or not gateway.can_look_up
    )


def test_a_look_up_that_fails_is_a_doubt_of_its_own(
    gateway: Gateway, psp: str, simulator: Simulator
) -> None:
    if not gateway.can_look_up:
        return
    asked = authorize(psp)
    assert isinstance(gateway.send(asked), Approved)
    simulator.faults(next=["lookup_error_before", "lookup_timeout_before"], **HANG)
    assert isinstance(gateway.look_up(asked), Unknown)
    assert isinstance(gateway.look_up(asked), Unknown)
    assert isinstance(gateway.look_up(asked), Approved)


def test_a_card_that_never_answers_the_first_time_is_found_all_the_same(
    gateway: Gateway, psp: str
) -> None:
    asked = authorize(psp, card="timeout", capture=True)
    assert isinstance(gateway.send(asked), Unknown)
    assert isinstance(truth(gateway, asked), Approved)
