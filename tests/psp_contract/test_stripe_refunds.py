"""Refunds at Stripe that are not like the others: late, failed, disputed, and how they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

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
from paygate.psp.stripe import refunds
from paygate.psp.stripe.calls import PAGE
from paygate.psp.stripe.gateway import PAGES
from simulators import run
from tests.psp_contract.conftest import EUR_10, adapter, authorize, refund
from tests.psp_contract.puppet import Puppet, puppet, reply

PART = Money(4_00, "EUR")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    with run.start("stripe", folder=tmp_path_factory.mktemp("stripe")) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(simulator: run.Simulator) -> Gateway:
    return adapter("stripe", simulator.url)


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


@pytest.fixture
def taken(gateway: Gateway) -> Callable[..., Refund]:
    """A refund to be: of a payment that was taken with that card."""

    def take(token: str = "pm_card_visa", amount: Money = PART) -> Refund:
        asked = replace(authorize("stripe", capture=True), token=token)
        outcome = gateway.send(asked)
        assert isinstance(outcome, Approved)
        return refund(asked, outcome.psp_reference, amount)

    return take


def said(**changes: Any) -> dict[str, Any]:
    return {
        "object": "refund",
        "id": "re_1",
        "amount": 4_00,
        "currency": "eur",
        "status": "succeeded",
        "metadata": {},
        **changes,
    }


def test_a_pending_refund_is_pending_and_then_done(
    gateway: Gateway, simulator: run.Simulator, taken: Callable[..., Refund]
) -> None:
    back = taken("pm_card_pendingRefund")
    first = gateway.send(back)
    assert isinstance(first, Pending)
    assert first.psp_reference
    assert isinstance(gateway.look_up(back), Pending)
    simulator.clock(advance=60)
    assert gateway.look_up(back) == Approved(first.psp_reference, PART)


def test_a_refund_that_failed_after_all_is_declined(
    gateway: Gateway, simulator: run.Simulator, taken: Callable[..., Refund]
) -> None:
    back = taken("pm_card_refundFail")
    first = gateway.send(back)
    assert isinstance(first, Approved)
    simulator.clock(advance=60)
    found = gateway.look_up(back)
    assert isinstance(found, Declined)
    assert (found.code, found.psp_code) == (DeclineCode.EXPIRED_CARD, "expired_or_canceled_card")
    assert found.psp_reference == first.psp_reference


def test_what_a_chargeback_holds_is_not_given_back_and_what_an_inquiry_asks_about_is(
    gateway: Gateway, simulator: run.Simulator, taken: Callable[..., Refund]
) -> None:
    held, asked = taken(), taken()
    simulator.act("dispute", payment=held.payment)
    simulator.act("dispute", payment=asked.payment, kind="inquiry")
    outcome = gateway.send(held)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.psp_code) == (DeclineCode.DISPUTED, "charge_disputed")
    assert isinstance(gateway.send(asked), Approved)


@pytest.mark.parametrize("first", [EUR_10, PART])
def test_too_much_is_already_refunded(
    gateway: Gateway, taken: Callable[..., Refund], first: Money
) -> None:
    back = taken(amount=first)
    assert isinstance(gateway.send(back), Approved)
    more = Refund(
        key=back.key + "x",
        refund="re_ours",
        payment=back.payment,
        psp_reference=back.psp_reference,
        amount=Money(6_01, "EUR"),
        captured=EUR_10,
        refunded_before=first,
    )
    outcome = gateway.send(more)
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.ALREADY_REFUNDED


def test_a_look_up_reads_all_the_pages(gateway: Gateway, taken: Callable[..., Refund]) -> None:
    oldest = taken(amount=Money(1, "EUR"))
    made = gateway.send(oldest)
    for number in range(PAGE + 5):
        more = Refund(
            key=f"{oldest.key}-{number}",
            refund="re_ours",
            payment=oldest.payment,
            psp_reference=oldest.psp_reference,
            amount=Money(1, "EUR"),
            captured=EUR_10,
            refunded_before=Money(number + 1, "EUR"),
        )
        assert isinstance(gateway.send(more), Approved)
    assert gateway.look_up(oldest) == made


def test_more_pages_than_are_read_leave_us_in_doubt(strings: Puppet) -> None:
    page = {"object": "list", "data": [said()], "has_more": True}
    strings.says(200, json.dumps(page))
    outcome = adapter("stripe", strings.url).look_up(refund(authorize("stripe"), "pi_1", PART))
    assert isinstance(outcome, Unknown)
    assert len(strings.asked) == PAGES


def test_a_refund_is_asked_for_in_stripes_words(strings: Puppet) -> None:
    strings.says(200, json.dumps(said()))
    asked = authorize("stripe")
    back = refund(asked, "pi_1", PART, reason="duplicate")
    adapter("stripe", strings.url).send(back)
    head, _, body = strings.asked[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /v1/refunds ")
    assert f"Idempotency-Key: {back.key}" in head
    assert sorted(body.split("&")) == sorted(
        [
            "payment_intent=pi_1",
            "amount=400",
            "reason=duplicate",
            f"metadata[refund]={back.refund}",
            f"metadata[attempt]={back.key}",
            f"metadata[payment]={asked.payment}",
        ]
    )


@pytest.mark.parametrize("reason", ["", "because", "expired_uncaptured_charge"])
def test_a_reason_that_stripe_does_not_know_is_not_told(reason: str) -> None:
    back = refund(authorize("stripe"), "pi_1", PART, reason=reason)
    assert "reason" not in refunds.creation(back)


@pytest.mark.parametrize(
    "answer, expected",
    [
        (said(), Approved),
        (said(status="pending"), Pending),
        (said(status="requires_action"), Pending),
        (said(status="failed", failure_reason="unknown"), Declined),
        (said(status="canceled"), Declined),
        (said(status="reconsidered"), Unknown),
        (said(status=None), Unknown),
        (said(amount=4_01), Unknown),
        (said(currency="usd"), Unknown),
        (said(object="payment_intent"), Unknown),
        (said(id=""), Unknown),
        ({}, Unknown),
    ],
)
def test_an_answer_is_what_it_says_or_a_doubt(
    answer: dict[str, Any], expected: type[Outcome], strings: Puppet
) -> None:
    strings.says(200, json.dumps(answer))
    outcome = adapter("stripe", strings.url).send(refund(authorize("stripe"), "pi_1", PART))
    assert isinstance(outcome, expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "why, code",
    [
        ("lost_or_stolen_card", DeclineCode.LOST_CARD),
        ("charge_for_pending_refund_disputed", DeclineCode.DISPUTED),
        ("merchant_request", DeclineCode.PROCESSING_ERROR),
    ],
)
def test_a_failure_has_its_reason(why: str, code: DeclineCode) -> None:
    back = refund(authorize("stripe"), "pi_1", PART)
    outcome = refunds.answered(back, said(status="failed", failure_reason=why))
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.psp_code, outcome.psp_reference) == (code, why, "re_1")


@pytest.mark.parametrize(
    "status, error, code",
    [
        (400, {"code": "charge_already_refunded"}, DeclineCode.ALREADY_REFUNDED),
        (400, {"code": "charge_disputed"}, DeclineCode.DISPUTED),
        (400, {"code": "refund_disputed_payment"}, DeclineCode.DISPUTED),
        (400, {"param": "amount"}, DeclineCode.ALREADY_REFUNDED),
        (404, {"code": "resource_missing", "param": "intent"}, DeclineCode.INVALID_REQUEST),
    ],
)
def test_a_refusal_has_its_reason(
    status: int, error: dict[str, str], code: DeclineCode, strings: Puppet
) -> None:
    body = {"type": "invalid_request_error", "message": "no", "payment_intent": {"id": "pi_1"}}
    strings.says(status, json.dumps({"error": body | error}))
    outcome = adapter("stripe", strings.url).send(refund(authorize("stripe"), "pi_1", PART))
    assert isinstance(outcome, Declined)
    # The payment is no refund's reference: two that are refused would be one and the same.
    assert (outcome.code, outcome.psp_reference) == (code, "")


@pytest.mark.parametrize("status, expected", [(401, NotSent), (429, NotSent), (500, Unknown)])
def test_who_was_stopped_at_the_door_gave_nothing_back(
    status: int, expected: type, strings: Puppet
) -> None:
    strings.answers = [reply(status, json.dumps({"error": {"type": "api_error", "message": "no"}}))]
    outcome = adapter("stripe", strings.url).send(refund(authorize("stripe"), "pi_1", PART))
    assert isinstance(outcome, expected)
