"""Stripe is asked what it kept of our charges; its simulator's own books agree with ours to the cent."""

from __future__ import annotations

import pytest

from kernel.clock import now
from ledger import chart
from ledger.balances import balance
from paygate.costs.poll import poll
from paygate.proof.prove import prove
from paygate.psp.events import Unreadable
from paygate.psp.stripe.costs import charged
from stack.witness import OWES

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe(simulators):
    simulator = simulators["stripe"]
    simulator.act("price", basis_points=140, fixed=25)
    yield simulator
    simulator.act("price", basis_points=0, fixed=0)


@pytest.fixture
def owed(merchant, stripe):
    """What Stripe owes us for our payments, by our books and by its own, in minor units."""

    def read(payments, currency="USD"):
        ours = -balance(
            merchant.merchant.id,
            livemode=False,
            account=chart.psp_receivable("stripe"),
            currency=currency,
        ).minor
        entries = stripe.books()["entries"]
        theirs = sum(
            OWES.get(entry["kind"], 0) * entry["amount"]
            for entry in entries
            if entry["payment"] in payments
        )
        return ours, theirs

    return read


def test_what_stripe_kept_is_learned_once_and_both_books_agree(
    api, relay, price, cost_of, stripe, owed
):
    price(140, 25)
    payments = [api.pay(psp="stripe", amount=amount).json() for amount in (100_00, 7_77)]
    relay()

    assert poll("stripe", at=now()) == 2
    assert poll("stripe", at=now()) == 0

    assert [cost_of(payment).actual for payment in payments] == [1_65, 36]
    assert [cost_of(payment).deviation for payment in payments] == [0, 0]
    stripe.act("cut")  # Its books have what it kept when it pays.
    ours, theirs = owed([payment["id"] for payment in payments])
    assert ours == theirs == 107_77 - 2_01
    assert prove().holds


def test_captures_in_parts_are_one_charge_of_stripes(api, relay, cost_of, stripe):
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()
    for part in (40_00, 60_00):
        api.post(f"payments/{payment['id']}/capture", {"amount": part, "final": part == 60_00})
    relay()
    poll("stripe", at=now())

    assert (cost_of(payment).captures, cost_of(payment).actual) == (2, 1_65)


def test_yen_and_dinars_are_counted_as_they_are(api, relay, cost_of, stripe):
    yen = api.pay(psp="stripe", amount=10_000, currency="JPY").json()
    dinars = api.pay(psp="stripe", amount=10_000, currency="KWD").json()
    relay()
    poll("stripe", at=now())

    assert (cost_of(yen).actual, cost_of(dinars).actual) == (165, 165)


def test_what_was_not_told_of_yet_is_learned_the_next_time(api, relay, cost_of, stripe):
    payment = api.pay(psp="stripe", amount=100_00).json()

    assert poll("stripe", at=now()) == 0
    relay()
    assert poll("stripe", at=now()) == 1
    assert cost_of(payment).actual == 1_65


def test_a_question_without_an_answer_is_asked_again(api, relay, cost_of, stripe):
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()
    stripe.faults(probabilities={"lookup_error_before": 1.0})
    assert poll("stripe", at=now()) == 0
    stripe.faults()

    assert poll("stripe", at=now()) == 1
    assert cost_of(payment).actual == 1_65


@pytest.mark.parametrize(
    "transaction",
    [
        {},
        {"id": "txn_1", "type": "adjustment", "source": {"payment_intent": "pi_1"}},
        {"id": "txn_1", "type": "charge", "source": "ch_1"},
        {"id": "txn_1", "type": "charge", "source": {"payment_intent": None}, "fee": 1},
        {
            "id": "txn_1",
            "type": "charge",
            "source": {"payment_intent": "pi_1"},
            "fee": "1",
            "currency": "usd",
        },
    ],
)
def test_what_is_no_charge_of_ours_is_not_read(transaction):
    with pytest.raises(Unreadable):
        charged(transaction)
