"""Paying merchants through a PSP: whatever goes wrong on the way, once or not at all, and the truth is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, cast

import pytest

from kernel.money import Money
from paygate.psp.events import Delivery, Item, PayoutMoved
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.payouts import (
    PAYERS,
    InTransit,
    PaidOut,
    Payer,
    PayOut,
    PayoutOutcome,
    Refused,
    Returned,
)
from paygate.psp.registry import webhook
from simulators.run import Simulator
from tests.psp_contract.conftest import Effects, Owed, adapter, configuration
from tests.psp_contract.paying import DAY, EXECUTED, HANG, NOT_EXECUTED, paying
from tests.psp_contract.puppet import nobody
from tests.simulators.listener import listener

pytestmark = [
    pytest.mark.parametrize("simulator", PAYERS, indirect=True),
    pytest.mark.usefixtures("something_owed"),
]


Pay = Callable[..., PayOut]


@pytest.fixture
def pay(psp: str, simulator: Simulator) -> Pay:
    """A payout that is first sent at the PSP's present, which is ahead of ours."""

    def make(amount: Money | None = None, **more: Any) -> PayOut:
        there = datetime.fromisoformat(simulator.clock())
        return paying(psp, amount, **{"created_at": there, **more})

    return make


@pytest.fixture
def settled(simulator: Simulator, payer: Payer) -> Callable[[PayOut], PayoutOutcome]:
    """How it ends, some days later."""

    def wait(request: PayOut) -> PayoutOutcome:
        simulator.clock(advance=5 * DAY)
        return payer.pay_out(request)

    return wait


# --------------------------------------------------------------------------------------- how it goes


def test_a_payout_is_on_its_way_and_then_paid(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects
) -> None:
    asked = pay()
    assert isinstance(payer.look_up_payout(asked), NotSent)

    sent = payer.pay_out(asked)

    assert isinstance(sent, InTransit)
    assert sent.psp_reference
    assert sent.psp_reference != asked.key
    assert payer.look_up_payout(asked) == sent
    simulator.clock(advance=2 * DAY)
    assert payer.look_up_payout(asked) == PaidOut(sent.psp_reference)
    assert payer.pay_out(asked) == PaidOut(sent.psp_reference)
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


def test_what_is_not_owed_us_is_not_paid(
    payer: Payer, pay: Pay, psp: str, effects: Effects
) -> None:
    asked = pay(Money(90_000_00, "EUR"))

    outcome = payer.pay_out(asked)

    assert isinstance(outcome, Refused)
    assert outcome.code
    assert effects(asked.key) == []


def test_a_bank_that_refuses_leaves_the_money_where_it_was(
    payer: Payer, pay: Pay, psp: str, effects: Effects, settled: Callable[[PayOut], PayoutOutcome]
) -> None:
    asked = pay(to="closed")
    sent = payer.pay_out(asked)
    assert isinstance(sent, InTransit)

    outcome = settled(asked)

    assert isinstance(outcome, Refused)
    assert outcome.psp_reference == sent.psp_reference
    assert "closed" in outcome.code.lower()
    assert payer.look_up_payout(asked) == outcome
    assert sum(_signed(kind) * minor for kind, minor, _ in effects(asked.key)) == 0


def test_what_came_back_is_ours_again_and_is_never_paid_anew(
    payer: Payer, pay: Pay, psp: str, effects: Effects, settled: Callable[[PayOut], PayoutOutcome]
) -> None:
    asked = pay(to="bouncing")
    sent = payer.pay_out(asked)
    assert isinstance(sent, InTransit)

    outcome = settled(asked)

    # Stripe's object does not say that it was paid before it failed; whoever heard so knows.
    assert isinstance(outcome, Refused if psp == "stripe" else Returned)
    assert outcome.psp_reference == sent.psp_reference
    for _ in range(3):
        assert payer.pay_out(asked) == outcome
    assert payer.look_up_payout(asked) == outcome
    assert effects(asked.key) == [("paid_out", 3_00, "EUR"), ("payout_returned", 3_00, "EUR")]


@pytest.mark.parametrize("act", ["fail_payout", "return_payout"])
def test_people_at_the_psp_can_make_it_end_so(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects, act: str
) -> None:
    asked = pay()
    payer.pay_out(asked)

    simulator.act(act, payout=asked.key)

    outcome = payer.pay_out(asked)
    assert isinstance(outcome, Refused | Returned)
    assert sum(_signed(kind) * minor for kind, minor, _ in effects(asked.key)) == 0


def _signed(kind: str) -> int:
    return {"paid_out": 1, "payout_returned": -1}[kind]


# ------------------------------------------------------------------------------------ what is told

SECRETS = {
    "stripe": {"webhook_secrets": ["whsec_paygate_test"]},
    "adyen": {"hmac_keys": ["50415947415445" * 4 + "50415947"], "webhook_login": ""},
}


def test_what_the_psp_tells_of_it_is_genuine_and_says_how_it_stands(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator
) -> None:
    asked = pay(to="bouncing")
    # At Stripe it is over when the transfer is reversed, which is for pay_out to do.
    expected = {InTransit, PaidOut, Unknown if psp == "stripe" else Returned}
    with listener() as ears:

        def received() -> list[Item]:
            return [
                item
                for body, headers in zip(list(ears.bodies), list(ears.headers), strict=False)
                for item in webhook(psp).receive(
                    Delivery(body, headers),
                    {**configuration(psp, ""), **SECRETS[psp]},
                    now=datetime.now(UTC),
                )
            ]

        def moved() -> list[PayoutMoved]:
            told = (webhook(psp).translate(item) for item in received())
            return [news for news in told if isinstance(news, PayoutMoved)]

        simulator.webhooks(url=ears.url)
        sent = payer.pay_out(asked)
        simulator.clock(advance=2 * 3600.0)
        simulator.clock(advance=5 * DAY)
        ears.wait(lambda: sum(asked.key.encode() in body for body in list(ears.bodies)) >= 4)
        ears.wait(lambda: {type(news.outcome) for news in moved()} >= expected)
        simulator.webhooks(url="")

    keys = [item.key for item in received()]
    assert len(set(keys)) == len(keys)
    assert {(news.payout, news.psp_reference, news.amount) for news in moved()} == {
        (asked.key, _reference(sent), asked.amount)
    }
    assert {type(news.outcome) for news in moved()} == expected


# --------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("fault", EXECUTED)
def test_what_was_done_without_our_hearing_of_it_is_in_doubt_and_then_found(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects, fault: str
) -> None:
    simulator.faults(next=[fault], **HANG)
    asked = pay()
    assert isinstance(payer.pay_out(asked), Unknown)
    assert not isinstance(payer.look_up_payout(asked), NotSent)
    assert isinstance(payer.pay_out(asked), InTransit)
    assert effects(asked.key) in ([], [("paid_out", 3_00, "EUR")])
    simulator.clock(advance=2 * DAY)
    assert isinstance(payer.look_up_payout(asked), PaidOut)
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


@pytest.mark.parametrize("fault", NOT_EXECUTED)
def test_what_was_not_done_is_never_taken_for_done(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects, fault: str
) -> None:
    simulator.faults(next=[fault], **HANG)
    asked = pay()
    outcome = payer.pay_out(asked)
    certain = psp == "adyen" and fault == "error_before"  # 503 with transient-error.
    assert isinstance(outcome, NotSent if certain else Unknown)
    assert isinstance(payer.look_up_payout(asked), NotSent)
    simulator.clock(advance=2 * DAY)
    assert effects(asked.key) == []
    assert isinstance(
        payer.pay_out(asked), InTransit
    )  # Under the same key it is done now, and once.
    simulator.clock(advance=2 * DAY)
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


def test_a_rate_limit_is_certain(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects
) -> None:
    simulator.faults(next=["rate_limit"])
    asked = pay()
    assert isinstance(payer.pay_out(asked), NotSent)
    assert effects(asked.key) == []


def test_what_is_done_late_has_left_no_trace_yet_and_does_later(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects
) -> None:
    simulator.faults(next=["late"], **HANG)
    asked = pay()
    assert isinstance(payer.pay_out(asked), Unknown)
    assert isinstance(payer.look_up_payout(asked), NotSent)  # Which is why there is a horizon.
    give_up = time.monotonic() + 10
    while isinstance(payer.look_up_payout(asked), NotSent) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert isinstance(payer.pay_out(asked), InTransit)
    simulator.clock(advance=2 * DAY)
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


@pytest.mark.parametrize(
    "fault", ["lookup_timeout_before", "lookup_error_before", "lookup_malformed"]
)
def test_a_look_up_that_fails_says_nothing_and_nothing_is_sent_blindly(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects, fault: str
) -> None:
    asked = pay()
    simulator.faults(next=[fault], **HANG)
    assert isinstance(payer.look_up_payout(asked), Unknown)

    sent = payer.pay_out(asked)
    simulator.faults(next=[fault], **HANG)

    assert isinstance(payer.look_up_payout(asked), Unknown)
    assert payer.look_up_payout(asked) == sent


def test_of_many_at_the_same_moment_one_pays(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects
) -> None:
    asked = pay()
    outcomes: list[PayoutOutcome] = []
    threads = [Thread(target=lambda: outcomes.append(payer.pay_out(asked))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {type(outcome) for outcome in outcomes} <= {InTransit, Unknown}
    assert isinstance(payer.pay_out(asked), InTransit)
    simulator.clock(advance=2 * DAY)
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


def test_one_that_is_asked_for_again_after_the_keys_are_forgotten_is_not_paid_twice(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator, effects: Effects
) -> None:
    asked = pay()
    sent = payer.pay_out(asked)
    simulator.clock(advance=40 * DAY)
    before = simulator.calls()

    assert payer.pay_out(asked) == PaidOut(_reference(sent))

    moved = {name: call["count"] for name, call in simulator.calls().items() if "POST" in name}
    assert moved == {name: call["count"] for name, call in before.items() if "POST" in name}
    assert effects(asked.key) == [("paid_out", 3_00, "EUR")]


def test_what_the_psp_had_and_shows_no_longer_is_not_paid_anew(
    payer: Payer, pay: Pay, effects: Effects
) -> None:
    """As under other credentials, or from another balance account."""
    asked = pay(known_as="REFERENCE1")

    outcome = payer.pay_out(asked)

    assert isinstance(outcome, Unknown)
    assert "does not show" in outcome.why
    assert effects(asked.key) == []


def _reference(outcome: PayoutOutcome) -> str:
    assert isinstance(outcome, InTransit | PaidOut | Refused | Returned)
    return outcome.psp_reference


def test_where_nobody_listens_nothing_is_sent_and_nothing_known(
    psp: str, payer: Payer, pay: Pay
) -> None:
    deaf = cast("Payer", adapter(psp, nobody()))
    asked = pay()
    assert isinstance(deaf.pay_out(asked), NotSent)
    assert isinstance(deaf.look_up_payout(asked), Unknown)


# ----------------------------------------------------------------------------------------- amounts


def test_what_cannot_be_put_to_the_psp_is_refused_without_asking(
    payer: Payer, pay: Pay, psp: str, simulator: Simulator
) -> None:
    requests = simulator.health()["requests"]
    nowhere = {"account": "", "bank": None}
    outcomes = [
        payer.pay_out(pay(Money(3_00, "SDG"))),
        payer.pay_out(pay(Money(3_00, "EUR"), **nowhere)),
    ]
    assert [cast("Refused", outcome).code for outcome in outcomes] == [
        "currency_not_supported",
        "no_connected_account" if psp == "stripe" else "no_bank_account",
    ]
    assert simulator.health()["requests"] == requests


@pytest.mark.parametrize(
    "minor, currency, at_stripe, at_adyen",
    [
        (1_500, "JPY", True, True),
        (1_500, "ISK", True, True),  # ×100 at both.
        (150_000, "UGX", True, True),  # ×100 at Stripe.
        (2_000_00, "HUF", True, True),
        (2_000_50, "HUF", False, True),
        (2_000_00, "TWD", True, True),
        (2_000_01, "TWD", False, True),
        (12_340, "KWD", True, True),
        (12_345, "KWD", False, True),
        (1_500, "CLP", True, True),  # ×100 at Adyen.
        (150_000_00, "IDR", True, True),  # ÷100 at Adyen.
        (150_000_50, "IDR", True, False),
    ],
)
def test_an_amount_is_paid_to_the_minor_unit_or_not_at_all(
    payer: Payer,
    pay: Pay,
    psp: str,
    simulator: Simulator,
    owed: Owed,
    effects: Effects,
    minor: int,
    currency: str,
    at_stripe: bool,
    at_adyen: bool,
) -> None:
    whole = {"HUF": 20_000_00, "IDR": 200_000_00, "KWD": 20_000}.get(currency, 2 * minor)
    owed(Money(whole, currency))
    asked = pay(Money(minor, currency))

    outcome = payer.pay_out(asked)

    simulator.clock(advance=2 * DAY)
    if {"stripe": at_stripe, "adyen": at_adyen}[psp]:
        assert isinstance(outcome, InTransit)
        assert effects(asked.key) == [("paid_out", minor, currency)]
        assert isinstance(payer.look_up_payout(asked), PaidOut)
    else:
        assert isinstance(outcome, Refused)
        assert outcome.code == "amount_not_payable"
        assert effects(asked.key) == []
        assert isinstance(payer.look_up_payout(asked), NotSent)


def test_an_answer_about_another_payout_is_not_taken_for_ours(
    payer: Payer, pay: Pay, psp: str, effects: Effects
) -> None:
    asked = pay()
    payer.pay_out(asked)
    other = pay(Money(2_00, "EUR"), key=asked.key)

    for outcome in (payer.look_up_payout(other), payer.pay_out(other)):
        assert isinstance(outcome, Unknown)
        assert "AMOUNT DIFFERS" in outcome.why


def test_the_look_up_searches_from_when_it_was_sent(payer: Payer, pay: Pay, psp: str) -> None:
    asked = pay()
    sent = payer.pay_out(asked)
    undated = PayOut(
        key=asked.key,
        merchant=asked.merchant,
        amount=asked.amount,
        account=asked.account,
        bank=asked.bank,
        created_at=(asked.created_at or datetime.now(UTC)) - timedelta(days=170),
    )
    assert payer.look_up_payout(undated) == sent
