"""The idempotency contract of api.md, row by row."""

import pytest

from kernel import shortcuts
from kernel.idempotency.models import IdempotencyKey
from paygate.payments.models import Payment


def test_the_same_key_and_body_gives_the_same_reply_to_the_byte_and_executes_nothing(
    api, simulators
):
    first = api.pay(key="k", psp="stripe")
    again = api.pay(key="k", psp="stripe")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Payment.objects.count() == 1


def test_a_replay_is_the_same_without_redis(api):
    first = api.pay(key="k")
    shortcuts.client().flushdb()

    assert api.pay(key="k").content == first.content


def test_order_white_space_and_defaults_do_not_make_another_request(api):
    first = api.pay(key="k", capture_method="automatic", metadata={})
    again = api.post(
        "payments",
        '{ "payment_method": "pm_card_visa",  "currency":"USD", "amount":1000, "user_id":"user-1"}',
        key="k",
    )

    assert again.content == first.content


@pytest.mark.parametrize(
    "change", [{"amount": 1001}, {"currency": "EUR"}, {"metadata": {"a": "b"}}]
)
@pytest.mark.parametrize("flush", [False, True])
def test_the_same_key_with_another_body_is_refused(api, change, flush):
    api.pay(key="k")
    if flush:
        shortcuts.client().flushdb()

    reply = api.pay(key="k", **change)

    assert reply.status_code == 422
    assert reply.json()["error"]["code"] == "idempotency_key_reused"
    assert Payment.objects.count() == 1


def test_the_same_key_at_another_endpoint_is_refused(api):
    payment = api.pay(key="k", capture_method="manual").json()

    reply = api.post(f"payments/{payment['id']}/capture", key="k")

    assert reply.status_code == 422
    assert api.get(f"payments/{payment['id']}").json()["status"] == "authorized"


def test_a_decline_is_an_outcome_and_is_replayed(api):
    first = api.pay(key="k", payment_method="pm_card_declined")
    again = api.pay(key="k", payment_method="pm_card_declined")

    assert first.status_code == again.status_code == 402
    assert again.content == first.content


def test_a_request_refused_before_execution_leaves_its_key_free(api):
    assert api.pay(key="k", amount=-1).status_code == 400
    assert api.pay(key="k", payment_method="pm_nobody").status_code == 400
    assert not IdempotencyKey.objects.exists()

    assert api.pay(key="k").status_code == 201


def test_a_5xx_is_never_stored_and_the_key_stays_bound(api, simulators):
    simulators["adyen"].faults(next=["rate_limit"])
    first = api.pay(key="k", psp="adyen")
    again = api.pay(key="k", psp="adyen")

    assert (first.status_code, again.status_code) == (502, 502)
    assert again.json()["error"]["payment"]["id"] == first.json()["error"]["payment"]["id"]
    assert IdempotencyKey.objects.get().status is None
    assert Payment.objects.count() == 1


def test_a_retry_after_a_psp_time_out_answers_with_the_present_state(api, simulators, settings):
    settings.OUTCOME_PATIENCE = 0.1
    simulators["stripe"].faults(next=["timeout_after"], hang_seconds=1)
    first = api.pay(key="k", psp="stripe")
    again = api.pay(key="k", psp="stripe")

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]


def test_keys_of_two_merchants_are_two_keys(api, client_for, another_merchant):
    mine = api.pay(key="k").json()
    theirs = client_for(another_merchant).pay(key="k").json()

    assert mine["id"] != theirs["id"]


def test_the_key_may_come_in_the_body(api):
    body = {
        "user_id": "u",
        "amount": 1000,
        "currency": "USD",
        "payment_method": "pm_card_visa",
        "idempotency_key": "in-the-body",
    }
    first = api.post("payments", body, key=None)
    again = api.post("payments", body, key="in-the-body")

    assert first.status_code == 201
    assert again.content == first.content


@pytest.mark.parametrize(
    "header, body, code",
    [
        (None, None, "idempotency_key_required"),
        ("a", "b", "idempotency_key_conflict"),
        ("", None, "idempotency_key_invalid"),
        ("x" * 256, None, "idempotency_key_invalid"),
        ("schlüssel", None, "idempotency_key_invalid"),
    ],
)
def test_a_key_that_is_missing_double_or_malformed_is_refused(api, header, body, code):
    fields = {"user_id": "u", "amount": 1, "currency": "USD", "payment_method": "pm_card_visa"}
    if body:
        fields["idempotency_key"] = body
    headers = {} if header is None else {"Idempotency-Key": header}

    reply = api.post("payments", fields, key=None, **headers)

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == code


def test_a_capture_is_done_once_for_its_key(api, books_of):
    payment = api.pay(psp="stripe", capture_method="manual").json()
    first = api.post(f"payments/{payment['id']}/capture", {"amount": 400, "final": False}, key="c")
    again = api.post(f"payments/{payment['id']}/capture", {"amount": 400, "final": False}, key="c")

    assert first.json()["amount_captured"] == 400
    assert again.content == first.content
    assert books_of("stripe", payment["id"]) == [("authorized", 1000), ("captured", 400)]
