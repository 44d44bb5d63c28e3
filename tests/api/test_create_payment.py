"""POST /v1/payments, end to end in one process: the API, the saga, the official SDKs, the simulators, the books."""

import pytest

from kernel.ids import decode
from ledger.models import LedgerEntry
from paygate.payments.models import Attempt, Payment

PSPS = ["stripe", "adyen", "braintree"]


@pytest.mark.parametrize("psp", PSPS)
def test_an_automatic_payment_is_captured_once_at_the_psp_and_booked_once(api, books_of, psp):
    reply = api.pay(psp=psp, amount=1234)

    payment = reply.json()
    assert reply.status_code == 201
    assert reply["Location"] == f"/v1/payments/{payment['id']}"
    assert payment["status"] == "captured"
    assert payment["outcome"] == "confirmed"
    assert payment["psp"] == psp
    assert payment["psp_reference"]
    assert (payment["amount_captured"], payment["amount_capturable"]) == (1234, 0)
    assert payment["net"] == 1234 - payment["fee"] > 0
    assert books_of(psp, payment["id"]) == [("authorized", 1234), ("captured", 1234)]
    booked = LedgerEntry.objects.filter(merchant_id=Payment.objects.get().merchant_id)
    assert sorted((entry.type, entry.amount) for entry in booked) == [
        ("CREDIT", payment["fee"]),
        ("CREDIT", payment["net"]),
        ("DEBIT", 1234),
    ]


@pytest.mark.parametrize("psp", PSPS)
def test_a_manual_payment_is_held_and_nothing_is_booked(api, books_of, psp):
    payment = api.pay(psp=psp, capture_method="manual").json()

    assert payment["status"] == "authorized"
    assert payment["amount_capturable"] == 1000
    assert payment["available_actions"] == ["capture", "cancel"]
    assert payment["expires_at"]
    assert books_of(psp, payment["id"]) == [("authorized", 1000)]
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("psp", PSPS)
def test_a_declined_card_is_402_with_the_reason_and_charges_nothing(api, books_of, psp):
    reply = api.pay(psp=psp, payment_method="pm_card_declined")

    error = reply.json()["error"]
    assert reply.status_code == 402
    assert (error["type"], error["code"]) == ("card_error", "card_declined")
    assert error["decline_code"]
    assert error["psp_code"]
    assert error["payment"]["status"] == "failed"
    assert error["payment"]["last_error"]["decline_code"] == error["decline_code"]
    assert [kind for kind, _ in books_of(psp, error["payment"]["id"])] in ([], ["declined"])
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    "method, code",
    [
        ("pm_card_insufficient_funds", "insufficient_funds"),
        ("pm_card_expired", "expired_card"),
    ],
)
@pytest.mark.parametrize("psp", PSPS)
def test_a_decline_says_why_in_our_words(api, psp, method, code):
    error = api.pay(psp=psp, payment_method=method).json()["error"]

    assert error["decline_code"] == code


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("currency, amount", [("JPY", 1000), ("KWD", 12340)])
def test_currencies_without_and_with_three_decimals_reach_the_psp_in_full(
    api, books_of, psp, currency, amount
):
    payment = api.pay(psp=psp, currency=currency, amount=amount).json()

    assert payment["status"] == "captured"
    assert books_of(psp, payment["id"]) == [("authorized", amount), ("captured", amount)]


def test_the_attempt_keeps_the_reason_for_its_psp(api):
    attempt = api.pay().json()["attempts"][0]

    assert attempt["route"]["because"] == "weight"
    assert set(attempt["route"]["weights"]) == set(PSPS)


def test_a_payment_can_be_read_back_as_it_was_told(api):
    told = api.pay(metadata={"order": "1001"}, description="Order 1001").json()

    assert api.get(f"payments/{told['id']}").json() == told


def test_what_the_psp_certainly_did_not_execute_is_502_and_charges_nothing(
    api, simulators, books_of
):
    simulators["stripe"].faults(next=["rate_limit"])

    reply = api.pay(psp="stripe")

    error = reply.json()["error"]
    assert reply.status_code == 502
    assert error["retryable"]
    assert error["payment"]["status"] == "failed"
    assert books_of("stripe", error["payment"]["id"]) == []


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize(
    "fault", ["timeout_after", "error_after", "reset_after", "malformed", "timeout_before"]
)
def test_a_psp_that_does_not_say_is_202_processing_and_never_a_failure(
    api, simulators, settings, psp, fault
):
    settings.OUTCOME_PATIENCE = 0.1
    simulators[psp].faults(next=[fault], hang_seconds=1)

    reply = api.pay(psp=psp)

    assert reply.status_code == 202
    assert reply.json()["status"] == "processing"
    assert reply.json()["outcome"] == "unknown"
    assert Attempt.objects.get().outcome == "unknown"


def test_a_client_that_does_not_want_to_wait_is_answered_at_once(api, merchant):
    reply = api.post(
        "payments",
        {"user_id": "u", "amount": 500, "currency": "EUR", "payment_method": "pm_card_visa"},
        Prefer="respond-async",
    )

    assert reply.status_code in {201, 202}
    assert Payment.objects.get(id=decode("pay", reply.json()["id"])).amount == 500


def test_every_change_of_a_payment_is_an_event_in_order(api):
    from kernel.outbox.models import OutboxEvent

    payment = api.pay(capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture")

    events = OutboxEvent.objects.filter(subject=payment["id"]).order_by("position")
    assert [(event.topic, event.sequence) for event in events] == [
        ("payment.created", 1),
        ("payment.authorized", 2),
        ("payment.processing", 3),
        ("payment.captured", 4),
    ]
    assert events.last().body["amount_captured"] == 1000
