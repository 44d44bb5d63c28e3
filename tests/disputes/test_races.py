"""Everything about one dispute at the same moment, with real threads and real commits."""

import random

import pytest

from disputes.models import Act, Dispute, Report
from kernel.idempotency.models import IdempotencyKey
from paygate.payments.models import Payment, Refund
from tests.disputes.conftest import Case, book, difference, disputed, reinstated, withdrawn
from tests.disputes.lifecycles import Told, braintree, stripe
from tests.proof.holds import holds
from tests.races import at_once


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


THREADS = 8


def test_eight_who_hear_the_same_at_once_open_one_dispute(case):
    one = case()
    report = one.says("needs_response", withdrawn("txn_1"))

    at_once(THREADS, lambda _: one.hear(report))

    dispute = one.dispute
    assert Dispute.objects.count() == Report.objects.count() == 1
    assert (dispute.sequence, disputed(one.payment)) == (2, 1000)
    assert holds()


@pytest.mark.parametrize("psp, tell", [("stripe", stripe), ("braintree", braintree)])
def test_a_life_told_by_eight_at_once_ends_as_it_would_have_in_order(case, merchant, psp, tell):
    one = case(psp)
    before = book(merchant.merchant.id)
    told = Told(one)
    for number, (stage, end) in enumerate(
        [("inquiry", "won"), ("chargeback", "lost, then won"), ("pre_arbitration", "lost")], start=1
    ):
        told.stage = stage
        tell(told, end, 1000, number, 0)
    said = [*told.reports, *told.reports]
    random.Random(7).shuffle(said)

    at_once(THREADS, lambda n: [one.hear(report) for report in said[n::THREADS]])

    dispute = Dispute.objects.get()
    assert (dispute.stage, dispute.status) == ("pre_arbitration", "lost")
    assert disputed(one.payment) == dispute.outstanding == 1000
    after = book(merchant.merchant.id)
    assert difference(before, after) == {
        f"assets:psp:{psp}:receivable": 1000,
        "liabilities:merchant:available": -1000 - 1500,
        "income:fees:dispute": 1500,
    }
    assert holds()


def test_disputes_of_one_payment_heard_at_once_hold_what_all_of_them_took(case):
    one = case(amount=8000)
    cases = [Case(one.payment, f"case_{number}") for number in range(THREADS)]

    at_once(THREADS, lambda n: cases[n].heard("needs_response", withdrawn(f"txn_{n}"), hours=n))
    assert disputed(one.payment) == 8000

    at_once(THREADS, lambda n: cases[n].heard("won", reinstated(f"back_{n}"), hours=n + 20))
    assert disputed(one.payment) == 0
    assert holds()


def test_of_a_refund_and_a_dispute_at_once_the_payment_knows_both(case, api):
    one = case(amount=8000)
    report = one.says("needs_response", withdrawn("txn_1", 8000), amount=8000)

    def work(number):
        if number:
            return api.post("refunds", {"payment": one.payment["id"], "amount": 100}).status_code
        return one.hear(report)

    told = at_once(THREADS, work)

    payment = Payment.objects.get()
    assert set(told[1:]) <= {201, 202, 409}
    assert payment.amount_disputed == 8000
    assert payment.amount_refunded + payment.amount_refund_pending == 100 * Refund.objects.count()
    assert holds()


def test_of_two_who_accept_and_submit_at_once_one_is_asked_of_the_psp(case, api, puppet):
    one = case()
    dispute = one.heard("needs_response", withdrawn("txn_1"))
    path = f"disputes/{dispute.public_id}"
    api.post(f"{path}/evidence", {"explanation": "It was delivered."})

    replies = at_once(
        THREADS, lambda n: api.post(f"{path}/{'accept' if n % 2 else 'submit'}", key=f"act {n}")
    )

    assert sorted(reply.status_code for reply in replies) == [200] + [409] * (THREADS - 1)
    assert Act.objects.count() == len(puppet.asked) == 1
    assert IdempotencyKey.objects.filter(subject__in=Act.objects.values("id")).count() == 1
    assert holds()


def test_eight_requests_with_one_key_are_one_act(case, api, puppet):
    one = case()
    dispute = one.heard("needs_response", withdrawn("txn_1"))

    replies = at_once(
        THREADS, lambda _: api.post(f"disputes/{dispute.public_id}/accept", key="once")
    )

    bodies = {reply.content for reply in replies if reply.status_code == 200}
    assert len(bodies) == 1
    assert {reply.status_code for reply in replies} <= {200, 409}
    assert Act.objects.count() == len(puppet.asked) == 1
