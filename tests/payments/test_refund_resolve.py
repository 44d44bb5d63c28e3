"""A refund of which nothing was heard is looked up until it is known; one that must wait is sent in its time."""

import time
from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.db import atomic
from kernel.ids import decode
from paygate.payments.hold import hold
from paygate.payments.models import Attempt, Payment
from paygate.payments.refund import refund
from paygate.payments.resolve import resolve
from paygate.proof.prove import prove

PSPS = ["stripe", "adyen", "braintree"]
UNSEEN = ["timeout_after", "error_after", "reset_after", "malformed"]
UNDONE = ["timeout_before", "reset_before"]


@pytest.fixture(autouse=True)
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


@pytest.fixture
def settled(api, simulators):
    def build(psp):
        payment = api.pay(psp=psp, amount=100_00).json()["id"]
        if psp == "braintree":
            simulators[psp].act("settle", payment=payment)
        return payment

    return build


def later(seconds):
    return now() + timedelta(seconds=seconds)


def given_back(books_of, psp, payment):
    return [amount for kind, amount in books_of(psp, payment) if kind == "refunded"]


def unknown(api, simulators, psp, payment, fault):
    simulators[psp].faults(next=[fault], hang_seconds=1)
    reply = api.post("refunds", {"payment": payment, "amount": 40_00}, key="lost")
    assert reply.status_code == 202, reply.json()
    simulators[psp].faults()
    return reply.json()["id"]


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("fault", [*UNSEEN, *UNDONE])
def test_a_refund_whose_answer_was_lost_is_made_once(
    api, simulators, books_of, settled, psp, fault
):
    payment = settled(psp)
    made = unknown(api, simulators, psp, payment, fault)

    resolve(psp, at=later(2))
    simulators[psp].clock(advance=5)

    found = api.get(f"refunds/{made}").json()
    assert found["status"] == ("pending" if psp == "adyen" else "succeeded")
    assert found["psp_reference"]
    assert given_back(books_of, psp, payment) == [40_00]
    again = api.post("refunds", {"payment": payment, "amount": 40_00}, key="lost")
    assert again.json()["id"] == made
    assert given_back(books_of, psp, payment) == [40_00]
    assert prove().holds


@pytest.mark.parametrize("psp", ["stripe", "braintree"])
def test_a_refund_of_which_the_psp_has_no_trace_is_given_up_after_its_horizon(
    api, simulators, books_of, settled, settings, psp
):
    settings.RESEND_FOR = 0.0
    payment = settled(psp)
    made = unknown(api, simulators, psp, payment, "timeout_before")
    Attempt.objects.filter(operation="refund").update(taken_at=now() - timedelta(minutes=5))

    resolve(psp, at=later(2))

    found = api.get(f"refunds/{made}").json()
    assert (found["status"], found["failure_code"]) == ("failed", "psp_unavailable")
    assert given_back(books_of, psp, payment) == []
    assert api.get(f"payments/{payment}").json()["amount_refund_pending"] == 0
    assert prove().holds


def test_a_part_of_what_braintree_has_not_settled_waits_and_is_sent_in_its_time(
    api, simulators, books_of
):
    payment = api.pay(psp="braintree", amount=100_00).json()["id"]
    refund = api.post("refunds", {"payment": payment, "amount": 40_00}).json()
    assert (refund["status"], refund["psp_reference"]) == ("pending", None)

    resolve("braintree", at=later(2))
    assert given_back(books_of, "braintree", payment) == []
    Attempt.objects.filter(operation="refund").update(taken_at=now() - timedelta(days=2))
    simulators["braintree"].act("settle", payment=payment)
    resolve("braintree", at=later(60))

    assert api.get(f"refunds/{refund['id']}").json()["status"] == "succeeded"
    assert given_back(books_of, "braintree", payment) == [40_00]
    assert prove().holds


@pytest.fixture
def waiting(api, simulators):
    """A refund of 40.00 that has waited for two days, and its payment; or it was settled since."""

    def build(*, settled):
        payment = api.pay(psp="braintree", amount=100_00).json()["id"]
        made = api.post("refunds", {"payment": payment, "amount": 40_00}).json()["id"]
        Attempt.objects.filter(operation="refund").update(taken_at=now() - timedelta(days=2))
        if settled:
            simulators["braintree"].act("settle", payment=payment)
        return payment, made

    return build


def test_one_that_waited_and_is_sent_at_last_may_still_be_on_its_way(
    api, simulators, books_of, waiting
):
    """Given up by the age of its first call, it would be made all the same: and again, by whoever saw it fail."""
    payment, made = waiting(settled=True)
    simulators["braintree"].faults(next=["late"], late_seconds=1.0)
    resolve("braintree", at=later(60))

    resolve("braintree", at=later(120))
    assert api.get(f"refunds/{made}").json()["status"] == "pending"
    time.sleep(1.2)
    resolve("braintree", at=later(1200))

    assert api.get(f"refunds/{made}").json()["status"] == "succeeded"
    assert given_back(books_of, "braintree", payment) == [40_00]
    assert prove().holds


def test_a_question_that_fails_leaves_a_refund_waiting(api, simulators, books_of, waiting):
    payment, made = waiting(settled=False)
    simulators["braintree"].faults(next=["lookup_timeout_before"], hang_seconds=1)
    resolve("braintree", at=later(60))
    simulators["braintree"].act("settle", payment=payment)

    resolve("braintree", at=later(3600))

    assert api.get(f"refunds/{made}").json()["status"] == "succeeded"
    assert given_back(books_of, "braintree", payment) == [40_00]


def test_a_call_that_was_certainly_not_executed_leaves_it_waiting_too(
    api, simulators, books_of, waiting
):
    payment, made = waiting(settled=True)
    simulators["braintree"].faults(next=["rate_limit"])
    resolve("braintree", at=later(60))
    Attempt.objects.filter(operation="refund").update(taken_at=now() - timedelta(days=1))

    resolve("braintree", at=later(3600))

    assert api.get(f"refunds/{made}").json()["status"] == "succeeded"
    assert given_back(books_of, "braintree", payment) == [40_00]


def test_several_that_wait_for_what_is_voided_are_all_let_go(api, simulators):
    payment = api.pay(psp="braintree", amount=100_00).json()["id"]
    made = [
        api.post("refunds", {"payment": payment, "amount": minor}).json()["id"]
        for minor in (40_00, 60_00)
    ]
    simulators["braintree"].act("cancel", payment=payment)

    resolve("braintree", at=later(60))

    assert [api.get(f"refunds/{each}").json()["status"] for each in made] == ["failed"] * 2
    assert api.get(f"payments/{payment}").json()["amount_refund_pending"] == 0
    assert prove().holds


def test_several_that_stripe_refuses_are_all_let_go(api, simulators):
    payment = api.pay(psp="stripe", amount=100_00).json()["id"]
    simulators["stripe"].act("refund", payment=payment)  # Which we have not heard of.

    replies = [api.post("refunds", {"payment": payment, "amount": 40_00}) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [402, 402]
    assert api.get(f"payments/{payment}").json()["amount_refund_pending"] == 0


@pytest.mark.parametrize("waits", [True, False])
def test_what_was_never_sent_is_not_sent_once_a_dispute_holds_the_payment(
    api, merchant, simulators, books_of, settled, waiting, waits
):
    """Braintree would give it back beside the dispute, and the payer have the money twice."""
    if waits:
        payment, made = waiting(settled=True)
    else:
        payment = settled("braintree")
        made = refund(
            merchant.merchant.id,
            decode("pay", payment),
            livemode=False,
            amount=40_00,
            bind=None,
            now=now(),
        ).attempt.refund.public_id
    _disputed(payment, 100_00)

    resolve("braintree", at=later(60))

    found = api.get(f"refunds/{made}").json()
    assert (found["status"], found["failure_code"]) == ("failed", "disputed")
    assert given_back(books_of, "braintree", payment) == []


def _disputed(payment, minor):
    row = Payment.objects.get(id=decode("pay", payment))
    with atomic():
        hold(row, disputed=minor, transactions=[], at=now())


def test_what_adyen_has_accepted_is_not_sent_again_and_again(api, simulators):
    payment = api.pay(psp="adyen", amount=100_00).json()["id"]
    api.post("refunds", {"payment": payment, "amount": 40_00})
    before = simulators["adyen"].calls()["POST /v72/payments/{id}/refunds"]["count"]

    for seconds in (2, 10, 60):
        resolve("adyen", at=later(seconds))

    assert simulators["adyen"].calls()["POST /v72/payments/{id}/refunds"]["count"] == before


def test_a_refund_that_nobody_carried_out_is_carried_out_however_late(
    api, merchant, books_of, settled
):
    """A charge would not be: nobody is charged late. Money back is wanted whenever it can be."""
    payment = settled("stripe")
    refund(
        merchant.merchant.id,
        decode("pay", payment),
        livemode=False,
        amount=40_00,
        bind=None,
        now=now() - timedelta(days=1),
    )

    resolve("stripe", at=later(2))

    assert given_back(books_of, "stripe", payment) == [40_00]
    assert prove().holds
