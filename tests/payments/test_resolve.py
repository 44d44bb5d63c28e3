"""Nothing that we do not know is guessed: it is looked up until it is known."""

from datetime import timedelta

import pytest

from kernel.clock import now
from paygate.payments.carry_out import carry_out, settle, take, with_payments
from paygate.payments.looks import PAUSES, take_due
from paygate.payments.models import Attempt
from paygate.payments.resolve import resolve
from paygate.psp.gateway import Approved, DeclineCode, Declined, Unknown

PSPS = ["stripe", "adyen", "braintree"]


@pytest.fixture(autouse=True)
def impatient(settings):
    settings.OUTCOME_PATIENCE = 0.1


def unknown(api, simulators, psp, fault, **changes):
    """A payment whose first call went wrong in this way."""
    simulators[psp].faults(next=[fault], hang_seconds=1, late_seconds=1)
    reply = api.pay(psp=psp, **changes)
    assert reply.status_code == 202, reply.json()
    simulators[psp].faults()
    return reply.json()["id"]


def later(seconds):
    return now() + timedelta(seconds=seconds)


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_after", "malformed"])
def test_a_charge_that_happened_unseen_is_found_and_not_made_twice(
    api, simulators, books_of, psp, fault
):
    payment = unknown(api, simulators, psp, fault)

    resolve(psp, at=later(2))

    found = api.get(f"payments/{payment}").json()
    assert (found["status"], found["outcome"]) == ("captured", "confirmed")
    assert books_of(psp, payment) == [("authorized", 1000), ("captured", 1000)]


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("fault", ["timeout_before", "reset_before"])
def test_a_charge_that_never_arrived_is_sent_again_under_its_own_key(
    api, simulators, books_of, psp, fault
):
    payment = unknown(api, simulators, psp, fault)

    resolve(psp, at=later(2))

    assert api.get(f"payments/{payment}").json()["status"] == "captured"
    assert books_of(psp, payment) == [("authorized", 1000), ("captured", 1000)]
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("psp", PSPS)
def test_a_capture_that_happened_unseen_is_found(api, simulators, books_of, psp):
    payment = api.pay(psp=psp, capture_method="manual").json()["id"]
    simulators[psp].faults(next=["timeout_after"], hang_seconds=1)
    assert api.post(f"payments/{payment}/capture", {"amount": 600}).status_code == 202
    simulators[psp].faults()

    resolve(psp, at=later(2))

    assert api.get(f"payments/{payment}").json()["amount_captured"] == 600
    assert books_of(psp, payment) == [("authorized", 1000), ("captured", 600)]


@pytest.mark.parametrize("psp", PSPS)
def test_a_cancel_that_happened_unseen_is_found(api, simulators, books_of, psp):
    payment = api.pay(psp=psp, capture_method="manual").json()["id"]
    simulators[psp].faults(next=["timeout_after"], hang_seconds=1)
    assert api.post(f"payments/{payment}/cancel").status_code == 202
    simulators[psp].faults()

    resolve(psp, at=later(2))

    assert api.get(f"payments/{payment}").json()["status"] == "canceled"
    assert books_of(psp, payment) == [("authorized", 1000), ("canceled", 1000)]


@pytest.mark.parametrize("psp", ["stripe", "braintree"])
def test_only_after_the_psps_horizon_is_no_trace_taken_for_not_executed(
    api, simulators, settings, books_of, psp
):
    settings.RESEND_FOR = 0.0
    payment = unknown(api, simulators, psp, "timeout_before")

    resolve(psp, at=later(2))
    before = api.get(f"payments/{payment}").json()
    attempt = Attempt.objects.get()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paygate.payments.resolve.present", lambda: later(10))
        resolve(psp, at=later(60))

    after = api.get(f"payments/{payment}").json()
    assert (before["status"], attempt.outcome) == ("processing", "unknown")
    assert after["status"] == "failed"
    assert after["last_error"]["code"] == "psp_unavailable"
    assert books_of(psp, payment) == []


def test_while_a_psp_is_down_its_payments_wait_and_nothing_fails(api, simulators):
    payment = unknown(api, simulators, "stripe", "timeout_after")
    simulators["stripe"].faults(
        probabilities={"lookup_error_before": 1.0, "error_before": 1.0}, seed=1
    )

    for turn in range(3):
        resolve("stripe", at=later(10 * (turn + 1)))

    assert api.get(f"payments/{payment}").json()["status"] == "processing"
    simulators["stripe"].faults()
    resolve("stripe", at=later(600))
    assert api.get(f"payments/{payment}").json()["status"] == "captured"


def test_the_pauses_grow_and_the_last_one_is_for_ever(api, simulators):
    unknown(api, simulators, "stripe", "timeout_after")
    at = later(5)

    pauses = []
    for _ in range(len(PAUSES) + 2):
        [attempt] = take_due(Attempt, "stripe", at=at, most=10)
        pauses.append((attempt.next_look_at - at).total_seconds())
        at = attempt.next_look_at

    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_an_attempt_whose_message_was_lost_is_carried_out(api, merchant, books_of, monkeypatch):
    monkeypatch.setattr("paygate.payments.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("paygate.api.waiting.carry_out_here", lambda *_: None)
    payment = api.pay(psp="stripe").json()
    assert payment["status"] == "processing"

    resolve("stripe", at=later(5))

    assert api.get(f"payments/{payment['id']}").json()["status"] == "captured"
    assert books_of("stripe", payment["id"]) == [("authorized", 1000), ("captured", 1000)]


def test_an_attempt_has_one_taker(api, monkeypatch):
    monkeypatch.setattr("paygate.payments.dispatch.carry_out_task.apply_async", lambda **_: None)
    monkeypatch.setattr("paygate.api.waiting.carry_out_here", lambda *_: None)
    api.pay(psp="stripe")
    pair = [(a.merchant_id, a.id) for a in Attempt.objects.all()]

    assert len(take(pair, at=now())) == 1
    assert len(take(pair, at=now())) == 0
    assert carry_out(pair) == 0


def test_of_two_answers_to_one_attempt_the_first_settles(api, simulators):
    payment = unknown(api, simulators, "stripe", "timeout_after")
    attempt = Attempt.objects.get()
    [first], [second] = with_payments([attempt]), with_payments([Attempt.objects.get()])
    money = first[1].money(1000)

    settle(first[1], first[0], first[2], Approved("pi_1", money, captured=True))
    late = settle(second[1], second[0], second[2], Declined(DeclineCode.CARD_DECLINED))

    assert late is None
    assert api.get(f"payments/{payment}").json()["status"] == "captured"


def test_the_same_unknown_again_is_not_told_again(api, simulators):
    payment = unknown(api, simulators, "stripe", "timeout_after")
    before = api.get(f"payments/{payment}").json()["sequence"]
    simulators["stripe"].faults(probabilities={"lookup_error_before": 1.0}, seed=1)

    resolve("stripe", at=later(5))

    assert api.get(f"payments/{payment}").json()["sequence"] == before


def test_an_adapter_that_crashes_has_not_said_what_the_psp_did(api, monkeypatch):
    class Broken:
        def send(self, request):
            raise ZeroDivisionError

        def supports(self, currency):
            return True

    monkeypatch.setattr("paygate.payments.carry_out.gateway", lambda psp, livemode: Broken())

    reply = api.pay(psp="stripe")

    assert reply.status_code == 202
    assert Attempt.objects.get().outcome == Unknown.__name__.lower()
