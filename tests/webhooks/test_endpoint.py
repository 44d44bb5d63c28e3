"""A delivery is stored when it is genuine, and leaves no trace when it is not."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from paygate.metrics import DELIVERIES, PSP_EVENTS
from paygate.psp.events import Item
from paygate.psp.registry import webhook
from paygate.webhooks.endpoint import LARGEST, deliver
from paygate.webhooks.models import PspEvent
from paygate.webhooks.store import Told, store_many
from tests.webhooks.conftest import only
from tests.webhooks.signed import (
    FORGED,
    PSPS,
    Letter,
    adyen,
    adyen_item,
    letter,
    stripe,
    without_signature,
)

NOW = datetime.now(UTC)


every_psp = pytest.mark.parametrize("psp", PSPS)
on_the_database = pytest.mark.usefixtures("db")


def refused(reply: Any, status: int, code: str) -> bool:
    """Is it the error object, and was nothing stored?"""
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert error["request_id"] == reply["Request-Id"]
    return not PspEvent.objects.exists()


# ------------------------------------------------------------------------------------- what is genuine


@on_the_database
@every_psp
def test_what_is_genuine_is_stored_and_answered(psp: str) -> None:
    reply = letter(psp).send()

    assert reply.status_code == 200
    assert reply.content.decode() == webhook(psp).ACKNOWLEDGEMENT
    event = only()
    assert (event.psp, event.livemode) == (psp, False)
    assert event.payload
    assert abs(event.said_at - NOW) < timedelta(minutes=5)


@on_the_database
@every_psp
def test_what_is_told_again_is_acknowledged_and_kept_once(psp: str) -> None:
    told = letter(psp)
    again = PSP_EVENTS.labels(psp, "told_again")._value
    before = again.get()

    assert [told.send().status_code for _ in range(3)] == [200, 200, 200]

    assert PspEvent.objects.count() == 1
    assert again.get() == before + 2


@on_the_database
@every_psp
def test_a_kind_that_nobody_knows_is_kept_and_irrelevant(psp: str) -> None:
    letter(psp, kind="something.of.tomorrow").send()

    event = only()
    assert (event.kind, event.state) == ("something.of.tomorrow", "irrelevant")
    assert event.settled_at
    assert event.result


@on_the_database
def test_every_item_of_an_envelope_is_kept() -> None:
    assert adyen(items=[adyen_item(), adyen_item(), adyen_item()]).send().status_code == 200

    assert PspEvent.objects.count() == 3


@on_the_database
def test_an_item_that_is_known_keeps_no_other_from_being_stored() -> None:
    known, new = adyen_item(), adyen_item()
    adyen(items=[known]).send()

    assert adyen(items=[known, new, new]).send().status_code == 200

    assert PspEvent.objects.count() == 2


@on_the_database
def test_the_same_key_of_another_psp_or_mode_is_another_thing(settings: Any) -> None:
    live_too(settings)
    stripe(id="evt_same").send()
    stripe(id="evt_same", secret="whsec_live", livemode=True).send()

    assert set(PspEvent.objects.values_list("key", "livemode")) == {
        ("evt_same", False),
        ("evt_same", True),
    }


def live_too(settings: Any) -> None:
    """There are live accounts as well."""
    psps = deepcopy(settings.PSPS)
    for psp, changes in {
        "stripe": {"api_key": "sk_live_1", "webhook_secrets": ["whsec_live"]},
        "adyen": {"hmac_keys": ["11" * 32], "livemode": True},
        "braintree": {"private_key": "bt_live", "public_key": "bt_live_public"},
    }.items():
        psps[psp]["live"] = psps[psp]["test"] | changes
    settings.PSPS = psps


LIVE: dict[str, dict[str, Any]] = {
    "stripe": {"secret": "whsec_live", "livemode": True},
    "adyen": {"key": "11" * 32, "live": True},
    "braintree": {"private_key": "bt_live", "public_key": "bt_live_public"},
}


@on_the_database
@every_psp
def test_the_secret_says_of_which_mode_it_is(psp: str, settings: Any) -> None:
    live_too(settings)

    letter(psp, **LIVE[psp]).send()

    assert only().livemode


@on_the_database
@every_psp
def test_a_secret_of_a_mode_that_is_not_configured_is_nobodys(psp: str) -> None:
    assert refused(letter(psp, **LIVE[psp]).send(), 401, "signature_invalid")


@on_the_database
@every_psp
def test_no_secret_at_all_verifies_nothing(psp: str, settings: Any) -> None:
    told = letter(psp)
    settings.PSPS = {**settings.PSPS, psp: {"test": None, "live": None}}

    assert refused(told.send(), 401, "signature_invalid")


@on_the_database
def test_a_name_that_postgresql_cannot_hold_holds_up_nothing() -> None:
    assert stripe(object={"id": "p", "name": "a\0b"}).send().status_code == 200

    assert only().payload["data"]["object"] == {"id": "p", "name": "a\ufffdb"}


@on_the_database
def test_a_key_that_postgresql_cannot_hold_is_a_key_all_the_same() -> None:
    for _ in range(2):
        assert stripe("a\0b", id="evt_\0x").send().status_code == 200

    assert only().key == "evt_\ufffdx"


@on_the_database
def test_odd_values_are_kept_as_well_as_they_can_be() -> None:
    adyen(shopper="a\0b", half="\ud800", large=2**70, path="\\u0000").send()

    payload = only().payload
    assert payload["shopper"] == "a\ufffdb"
    assert payload["half"] == "?"
    assert payload["large"] == 2**70
    assert payload["path"] == "\\u0000"


# -------------------------------------------------------------------------------------- what is not


@on_the_database
@every_psp
def test_one_byte_changed_and_nothing_is_stored(psp: str) -> None:
    assert refused(letter(psp).with_byte_changed().send(), 401, "signature_invalid")


@on_the_database
def test_the_same_json_written_anew_is_not_what_was_signed() -> None:
    told = stripe()
    written_anew = json.dumps(json.loads(told.body), separators=(",", ":")).encode()

    assert refused(replace(told, body=written_anew).send(), 401, "signature_invalid")


@on_the_database
@every_psp
def test_without_a_signature_nothing_is_stored(psp: str) -> None:
    assert refused(without_signature(psp).send(), 401, "signature_invalid")


@on_the_database
@every_psp
def test_under_a_wrong_secret_nothing_is_stored(psp: str) -> None:
    count = DELIVERIES.labels(psp, "not_genuine")._value
    before = count.get()

    assert refused(letter(psp, **FORGED[psp]).send(), 401, "signature_invalid")
    assert count.get() == before + 1


@on_the_database
@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(
            lambda: stripe(signed_at=datetime.now(UTC) - timedelta(seconds=360)), id="stripe-past"
        ),
        pytest.param(
            lambda: stripe(signed_at=datetime.now(UTC) + timedelta(seconds=360)), id="stripe-future"
        ),
        pytest.param(
            lambda: letter("braintree", at=datetime.now(UTC) - timedelta(hours=26)),
            id="braintree-past",
        ),
        pytest.param(
            lambda: letter("braintree", at=datetime.now(UTC) + timedelta(minutes=6)),
            id="braintree-future",
        ),
    ],
)
def test_what_was_not_signed_now_is_not_told_now(stale: Callable[[], Letter]) -> None:
    assert refused(stale().send(), 401, "signature_invalid")


@on_the_database
@pytest.mark.parametrize("forged", [0, 1, 2])
def test_one_forged_item_refuses_its_whole_envelope(forged: int) -> None:
    envelope = json.loads(adyen(items=[adyen_item() for _ in range(3)]).body)
    envelope["notificationItems"][forged]["NotificationRequestItem"]["amount"]["value"] = 1

    told = replace(adyen(), body=json.dumps(envelope).encode())
    assert refused(told.send(), 401, "signature_invalid")


@on_the_database
@every_psp
@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"bt_payload=%ZZ", b"{" * 10_000]
)
def test_garbage_is_refused(psp: str, body: bytes) -> None:
    reply = replace(letter(psp), body=body).send()

    assert reply.status_code in (400, 401)
    assert not PspEvent.objects.exists()


@on_the_database
def test_what_is_genuine_and_no_event_is_unreadable() -> None:
    import stripe as sdk

    body = json.dumps({"object": "list", "data": []})
    header = sdk.WebhookSignature.generate_signature_header(body, "whsec_paygate_test")

    reply = replace(stripe(), body=body.encode(), headers={"Stripe-Signature": header}).send()

    assert refused(reply, 400, "invalid_request")


@on_the_database
@every_psp
def test_what_is_larger_than_anything_a_psp_sends_is_not_read(psp: str) -> None:
    reply = replace(letter(psp), body=b"x" * (LARGEST + 1)).send()

    assert refused(reply, 413, "request_too_large")


@on_the_database
@every_psp
def test_no_body_is_ever_logged(psp: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "4111111111111111-not-for-the-log"
    for told in (letter(psp, **FORGED[psp]), letter(psp), without_signature(psp)):
        replace(told, body=told.body + secret.encode()).send()

    assert caplog.records
    assert not [r for r in caplog.records if secret in str(r.__dict__)]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_webhooks_are_posted(psp: str, method: str) -> None:
    reply = getattr(Client(), method)(f"/webhooks/{psp}")

    assert (reply.status_code, reply["Allow"]) == (405, "POST")


def test_there_is_no_such_psp() -> None:
    assert Client().post("/webhooks/paypal").status_code == 404


# ------------------------------------------------------------------------------------- whose address


def test_braintree_is_told_whose_address_it_is() -> None:
    import braintree as sdk

    asked = "20f9f8ed05f77439fe955c977e4c8a53"
    gateway = sdk.BraintreeGateway(
        sdk.Configuration(sdk.Environment.Sandbox, "paygate", "bt_public", "bt_private")
    )

    reply = Client().get("/webhooks/braintree", {"bt_challenge": asked})

    assert reply.content.decode() == gateway.webhook_notification.verify(asked)


def test_the_live_account_answers_where_there_is_one(settings: Any) -> None:
    live_too(settings)

    reply = Client().get("/webhooks/braintree", {"bt_challenge": "ab" * 10})

    assert reply.content.startswith(b"bt_live_public|")


@pytest.mark.parametrize("asked", [{}, {"bt_challenge": "<notification>"}])
def test_only_a_challenge_is_answered(asked: dict[str, str]) -> None:
    assert Client().get("/webhooks/braintree", asked).status_code == 400


# ------------------------------------------------------------------------------- how it is received


@on_the_database
def test_what_comes_in_chunks_is_read_as_well() -> None:
    told = stripe()
    request = RequestFactory().post("/webhooks/stripe", headers=told.headers)
    request.META.pop("CONTENT_LENGTH")
    request.META |= {"wsgi.input": BytesIO(told.body), "wsgi.input_terminated": True}
    request.request_id = "req_1"  # type: ignore[attr-defined]

    assert deliver(request, "stripe").status_code == 200
    assert PspEvent.objects.count() == 1


@on_the_database
def test_adyen_gives_its_password_where_one_is_set(settings: Any) -> None:
    settings.PSPS = deepcopy(settings.PSPS)
    settings.PSPS["adyen"]["test"]["webhook_login"] = "user:pass"
    told = adyen()

    assert refused(told.send(), 401, "signature_invalid")
    given = {"Authorization": f"Basic {b64encode(b'user:pass').decode()}"}
    assert replace(told, headers=told.headers | given).send().status_code == 200


@pytest.mark.usefixtures("commits", "silent")
@every_psp
def test_thirty_deliveries_of_one_thing_at_once_are_one_thing(psp: str) -> None:
    told, others = letter(psp), [letter(psp) for _ in range(10)]
    line = Barrier(40)

    def send(one: Letter) -> int:
        line.wait(30)
        try:
            return int(one.send().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as threads:
        statuses = list(threads.map(send, [told] * 30 + others))

    assert statuses == [200] * 40
    assert PspEvent.objects.count() == 11


@on_the_database
def test_deliveries_that_share_a_commit_count_what_is_new_once() -> None:
    one, other = (Item(f"evt_{name}", "k", NOW, {}) for name in ("one", "other"))
    told = [Told("stripe", False, items, NOW) for items in ([one], [one, other], [other], [])]

    assert store_many(told) == [1, 1, 0, 0]
    assert store_many(told) == [0, 0, 0, 0]


@pytest.mark.usefixtures("commits")
@every_psp
def test_while_the_database_is_away_the_psp_is_asked_to_send_it_again(
    psp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = letter(psp)
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        away.setitem(connection.settings_dict, "PORT", "1")
        reply = told.send()
    connection.close()

    assert reply.status_code == 503
    assert reply.json()["error"]["retryable"]
    assert reply["Retry-After"]
    assert not PspEvent.objects.exists()
    assert told.send().status_code == 200
    assert PspEvent.objects.count() == 1
