"""Refunds of one payment at the same moment, with real threads and real commits: never more than was taken."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from kernel.clock import now
from kernel.ids import decode
from paygate.payments.models import Payment, Refund, RefundState
from paygate.payments.resolve import resolve
from paygate.proof.prove import prove
from tests.races import at_once

PSPS = ["stripe", "adyen", "braintree"]
AT_ONCE = 64


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


@pytest.fixture
def settled(api, simulators):
    """A payment of 100.00 that the PSP would refund in part: Braintree only when it is settled."""

    def build(psp):
        payment = api.pay(psp=psp, amount=100_00).json()
        if psp == "braintree":
            simulators[psp].act("settle", payment=payment["id"])
        return payment["id"]

    return build


def given_back(books_of, psp, payment):
    return sum(amount for kind, amount in books_of(psp, payment) if kind == "refunded")


def row(payment) -> Payment:
    return Payment.objects.get(id=decode("pay", payment))


@pytest.mark.parametrize("psp", PSPS)
def test_of_64_refunds_of_60_on_a_payment_of_100_one_is_made(
    api, simulators, books_of, settled, psp
):
    payment = settled(psp)

    replies = at_once(
        AT_ONCE,
        lambda n: api.post("refunds", {"payment": payment, "amount": 60_00}, key=f"refund {n}"),
    )

    told = Counter(reply.status_code for reply in replies)
    refused = [reply.json()["error"]["code"] for reply in replies if reply.status_code == 400]
    assert told[400] == AT_ONCE - 1, told
    assert set(refused) == {"amount_too_large"}
    assert Refund.objects.count() == 1
    kept = row(payment)
    assert kept.amount_refunded + kept.amount_refund_pending == 60_00
    simulators[psp].clock(advance=5)
    assert given_back(books_of, psp, payment) == 60_00
    assert prove().holds


@pytest.mark.parametrize("psp", PSPS)
def test_64_refunds_that_together_are_all_of_it_are_all_made(
    api, simulators, books_of, settled, psp
):
    payment = settled(psp)
    each = 100_00 // AT_ONCE

    replies = at_once(
        AT_ONCE,
        lambda n: api.post("refunds", {"payment": payment, "amount": each}, key=f"part {n}"),
    )

    assert {reply.status_code for reply in replies} <= {201, 202}
    assert len({reply.json()["id"] for reply in replies}) == AT_ONCE
    kept = row(payment)
    assert kept.amount_refunded + kept.amount_refund_pending == each * AT_ONCE
    for turn in range(1, 6):  # Whatever a busy machine was too late to send, or to hear of.
        resolve(psp, at=now() + timedelta(minutes=turn))
    simulators[psp].clock(advance=5)
    assert given_back(books_of, psp, payment) == each * AT_ONCE
    proof = prove()
    assert proof.holds, [finding for finding in proof.findings if finding.contradictions]


def test_64_requests_with_one_key_are_one_refund(api, settled):
    payment = settled("stripe")

    replies = at_once(
        AT_ONCE, lambda _: api.post("refunds", {"payment": payment, "amount": 10_00}, key="once")
    )

    made = [reply.json() for reply in replies if reply.status_code in {201, 202}]
    assert made
    assert len({refund["id"] for refund in made}) == 1
    assert {reply.status_code for reply in replies} <= {201, 202, 409}
    assert Refund.objects.get().amount == 10_00


def test_a_capture_and_a_refund_at_once_both_go_through(api):
    payment = api.pay(psp="stripe", amount=100_00, capture_method="manual").json()["id"]
    api.post(f"payments/{payment}/capture", {"amount": 40_00, "final": False})

    replies = at_once(
        2,
        lambda n: (
            api.post("refunds", {"payment": payment, "amount": 10_00})
            if n
            else api.post(f"payments/{payment}/capture", {"amount": 60_00})
        ),
    )

    assert [reply.status_code for reply in replies] == [200, 201]
    kept = row(payment)
    assert (kept.state, kept.amount_captured, kept.amount_refunded) == ("captured", 100_00, 10_00)


def test_it_is_the_database_that_would_refuse_one_too_many(api, settled, monkeypatch):
    """Without our own arithmetic the row's CHECK still stands."""
    from paygate.payments import refund

    payment = settled("stripe")
    api.post("refunds", {"payment": payment, "amount": 60_00})
    monkeypatch.setattr(refund, "amount_of", lambda payment, amount: amount)

    reply = api.post("refunds", {"payment": payment, "amount": 60_00})

    assert reply.status_code == 500
    assert [r.state for r in Refund.objects.all()] == [RefundState.SUCCEEDED]
    assert isinstance(Refund.objects.get().id, UUID)
