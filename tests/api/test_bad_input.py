"""Every bad input gets a clear error and leaves nothing behind."""

import json
from io import BytesIO

import pytest
from django.test import Client

from kernel.idempotency.models import IdempotencyKey
from kernel.outbox.models import OutboxEvent
from paygate.payments.models import Payment

CARD = "4111 1111 1111 1111"


def nothing_was_left():
    return not (
        Payment.objects.exists() or IdempotencyKey.objects.exists() or OutboxEvent.objects.exists()
    )


@pytest.mark.parametrize(
    "change, param, code",
    [
        ({"amount": 10.5}, "amount", "amount_is_a_float"),
        ({"amount": "1000"}, "amount", "amount_is_a_string"),
        ({"amount": True}, "amount", "amount_is_a_boolean"),
        ({"amount": 0}, "amount", "amount_is_zero"),
        ({"amount": -1}, "amount", "amount_is_negative"),
        ({"amount": 10**12 + 1}, "amount", "amount_too_large"),
        ({"amount": 2**63}, "amount", "amount_too_large"),
        ({"currency": "usd"}, "currency", "currency_in_lower_case"),
        ({"currency": "XXX"}, "currency", "unknown_currency"),
        ({"ammount": 1}, "ammount", "unknown_parameter"),
        ({"status": "captured"}, "status", "unknown_parameter"),
        ({"merchant_id": "x"}, "merchant_id", "unknown_parameter"),
        ({"capture_method": "later"}, "capture_method", "invalid_choice"),
        ({"psp": "paypal"}, "psp", "invalid_choice"),
        ({"user_id": ""}, "user_id", "invalid_empty"),
        ({"user_id": None}, "user_id", "invalid_null"),
        ({"user_id": "x" * 256}, "user_id", "too_long"),
        ({"user_id": "a\u0007b"}, "user_id", "control_characters"),
        ({"return_url": "javascript:alert(1)"}, "return_url", "invalid_value"),
        ({"metadata": {"a": 1}}, "metadata.a", "not_a_string"),
        ({"metadata": {str(n): "" for n in range(51)}}, "metadata", "too_many_keys"),
        ({"payment_method": "pm_nobody"}, "payment_method", "resource_missing"),
        ({"currency": "XOF", "psp": "braintree"}, "payment_method", "no_route"),
    ],
)
def test_a_bad_field_is_named(api, change, param, code):
    reply = api.pay(**change)

    error = reply.json()["error"]
    assert reply.status_code == 400
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"
    assert error["request_id"] == reply["Request-Id"]
    assert nothing_was_left()


def test_all_faults_are_told_at_once(api):
    error = api.post("payments", {"amount": -5, "currency": "?", "colour": "red"}).json()["error"]

    assert {fault["param"] for fault in error["errors"]} == {
        "amount",
        "currency",
        "colour",
        "user_id",
        "payment_method",
    }


@pytest.mark.parametrize(
    "where",
    [
        {"description": f"card {CARD}"},
        {"metadata": {"card": CARD.replace(" ", "")}},
        {"metadata": {CARD.replace(" ", "-"): "x"}},
        {"user_id": CARD.replace(" ", "")},
        {"payment_method": CARD.replace(" ", "")},
        {"statement_descriptor": CARD.replace(" ", "")},
        {"amount": int(CARD.replace(" ", ""))},
        {"number": CARD},
    ],
)
def test_a_card_number_gets_in_nowhere(api, caplog, where):
    reply = api.pay(**where)

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "card_number_not_allowed"
    for digits in (CARD, CARD.replace(" ", ""), CARD.replace(" ", "-")):
        assert digits not in reply.content.decode()
        assert digits not in caplog.text
    assert nothing_was_left()


def test_a_card_number_as_key_or_in_the_query_is_refused(api):
    assert api.pay(key=CARD).json()["error"]["code"] == "card_number_not_allowed"
    listed = api.get("payments", {"user_id": CARD})
    assert listed.json()["error"]["code"] == "card_number_not_allowed"
    assert nothing_was_left()


@pytest.mark.parametrize(
    "body, status",
    [
        ("{", 400),
        ("[]", 400),
        ("null", 400),
        ('{"amount": NaN}', 400),
        ('{"amount": 1, "amount": 2}', 400),
        ("[" * 500 + "]" * 500, 400),
        (b"\xff\xfe{}", 400),
        ('{"user_id": "\\ud800"}', 400),
        ('{"user_id": "\\u0000"}', 400),
        ('{"x": "' + "a" * 70_000 + '"}', 413),
    ],
)
def test_a_body_that_is_no_sound_json_is_refused(api, body, status):
    reply = api.post("payments", body)

    assert reply.status_code == status
    assert reply.json()["error"]["message"]
    assert nothing_was_left()


def test_other_content_types_are_refused(api):
    reply = api.client.post(
        "/v1/payments", {"amount": 1}, headers={"Authorization": f"Bearer {api.secret}"}
    )

    assert reply.status_code == 415


@pytest.mark.parametrize(
    "path",
    ["payments/nonsense", "payments/pay_", "payments/re_01k3rc04hmfay8vvr14d2pf2db", "nowhere"],
)
def test_what_does_not_exist_is_404_with_an_error_object(api, path):
    reply = api.get(path)

    assert reply.status_code == 404
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert reply["Request-Id"].startswith("req_")


def test_a_wrong_method_is_405(api):
    reply = api.client.delete("/v1/payments", headers={"Authorization": f"Bearer {api.secret}"})

    assert reply.status_code == 405
    assert reply.json()["error"]["code"] == "method_not_allowed"


def test_without_a_key_nobody_is_served(api):
    reply = api.client.post("/v1/payments", json.dumps({}), content_type="application/json")

    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "authentication_error"


def test_an_error_of_ours_gives_nothing_away(api, monkeypatch):
    def breaks(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("paygate.api.payments.create", breaks)

    reply = api.pay()

    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal_error"
    assert "secret detail" not in reply.content.decode()


def in_chunks(api, path, body):
    """A POST whose body has no length, as the web server hands it on."""
    client = Client(raise_request_exception=False)
    return client.generic(
        "POST",
        f"/v1/{path}",
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {api.secret}",
            "Idempotency-Key": "in-chunks",
            "Transfer-Encoding": "chunked",
        },
        **{"wsgi.input": BytesIO(body), "wsgi.input_terminated": True},
    )


def test_a_body_in_chunks_is_refused_and_not_taken_for_none(api):
    payment = api.pay(capture_method="manual").json()

    reply = in_chunks(api, f"payments/{payment['id']}/capture", b'{"amount": 100}')

    assert (reply.status_code, reply.json()["error"]["code"]) == (411, "length_required")
    assert api.get(f"payments/{payment['id']}").json()["status"] == "authorized"
