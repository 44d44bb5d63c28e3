"""The simulated Stripe pays connected accounts: transfers, payouts, what fails and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import stripe

from simulators import run
from tests.simulators.listener import Listener, listener
from tests.simulators.sdk import StripeMerchant

SECRET = "whsec_paygate_test"
HOUR, DAY = 3600, 86400


@pytest.fixture
def at_stripe(tmp_path: Path) -> Iterator[StripeMerchant]:
    """With books of the test's own, which owe 10 dollars."""
    with run.start("stripe", folder=tmp_path) as simulator:
        merchant = StripeMerchant(simulator)
        merchant.create(capture_method="automatic", metadata={"payment": "pay_1"})
        yield merchant
        merchant.close()


@pytest.fixture
def heard(at_stripe: StripeMerchant) -> Iterator[Listener]:
    with listener() as ears:
        at_stripe.simulator.webhooks(url=ears.url)
        yield ears


def transfer(at: StripeMerchant, *, to: str = "acct_1", key: str = "", **changes: Any) -> Any:
    params: Any = {
        "amount": 4_00,
        "currency": "usd",
        "destination": to,
        "transfer_group": "po_1",
        "metadata": {"payout": "po_1"},
        **changes,
    }
    return at.sdk.v1.transfers.create(params, {"idempotency_key": key} if key else {})


def pay(at: StripeMerchant, *, account: str = "acct_1", **changes: Any) -> Any:
    params: Any = {"amount": 4_00, "currency": "usd", "metadata": {"payout": "po_1"}, **changes}
    return at.sdk.v1.payouts.create(params, {"stripe_account": account})


def read(at: StripeMerchant, payout: Any, account: str = "acct_1") -> Any:
    return at.sdk.v1.payouts.retrieve(payout.id, options={"stripe_account": account})


def code(refused: pytest.ExceptionInfo[stripe.InvalidRequestError]) -> str | None:
    return refused.value.code


def test_a_transfer_is_booked_when_it_is_made_and_a_payout_is_not(
    at_stripe: StripeMerchant,
) -> None:
    made = transfer(at_stripe)
    payout = pay(at_stripe)

    assert (made.object, made.amount, made.amount_reversed, made.reversed) == (
        *("transfer", 4_00, 0, False),
    )
    assert (payout.status, payout.automatic) == ("pending", False)
    statuses = []
    for seconds in (HOUR, DAY, 30 * DAY):
        at_stripe.simulator.clock(advance=seconds)
        statuses.append(read(at_stripe, payout).status)
    assert statuses == ["in_transit", "paid", "paid"]
    assert at_stripe.booked("po_1") == [("paid_out", 4_00)]
    entries = at_stripe.simulator.books()["entries"]
    [entry] = [entry for entry in entries if entry["kind"] == "paid_out"]
    assert (entry["attempt"], entry["reference"]) == ("po_1", made.id)


def test_no_more_is_transferred_than_is_owed(at_stripe: StripeMerchant) -> None:
    transfer(at_stripe, amount=7_00)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        transfer(at_stripe, amount=3_01)
    assert code(refused) == "balance_insufficient"
    transfer(at_stripe, amount=3_00)
    assert at_stripe.booked("po_1") == [("paid_out", 7_00), ("paid_out", 3_00)]


def test_a_connected_account_pays_out_what_it_has(at_stripe: StripeMerchant) -> None:
    transfer(at_stripe)
    for account, amount in (("acct_1", 4_01), ("acct_2", 4_00)):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            pay(at_stripe, account=account, amount=amount)
        assert code(refused) == "balance_insufficient"
    pay(at_stripe)
    with pytest.raises(stripe.InvalidRequestError):
        pay(at_stripe)


def test_a_reversal_takes_back_what_is_there_and_no_more(at_stripe: StripeMerchant) -> None:
    made = transfer(at_stripe)
    reversals = at_stripe.sdk.v1.transfers.reversals
    reversals.create(made.id, {"amount": 1_00})
    assert at_stripe.sdk.v1.transfers.retrieve(made.id).amount_reversed == 1_00
    for too_much in (3_01, 4_00):
        with pytest.raises(stripe.InvalidRequestError):
            reversals.create(made.id, {"amount": too_much})
    pay(at_stripe, amount=2_00)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        reversals.create(made.id)
    assert code(refused) == "balance_insufficient"
    assert at_stripe.booked("po_1") == [("paid_out", 4_00), ("payout_returned", 1_00)]


def test_the_same_key_is_the_same_transfer(at_stripe: StripeMerchant) -> None:
    assert (
        transfer(at_stripe, key="po_1:transfer").id == transfer(at_stripe, key="po_1:transfer").id
    )
    with pytest.raises(stripe.IdempotencyError):
        transfer(at_stripe, key="po_1:transfer", amount=3_00)
    assert at_stripe.booked("po_1") == [("paid_out", 4_00)]


def test_lists_are_of_a_group_and_of_an_account(at_stripe: StripeMerchant) -> None:
    first, second = transfer(at_stripe), transfer(at_stripe, to="acct_2", transfer_group="po_2")
    listed = at_stripe.sdk.v1.transfers.list
    assert [made.id for made in listed({"transfer_group": "po_1"}).data] == [first.id]
    assert [made.id for made in listed({"destination": "acct_2"}).data] == [second.id]
    assert [made.id for made in listed().data] == [second.id, first.id]
    payout = pay(at_stripe)
    of = at_stripe.sdk.v1.payouts.list
    assert [made.id for made in of({"status": "pending"}, {"stripe_account": "acct_1"}).data] == [
        payout.id
    ]
    assert of({}, {"stripe_account": "acct_2"}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        read(at_stripe, payout, "acct_2")


@pytest.mark.parametrize(
    "account, statuses",
    [
        ("acct_closed_1", ["failed", "failed"]),
        ("acct_bouncing_1", ["paid", "failed"]),
        ("acct_1", ["paid", "paid"]),
    ],
)
def test_an_accounts_name_says_what_its_bank_does(
    at_stripe: StripeMerchant, account: str, statuses: list[str]
) -> None:
    made = transfer(at_stripe, to=account)
    payout = pay(at_stripe, account=account)
    seen = []
    for _ in range(2):
        at_stripe.simulator.clock(advance=2 * DAY)
        seen.append(read(at_stripe, payout, account).status)
    assert seen == statuses
    if statuses[-1] == "failed":  # The account has it again, and can give it back.
        at_stripe.sdk.v1.transfers.reversals.create(made.id)


@pytest.mark.parametrize(
    "account, refused_with", [("acct_missing", "resource_missing"), ("ba_1", "resource_missing")]
)
def test_nobodys_account_is_sent_nothing(
    at_stripe: StripeMerchant, account: str, refused_with: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        transfer(at_stripe, to=account)
    assert code(refused) == refused_with
    assert at_stripe.booked("po_1") == []


def test_an_account_that_may_not_pay_out_takes_transfers(at_stripe: StripeMerchant) -> None:
    transfer(at_stripe, to="acct_disabled_1")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(at_stripe, account="acct_disabled_1")
    assert code(refused) == "payouts_not_allowed"


@pytest.mark.parametrize(
    "changes, param",
    [
        ({"currency": "huf", "amount": 200_050}, "amount"),
        ({"currency": "twd", "amount": 10_001}, "amount"),
        ({"currency": "kwd", "amount": 12_345}, "amount"),
        ({"currency": "isk", "amount": 1_550}, "amount"),
        ({"statement_descriptor": "x" * 23}, "statement_descriptor"),
    ],
)
def test_what_stripe_does_not_pay_out_it_refuses_before_it_begins(
    at_stripe: StripeMerchant, changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(at_stripe, **changes)
    assert refused.value.param == param


def test_each_change_is_told_and_of_whose_account(
    at_stripe: StripeMerchant, heard: Listener
) -> None:
    made = transfer(at_stripe)
    payout = pay(at_stripe)
    at_stripe.simulator.clock(advance=2 * HOUR)
    at_stripe.simulator.clock(advance=2 * DAY)
    at_stripe.simulator.act("return_payout", payout="po_1")
    at_stripe.sdk.v1.transfers.reversals.create(made.id)

    events = {}

    def all_came() -> bool:
        for body, headers in zip(list(heard.bodies), list(heard.headers), strict=False):
            stripe.WebhookSignature.verify_header(body, headers["stripe-signature"], SECRET)
            event = json.loads(body)
            if not event["data"]["object"].get("automatic"):  # Days pass: we are paid as well.
                events[event["type"]] = event
        return len(events) >= 6

    heard.wait(all_came)
    assert sorted(events) == [
        *("payout.created", "payout.failed", "payout.paid", "payout.updated"),
        *("transfer.created", "transfer.reversed"),
    ]
    for kind, event in events.items():
        is_payout = kind.startswith("payout")
        assert event.get("account") == ("acct_1" if is_payout else None)
        assert event["data"]["object"]["id"] == (payout.id if is_payout else made.id)
        assert event["livemode"] is False
    assert events["payout.failed"]["data"]["previous_attributes"] == {"status": "paid"}


def test_people_can_make_a_payout_fail_once_and_before_it_is_paid(
    at_stripe: StripeMerchant,
) -> None:
    transfer(at_stripe)
    payout = pay(at_stripe)
    for _ in range(2):
        assert at_stripe.simulator.act("fail_payout", payout="po_1")["id"] == payout.id
    assert read(at_stripe, payout).failure_code == "could_not_process"
    again = pay(at_stripe)  # The account had it once, not twice.
    with pytest.raises(stripe.InvalidRequestError):
        pay(at_stripe)
    at_stripe.simulator.clock(advance=2 * DAY)
    assert read(at_stripe, payout).status == "failed"
    assert read(at_stripe, again).status == "paid"
    for unknown_or_paid in ("po_9", "po_1"):
        with pytest.raises(HTTPError):
            at_stripe.simulator.act("fail_payout", payout=unknown_or_paid)
