"""The idempotency contract, row by row."""

import pytest

from kernel import shortcuts
from kernel.idempotency.models import IdempotencyKey
from kernel.idempotency.replay import Bound, Key, Reply, remember
from kernel.ids import uuid7
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


def test_a_replay_is_the_same_although_the_card_was_deleted_since(api):
    card = api.post("payment_methods", {"tokens": {"stripe": "pm_card_visa"}}).json()["id"]
    first = api.pay(key="k", payment_method=card)
    api.client.delete(
        f"/v1/payment_methods/{card}", headers={"Authorization": f"Bearer {api.secret}"}
    )
    shortcuts.client().flushdb()

    again = api.pay(key="k", payment_method=card)

    assert first.status_code == 201
    assert (again.status_code, again.content) == (201, first.content)
    assert api.pay(key="another", payment_method=card).status_code == 400


def test_a_key_used_before_is_refused_for_what_would_be_refused_anyway(api):
    api.pay(key="k")
    shortcuts.client().flushdb()

    assert api.pay(key="k", payment_method="pm_nobody").status_code == 422


@pytest.fixture
def key_in_redis(merchant):
    return Key(merchant.merchant.id, False, "k")


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff\xfe", b"no\nsuch\nthing\n", b"00\n00\n200", b"\n\n\n\n"]
)
def test_garbage_in_redis_is_as_good_as_nothing(api, key_in_redis, garbage):
    first = api.pay(key="k")
    shortcuts.client().set(key_in_redis.redis_name, garbage)

    assert api.pay(key="k").content == first.content


def test_redis_cannot_refuse_what_postgresql_would_grant(api, key_in_redis):
    remember(key_in_redis, Bound(b"another request", uuid7(), Reply(201, "{}")))

    assert api.pay(key="k").status_code == 201
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_declined", "pm_card_3ds"])
def test_a_reply_is_the_same_to_the_byte_although_its_news_were_lost(api, monkeypatch, card):
    monkeypatch.setattr("paygate.payments.carry_out.publish", lambda *_: None)
    order = {"payment_method": card, "psp": "stripe", "return_url": "https://shop.example/return"}
    first = api.pay(key="k", **order)
    shortcuts.client().flushdb()

    assert api.pay(key="k", **order).content == first.content


def test_a_replay_does_not_tell_what_became_of_the_payment_later(api):
    first = api.pay(key="k", psp="stripe", capture_method="manual")
    api.post(f"payments/{first.json()['id']}/capture")
    shortcuts.client().flushdb()

    assert api.pay(key="k", psp="stripe", capture_method="manual").content == first.content
