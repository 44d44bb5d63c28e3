"""Somebody does not want to wait: the PSP is asked now, and what it says settles the attempt as it would later."""

from datetime import timedelta

import pytest

from kernel.clock import now
from kernel.ids import decode
from paygate.payments.begin import UnableToProceed
from paygate.payments.by_hand import look_up_now
from paygate.payments.look_up import look_up_soon
from paygate.payments.looks import take_due
from paygate.payments.models import Attempt, Payment
from paygate.payments.resolve import resolve
from paygate.proof.prove import prove

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


@pytest.fixture
def unknown(api, simulators):
    def build(psp, fault="timeout_after"):
        simulators[psp].faults(next=[fault], hang_seconds=1)
        payment = api.pay(psp=psp).json()["id"]
        simulators[psp].faults()
        return Attempt.objects.get(payment_id=decode("pay", payment))

    return build


def later(seconds=3):
    return now() + timedelta(seconds=seconds)


@pytest.mark.parametrize("psp", ["stripe", "adyen", "braintree"])
def test_what_was_executed_unseen_is_found_at_once(unknown, psp, books_of):
    attempt = unknown(psp)

    looked = look_up_now(attempt, at=later())

    assert looked.settled
    assert "says that the authorize of 10.00 USD was executed" in looked.said
    assert (looked.attempt.outcome, Payment.objects.get().state) == ("approved", "captured")
    assert len(books_of(psp, Payment.objects.get().public_id)) == 2
    assert prove().holds


def test_what_stays_unknown_is_said_and_counted(unknown, simulators):
    attempt = unknown("stripe")
    simulators["stripe"].faults(probabilities={"lookup_error_before": 1.0}, seed=1)

    looked = look_up_now(attempt, at=later())

    assert (looked.settled, looked.attempt.outcome) == (False, "unknown")
    assert looked.said.startswith("Still unknown: ")
    assert looked.attempt.looks == attempt.looks + 1
    assert not take_due(Attempt, "stripe", at=later(9), most=10)


def test_what_is_settled_is_not_asked_about(unknown):
    attempt = unknown("stripe")
    resolve("stripe", at=later())

    looked = look_up_now(attempt, at=later())

    assert (looked.said, looked.settled) == ("It is settled already: Approved.", False)


def test_a_call_that_is_still_out_is_waited_for(unknown):
    attempt = unknown("stripe")
    Attempt.objects.filter(merchant_id=attempt.merchant_id).update(outcome="", taken_at=now())

    with pytest.raises(UnableToProceed, match="still out"):
        look_up_now(attempt, at=now())


def test_what_nobody_sent_is_sent(unknown, books_of):
    attempt = unknown("stripe", "timeout_before")
    Attempt.objects.filter(merchant_id=attempt.merchant_id).update(outcome="", taken_at=None)

    looked = look_up_now(attempt, at=now())

    assert looked.said == "It had not been sent, and was sent now: Approved."
    assert looked.settled
    assert prove().holds


def test_many_are_asked_about_by_the_workers(unknown):
    attempt = unknown("stripe")
    Attempt.objects.filter(merchant_id=attempt.merchant_id).update(next_look_at=later(3600))

    assert look_up_soon([attempt], at=now()) == 1
    assert [due.id for due in take_due(Attempt, "stripe", at=now(), most=10)] == [attempt.id]
