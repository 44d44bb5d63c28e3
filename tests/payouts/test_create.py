"""Asking for a payout through the API, and calling it off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import encode
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from ledger import chart
from payouts.destinations import Account, approve, propose
from payouts.models import Payout, State
from payouts.move import move_one
from tests.payouts.conftest import IBAN, available, earn, on, settle_in

pytestmark = pytest.mark.django_db
PAYOUT = {"currency": "EUR", "amount": 60_00}


def test_a_payout_sets_its_amount_aside_at_once(payee, api):
    reply = api.post("payouts", PAYOUT)

    assert reply.status_code == 201
    shown = reply.json()
    assert (shown["status"], shown["amount"], shown["currency"]) == ("draft", 60_00, "EUR")
    assert (shown["method"], shown["rail"], shown["sequence"]) == ("api", "bank", 1)
    assert reply["Location"] == f"/v1/payouts/{shown['id']}"
    assert available(payee.merchant.id) == 40_00
    assert on(payee.merchant.id, chart.payouts_requested()) == 60_00
    assert api.get(f"payouts/{shown['id']}").json() == shown
    assert api.get("payouts").json()["data"] == [shown]


def test_without_an_amount_all_that_is_available_is_paid(payee, api):
    assert api.post("payouts", {"currency": "EUR"}).json()["amount"] == 100_00
    again = api.post("payouts", {"currency": "EUR"})

    assert (again.status_code, again.json()["error"]["code"]) == (409, "balance_insufficient")


def test_more_than_is_available_is_refused_and_leaves_nothing(payee, api):
    reply = api.post("payouts", {"currency": "EUR", "amount": 100_01}, key="much")

    assert reply.status_code == 409
    assert reply.json()["error"]["code"] == "balance_insufficient"
    assert reply.json()["error"]["param"] == "amount"
    assert not Payout.objects.exists()
    assert available(payee.merchant.id) == 100_00
    # The key is free: the merchant may ask for less under it.
    assert api.post("payouts", PAYOUT, key="much").status_code == 201


def test_pending_money_is_not_paid_out(merchant, api):
    settle_in(
        merchant.merchant.id, currency="USD", routing_number="021000021", account_number="123456789"
    )
    api.pay(psp="stripe")

    reply = api.post("payouts", {"currency": "USD"})

    assert reply.json()["error"]["code"] == "balance_insufficient"


def test_the_same_key_is_the_same_payout(payee, api):
    first = api.post("payouts", PAYOUT, key="k")
    again = api.post("payouts", PAYOUT, key="k")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert Payout.objects.count() == 1
    other = api.post("payouts", PAYOUT | {"amount": 1}, key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


def test_a_payout_needs_a_key(payee, api):
    reply = api.post("payouts", PAYOUT, key=None)

    assert reply.json()["error"]["code"] == "idempotency_key_required"


def test_there_must_be_somewhere_to_pay_to(merchant, api):
    earn(merchant.merchant.id, Money(100_00, "EUR"))

    reply = api.post("payouts", PAYOUT)

    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "no_payout_destination")


def test_a_destination_that_is_cooling_off_is_not_paid_to(payee, api):
    proposed = propose(
        payee.merchant.id,
        Account(currency="EUR", holder="Kiosk GmbH", iban="FR1420041010050500013M02606"),
        livemode=False,
        by="ada",
        at=now(),
    )
    named = PAYOUT | {"destination": proposed.public_id}
    assert api.post("payouts", named).json()["error"]["code"] == "destination_not_usable"

    approve(proposed, by="grace", because="Checked.", at=now())
    assert api.post("payouts", named).json()["error"]["code"] == "destination_cooling_off"

    # The old one stays the usual one meanwhile.
    usual = api.post("payouts", PAYOUT).json()
    assert usual["destination"] != proposed.public_id


def test_a_destination_of_another_currency_or_merchant_is_refused(payee, api, another_merchant):
    dollars = settle_in(
        payee.merchant.id, currency="USD", routing_number="021000021", account_number="123456789"
    )
    reply = api.post("payouts", PAYOUT | {"destination": dollars.public_id})
    assert reply.json()["error"]["code"] == "currency_mismatch"

    theirs = settle_in(another_merchant.merchant.id)
    for foreign in (theirs.public_id, encode("pd", theirs.merchant_id), "nonsense"):
        reply = api.post("payouts", PAYOUT | {"destination": foreign})
        assert reply.status_code == 400
        assert reply.json()["error"]["code"] == "resource_missing"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "100", True, 10**12 + 1])
def test_what_is_no_amount_is_refused(payee, api, amount):
    assert api.post("payouts", PAYOUT | {"amount": amount}).status_code == 400
    assert available(payee.merchant.id) == 100_00


def test_a_payout_is_called_off_until_it_is_sent(payee, api):
    payout = api.post("payouts", PAYOUT).json()["id"]

    reply = api.post(f"payouts/{payout}/cancel", key="c")
    assert (reply.status_code, reply.json()["status"]) == (200, "canceled")
    assert available(payee.merchant.id) == 100_00
    assert on(payee.merchant.id, chart.payouts_requested()) == 0

    again = api.post(f"payouts/{payout}/cancel", key="c")
    assert again.content == reply.content
    assert again["Idempotent-Replayed"] == "true"
    other_key = api.post(f"payouts/{payout}/cancel", key="d")
    assert (other_key.status_code, other_key.json()["error"]["code"]) == (409, "invalid_state")
    assert available(payee.merchant.id) == 100_00


def test_every_change_has_its_event_with_what_the_api_shows(payee, api):
    payout = api.post("payouts", PAYOUT).json()
    shown = api.post(f"payouts/{payout['id']}/cancel").json()

    events = list(OutboxEvent.objects.filter(subject=payout["id"]).order_by("sequence"))
    assert [(e.topic, e.sequence) for e in events] == [
        ("payout.created", 1),
        ("payout.canceled", 2),
    ]
    assert [e.body for e in events] == [payout, shown]


def test_money_that_came_back_after_a_return_can_be_paid_again(payee, api):
    from tests.payouts.in_batches import in_transit

    sent = in_transit(api.post("payouts", PAYOUT).json()["id"])
    paid = move_one(sent, State.PAID, at=now())
    payout = move_one(paid, State.RETURNED, at=now(), code="AC04", message="Account closed.")

    assert (payout.failure_code, payout.failure_message) == ("AC04", "Account closed.")
    assert available(payee.merchant.id) == 100_00
    assert api.post("payouts", {"currency": "EUR"}).json()["amount"] == 100_00


def test_a_merchant_proposes_a_destination_and_sees_only_its_end(merchant, api):
    reply = api.post(
        "payout_destinations", {"currency": "EUR", "holder": "Kiosk GmbH", "iban": IBAN}, key=None
    )

    shown = reply.json()
    assert (reply.status_code, shown["status"], shown["last4"]) == (201, "proposed", "3000")
    assert shown["country"] == "DE"
    assert shown["bic"]
    assert IBAN not in reply.content.decode()
    assert api.get(f"payout_destinations/{shown['id']}").json() == shown
    assert api.get("payout_destinations").json()["data"] == [shown]
    assert IBAN not in str(OutboxEvent.objects.filter(subject=shown["id"]).get().body)


@pytest.mark.parametrize(
    ("account", "param"),
    [
        ({"iban": "DE89370400440532013001"}, "iban"),
        ({"iban": IBAN, "bic": "NOTABIC"}, "bic"),
        ({"iban": IBAN, "country": "FR"}, "country"),
        ({}, "iban"),
        ({"iban": IBAN, "stripe_account": "acct_1Nv0FGQ9RKHgCVdK"}, "iban"),
        ({"stripe_account": "nobody"}, "stripe_account"),
        ({"iban": IBAN, "rail": "stripe"}, "rail"),
        ({"iban": IBAN, "routing_number": "021000021"}, "routing_number"),
        ({"iban": IBAN, "holder": f"Kiosk {IBAN}"}, "holder"),
        ({"iban": IBAN, "holder": "GB29 NWBK 6016 1331 9268 19"}, "holder"),
        ({"routing_number": "021000022", "account_number": "123456789"}, "routing_number"),
        ({"routing_number": "021000021", "account_number": "12a"}, "account_number"),
        ({"routing_number": "021000021", "account_number": "123456789"}, "currency"),
    ],
)
def test_an_account_that_is_none_is_refused_by_name(merchant, api, account, param):
    body = {"currency": "EUR", "holder": "Kiosk GmbH", **account}

    reply = api.post("payout_destinations", body, key=None)

    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


def test_the_cooling_off_time_is_the_settings(merchant, settings):
    settings.PAYOUT_DESTINATION_COOLING_HOURS = 48
    at = now()
    made = propose(
        merchant.merchant.id,
        Account(currency="EUR", holder="Kiosk", iban=IBAN),
        livemode=False,
        by="ada",
        at=at,
    )

    assert approve(made, by="grace", because="Seen.", at=at).usable_from == at + timedelta(hours=48)
