"""Stripe's two steps: whatever happens between the transfer and the payout, it is finished or undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from kernel.money import Money
from paygate.psp.events import Irrelevant, NotGenuine, PayoutMoved, Unreadable
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.payouts import InTransit, PaidOut, Payer, Refused
from paygate.psp.stripe import webhook
from paygate.psp.stripe.payouts import DESCRIPTOR, payout_creation
from simulators.run import Simulator
from tests.psp_contract.conftest import Effects, adapter
from tests.psp_contract.paying import DAY, EXECUTED, HANG, NOT_EXECUTED, paying
from tests.psp_contract.puppet import DIES, Puppet, puppet, reply
from tests.psp_contract.test_stripe_webhooks import deliver, event

at_stripe = pytest.mark.parametrize("simulator", ["stripe"], indirect=True)
PAID_ONCE = [("paid_out", 3_00, "EUR")]
UNDONE = [*PAID_ONCE, ("payout_returned", 3_00, "EUR")]


# -------------------------------------------------------------------------------- between the steps


@at_stripe
@pytest.mark.usefixtures("something_owed")
@pytest.mark.parametrize("fault", [*EXECUTED, *NOT_EXECUTED, "rate_limit"])
def test_a_transfer_without_a_known_payout_is_in_doubt_and_goes_on(
    payer: Payer, simulator: Simulator, effects: Effects, fault: str
) -> None:
    asked = paying("stripe")
    simulator.faults(next=["none", fault], **HANG)

    assert isinstance(payer.pay_out(asked), Unknown)  # Not NotSent: the transfer is made.

    assert effects(asked.key) == PAID_ONCE
    found = payer.look_up_payout(asked)
    assert isinstance(found, InTransit if fault in EXECUTED else Unknown)
    sent = payer.pay_out(asked)
    assert isinstance(sent, InTransit)
    simulator.clock(advance=2 * DAY)
    assert payer.pay_out(asked) == PaidOut(sent.psp_reference)
    assert effects(asked.key) == PAID_ONCE


@at_stripe
@pytest.mark.usefixtures("something_owed")
def test_a_payout_that_is_refused_gives_its_transfer_back(payer: Payer, effects: Effects) -> None:
    asked = paying("stripe", account="acct_disabled_kiosk")

    outcome = payer.pay_out(asked)

    assert outcome == Refused(
        "",
        "payouts_not_allowed",
        "Cannot create payouts: this account has been disabled from making payouts.",
    )
    assert effects(asked.key) == UNDONE


@at_stripe
@pytest.mark.usefixtures("something_owed")
@pytest.mark.parametrize("fault", [*EXECUTED, *NOT_EXECUTED, "rate_limit"])
def test_it_is_refused_only_when_the_transfer_is_known_to_be_back(
    payer: Payer, simulator: Simulator, effects: Effects, fault: str
) -> None:
    asked = paying("stripe", account="acct_disabled_kiosk")
    simulator.faults(next=["none", "none", fault], **HANG)

    assert isinstance(payer.pay_out(asked), Unknown)

    back = fault in EXECUTED
    assert effects(asked.key) == (UNDONE if back else PAID_ONCE)
    assert isinstance(payer.look_up_payout(asked), Refused if back else Unknown)
    for _ in range(2):
        assert isinstance(payer.pay_out(asked), Refused)
        assert effects(asked.key) == UNDONE


@at_stripe
@pytest.mark.usefixtures("something_owed")
def test_a_payout_that_failed_later_gives_its_transfer_back_when_asked_again(
    payer: Payer, simulator: Simulator, effects: Effects
) -> None:
    asked = paying("stripe", account="acct_closed_kiosk")
    payer.pay_out(asked)
    simulator.clock(advance=2 * DAY)

    assert effects(asked.key) == PAID_ONCE  # A look-up reads, and undoes nothing.
    assert isinstance(payer.look_up_payout(asked), Unknown)
    assert effects(asked.key) == PAID_ONCE

    outcome = payer.pay_out(asked)
    assert isinstance(outcome, Refused)
    assert outcome.code == "account_closed"
    assert effects(asked.key) == UNDONE


@at_stripe
@pytest.mark.usefixtures("something_owed")
def test_money_that_is_no_longer_with_the_account_is_not_said_to_be_back(
    payer: Payer, simulator: Simulator, effects: Effects
) -> None:
    failing = paying("stripe", account="acct_closed_short")
    payer.pay_out(failing)
    simulator.clock(advance=2 * DAY)
    with_it = paying("stripe", account="acct_closed_short", key="po_mallory")
    stripe = cast("Any", payer)._calls  # The merchant pays himself, in his own dashboard.
    stripe.post("/v1/payouts", "own", stripe_account=failing.account, amount=2_00, currency="eur")

    assert isinstance(payer.pay_out(failing), Unknown)
    assert effects(failing.key) == PAID_ONCE
    assert effects(with_it.key) == []


@at_stripe
@pytest.mark.usefixtures("something_owed")
def test_an_account_that_is_nobodys_is_sent_nothing(payer: Payer, effects: Effects) -> None:
    asked = paying("stripe", account="acct_missing")

    outcome = payer.pay_out(asked)

    assert isinstance(outcome, Refused)
    assert outcome.code == "resource_missing"
    assert effects(asked.key) == []


# ------------------------------------------------------------------------ what no simulator would say


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def listed(*things: dict[str, Any]) -> bytes:
    return reply(200, json.dumps({"object": "list", "data": things, "has_more": False}))


def transfer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "tr_1",
        "object": "transfer",
        "amount": 3_00,
        "amount_reversed": 0,
        "currency": "eur",
        "destination": "acct_kiosk",
        "metadata": {"payout": "po_1"},
        **changes,
    }


def payout(**changes: Any) -> dict[str, Any]:
    return {
        "id": "po_stripe",
        "object": "payout",
        "amount": 3_00,
        "arrival_date": 1_794_355_200,
        "currency": "eur",
        "metadata": {"payout": "po_1"},
        "status": "pending",
        **changes,
    }


@pytest.mark.parametrize(
    "answers, why",
    [
        ([listed(transfer(), transfer(id="tr_2"))], "tr_2"),
        ([listed(transfer(destination="acct_other")), listed()], "acct_other"),
        ([listed(transfer(amount=3_01)), listed()], "AMOUNT DIFFERS"),
        ([listed(transfer(currency="usd")), listed()], "AMOUNT DIFFERS"),
        ([listed(transfer(amount_reversed=1_00)), listed()], "a part"),
        ([listed(transfer(amount_reversed=3_00)), listed(payout(status="paid"))], "not failed"),
        ([listed(transfer()), listed(payout(amount=3_01))], "AMOUNT DIFFERS"),
        ([listed(transfer()), listed(payout(status="napping"))], "napping"),
        ([listed(transfer()), reply(403, '{"error": {"code": "account_invalid"}}')], "did not say"),
        ([listed(transfer()), DIES], ""),
        ([listed(), reply(200, "{}")], "something else"),
    ],
)
def test_what_makes_no_sense_is_in_doubt_and_nothing_more_is_moved(
    strings: Puppet, answers: list[bytes], why: str
) -> None:
    strings.answers = list(answers)
    outcome = cast("Payer", adapter("stripe", strings.url)).pay_out(paying("stripe", key="po_1"))

    assert isinstance(outcome, Unknown)
    assert why in outcome.why
    assert len([asked for asked in strings.asked if asked.startswith(b"POST")]) <= (
        b"something" in outcome.why.encode()
    )


@pytest.mark.parametrize("answers", [[listed()], [listed(transfer()), listed(payout(metadata={}))]])
def test_a_payout_that_was_known_and_is_not_shown_is_not_paid_again(
    strings: Puppet, answers: list[bytes]
) -> None:
    """Whoever has the connected account may take our reference off."""
    strings.answers = list(answers)
    asked = paying("stripe", key="po_1", known_as="po_stripe")

    outcome = cast("Payer", adapter("stripe", strings.url)).pay_out(asked)

    assert isinstance(outcome, Unknown)
    assert "does not show" in outcome.why
    assert not [asked for asked in strings.asked if asked.startswith(b"POST")]


def test_an_account_that_has_left_us_refuses_its_payout(strings: Puppet) -> None:
    gone = '{"error": {"code": "account_invalid", "message": "no access"}}'
    back = {"id": "trr_1", "object": "transfer_reversal", "amount": 3_00}
    strings.answers = [
        *(listed(), reply(200, json.dumps(transfer())), reply(403, gone)),
        reply(200, json.dumps(back)),
    ]

    outcome = cast("Payer", adapter("stripe", strings.url)).pay_out(paying("stripe", key="po_1"))

    assert isinstance(outcome, Refused)
    assert outcome.code == "account_invalid"
    assert b"POST /v1/transfers/tr_1/reversals" in strings.asked[-1]


def test_another_payouts_transfer_in_our_group_is_not_ours(strings: Puppet) -> None:
    strings.answers = [listed(transfer(metadata={"payout": "po_2"}))]
    found = cast("Payer", adapter("stripe", strings.url)).look_up_payout(
        paying("stripe", key="po_1")
    )
    assert isinstance(found, NotSent)


def test_each_step_has_a_key_of_its_own(strings: Puppet) -> None:
    strings.answers = [
        *(listed(), reply(200, json.dumps(transfer())), reply(200, json.dumps(payout()))),
    ]
    asked = paying("stripe", key="po_1")

    assert isinstance(cast("Payer", adapter("stripe", strings.url)).pay_out(asked), InTransit)

    _, moved, paid = strings.asked
    assert b"Idempotency-Key: po_1:transfer\r\n" in moved
    assert b"Idempotency-Key: po_1:payout\r\n" in paid
    assert b"Stripe-Account" not in moved
    assert b"Stripe-Account: acct_kiosk\r\n" in paid
    assert b"transfer_group=po_1" in moved


def test_a_long_descriptor_is_cut_to_what_a_statement_has_room_for() -> None:
    asked = paying("stripe")
    object.__setattr__(asked, "statement_descriptor", "x" * 40)
    assert payout_creation(asked)["statement_descriptor"] == "x" * DESCRIPTOR


# ----------------------------------------------------------------------------------------- webhooks


def told(kind: str, object_: dict[str, Any], **changes: Any) -> Any:
    return webhook.translate(deliver(event(kind, object_, account="acct_kiosk", **changes)))


@pytest.mark.parametrize(
    "kind, status, expected",
    [
        ("payout.created", "pending", InTransit),
        ("payout.updated", "in_transit", InTransit),
        ("payout.paid", "paid", PaidOut),
        ("payout.failed", "failed", Unknown),  # Its transfer is not reversed.
        ("payout.canceled", "canceled", Unknown),
    ],
)
def test_a_payout_of_ours_is_told_on(kind: str, status: str, expected: type) -> None:
    news = told(kind, payout(status=status))
    assert isinstance(news, PayoutMoved)
    assert (news.payout, news.psp_reference) == ("po_1", "po_stripe")
    assert news.amount == Money(3_00, "EUR")
    assert isinstance(news.outcome, expected)


@pytest.mark.parametrize("metadata", [None, {}, {"payout": ""}, {"payout": "salary"}, "po_1"])
def test_a_payout_that_is_not_ours_is_not(metadata: Any) -> None:
    assert isinstance(told("payout.paid", payout(status="paid", metadata=metadata)), Irrelevant)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "napping"},
        {"id": ""},
        {"object": "charge"},
        {"amount": None},
        {"currency": "xxx"},
    ],
)
def test_a_payout_that_is_not_as_documented_is_for_a_person(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        told("payout.paid", payout(**{"status": "paid", **changes}))


@pytest.mark.parametrize("kind", ["transfer.created", "transfer.reversed"])
def test_our_own_transfers_are_no_news(kind: str) -> None:
    assert isinstance(told(kind, transfer()), Irrelevant)


LIVE = {"api_key": "sk_live_contract"}


def test_a_test_event_of_a_connected_account_at_the_live_endpoint_means_nothing() -> None:
    told_ = event("payout.paid", payout(status="paid"), account="acct_kiosk", livemode=False)
    assert isinstance(webhook.translate(deliver(told_, **LIVE)), Irrelevant)


def test_a_live_event_of_a_connected_account_is_heard_at_the_live_endpoint() -> None:
    told_ = event("payout.paid", payout(status="paid"), account="acct_kiosk", livemode=True)
    assert isinstance(webhook.translate(deliver(told_, **LIVE)), PayoutMoved)


@pytest.mark.parametrize("account, live_key", [("", True), ("acct_kiosk", False)])
def test_any_other_event_of_the_other_mode_is_not_genuine(account: str, live_key: bool) -> None:

    told_ = event("payout.paid", payout(), livemode=not live_key)
    if account:
        told_["account"] = account
    with pytest.raises(NotGenuine):
        deliver(told_, **(LIVE if live_key else {}))
