"""/v1/webhook_endpoints: registered, shown without their secret, changed, rolled, tested, removed; never another's."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.outbox.models import OutboxEvent
from merchants.models import Notice, WebhookEndpoint
from merchants.notices.register import MOST
from merchants.notices.shapes import WebhookEndpointShape, WebhookEndpointWithSecretShape
from tests.merchants.notices.conftest import deliver, statuses
from tests.merchants.test_payment_methods import refused

pytestmark = pytest.mark.django_db

HOOK = {"url": "https://shop.example/hook", "enabled_events": ["payment.*", "refund.failed"]}


def created(client, **changes):
    response = client.post("webhook_endpoints", HOOK | changes)
    assert response.status_code == 201, response.content
    return response.json()


def test_an_endpoint_is_registered_and_its_secret_shown_once(us):
    made = us.post(
        "webhook_endpoints", HOOK | {"description": "The shop", "metadata": {"team": "checkout"}}
    )
    body = made.json()

    assert made.status_code == 201
    assert made["Location"] == f"/v1/webhook_endpoints/{body['id']}"
    assert set(body) == set(WebhookEndpointWithSecretShape().fields)
    assert body["secret"].startswith("whsec_")
    assert len(body["secret"]) == 6 + 44
    assert {name: body[name] for name in HOOK} == HOOK
    assert (body["status"], body["livemode"], body["description"]) == ("enabled", False, "The shop")
    assert body["metadata"] == {"team": "checkout"}

    read = us.get(f"webhook_endpoints/{body['id']}")
    assert read.json() == {name: value for name, value in body.items() if name != "secret"}
    assert set(read.json()) == set(WebhookEndpointShape().fields)
    listed = us.get("webhook_endpoints")
    assert listed.json()["data"] == [read.json()]
    assert b"whsec" not in read.content + listed.content


def test_the_secret_is_sealed_in_the_database(us):
    secret = created(us)["secret"]
    kept = bytes(WebhookEndpoint.objects.get().secret)

    assert base64.b64decode(secret.removeprefix("whsec_")) not in kept
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"url": "http://shop.example/hook"}, None),  # On a developer's machine it may be.
        ({"url": "ftp://shop.example"}, ("url", "url_not_allowed")),
        ({"url": "https://u:p@shop.example"}, ("url", "url_not_allowed")),
        ({"url": "https://shop.example/#x"}, ("url", "url_not_allowed")),
        ({"url": "https://2130706433/"}, ("url", "url_not_allowed")),
        ({"url": ""}, ("url", "invalid_empty")),
        ({"url": 1}, ("url", "not_a_string")),
        ({"url": "https://shop.example/" + "x" * 2000}, ("url", "too_long")),
        ({"enabled_events": []}, ("enabled_events", "too_short")),
        ({"enabled_events": "*"}, ("enabled_events", "not_a_list")),
        ({"enabled_events": ["payment.captrued"]}, ("enabled_events.0", "unknown_event_type")),
        ({"enabled_events": ["*", "customer.*"]}, ("enabled_events.1", "unknown_event_type")),
        ({"enabled_events": ["webhook_endpoint.test"]}, ("enabled_events.0", "unknown_event_type")),
        ({"enabled_events": ["*.captured"]}, ("enabled_events.0", "unknown_event_type")),
        ({"enabled_events": [1]}, ("enabled_events.0", "not_a_string")),
        ({"secret": "whsec_mine"}, ("secret", "unknown_parameter")),
        ({"status": "enabled"}, ("status", "unknown_parameter")),
        ({"livemode": True}, ("livemode", "unknown_parameter")),
        ({"merchant_id": "x"}, ("merchant_id", "unknown_parameter")),
        ({"metadata": {"a": 1}}, ("metadata.a", "not_a_string")),
    ],
)
def test_what_is_no_endpoint_is_refused(us, change, fault):
    response = us.post("webhook_endpoints", HOOK | change)

    if fault is None:
        assert response.status_code == 201
    else:
        assert refused(response, 400) == [fault]
        assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url", ["https://shop.example/4242424242424242", "https://shop.example/?a=4242-4242-4242-4242"]
)
def test_a_url_holds_no_card_number(us, url):
    response = us.post("webhook_endpoints", HOOK | {"url": url})

    assert refused(response, 400) == [("url", "card_number_not_allowed")]
    assert b"4242" not in response.content


@pytest.mark.parametrize("url", ["http://shop.example/", "https://10.0.0.1/", "https://localhost/"])
def test_in_live_mode_and_where_others_are_an_endpoint_is_public(us, live, settings, url):
    assert refused(live.post("webhook_endpoints", HOOK | {"url": url}), 400) == [
        ("url", "url_not_allowed")
    ]
    settings.NOTICES_MAY_GO_PRIVATE = False
    assert refused(us.post("webhook_endpoints", HOOK | {"url": url}), 400) == [
        ("url", "url_not_allowed")
    ]


def test_a_merchant_has_sixteen_in_each_mode(us, live):
    for _ in range(MOST):
        created(us)

    assert refused(us.post("webhook_endpoints", HOOK), 409) == [
        (None, "too_many_webhook_endpoints")
    ]
    one = created(live)
    us.delete(f"webhook_endpoints/{us.get('webhook_endpoints').json()['data'][0]['id']}")
    created(us)
    assert [e["id"] for e in live.get("webhook_endpoints").json()["data"]] == [one["id"]]


# ------------------------------------------------------------------------------------------ changes


def patched(client, endpoint, **changes):
    return client.client.patch(
        f"/v1/webhook_endpoints/{endpoint}",
        changes,
        content_type="application/json",
        headers=client.headers,
    )


def test_what_is_given_is_changed_and_the_rest_stays(us):
    made = created(us, metadata={"a": "1", "b": "2"})
    changed = patched(
        us,
        made["id"],
        url="https://shop.example/new",
        enabled_events=["*", "*"],
        description="New",
        metadata={"b": "", "c": "3"},
    ).json()

    assert changed["url"] == "https://shop.example/new"
    assert changed["enabled_events"] == ["*"]
    assert (changed["description"], changed["metadata"]) == ("New", {"a": "1", "c": "3"})
    assert patched(us, made["id"], description=None).json() == changed | {
        "description": None,
        "updated_at": us.get(f"webhook_endpoints/{made['id']}").json()["updated_at"],
    }


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"url": "ftp://x"}, ("url", "url_not_allowed")),
        ({"enabled_events": ["nonsense"]}, ("enabled_events.0", "unknown_event_type")),
        ({"status": "gone"}, ("status", "invalid_choice")),
        ({"secret": "x"}, ("secret", "unknown_parameter")),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, ("metadata", "too_many_keys")),
    ],
)
def test_what_would_make_it_no_endpoint_is_refused(us, change, fault):
    made = created(us, metadata={"here": "already"})

    assert refused(patched(us, made["id"], **change), 400) == [fault]


def test_labels_that_are_added_may_not_become_too_many(us):
    made = created(us, metadata={f"k{n}": "v" for n in range(50)})

    assert refused(patched(us, made["id"], metadata={"one": "more"}), 400) == [
        ("metadata", "too_many_keys")
    ]


def test_a_disabled_endpoint_hears_nothing_until_it_is_enabled(us, happens):
    made = created(us)["id"]
    happens("pay_a", 1)
    disabled = patched(us, made, status="disabled").json()
    happens("pay_a", 2)

    assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "requested")
    assert disabled["disabled_at"] is not None
    assert statuses() == {"failed": 1}  # What was pending is given up, and can be sent again.
    assert not OutboxEvent.objects.filter(topic="webhook_endpoint.disabled").exists()

    enabled = patched(us, made, status="enabled").json()
    happens("pay_a", 3)
    assert (enabled["status"], enabled["disabled_reason"]) == ("enabled", None)
    assert statuses() == {"failed": 1, "pending": 1}
    assert patched(us, made, status="enabled").json()["status"] == "enabled"


def test_a_deleted_endpoint_is_gone(us):
    made = created(us)["id"]

    assert us.delete(f"webhook_endpoints/{made}").json() == {
        "id": made,
        "object": "webhook_endpoint",
        "deleted": True,
    }
    assert refused(us.get(f"webhook_endpoints/{made}"), 404) == [("id", "resource_missing")]
    refused(us.delete(f"webhook_endpoints/{made}"), 404)
    refused(patched(us, made, status="enabled"), 404)
    assert us.get("webhook_endpoints").json()["data"] == []


def test_a_rolled_secret_is_shown_once_and_the_old_one_ends(us):
    made = created(us)
    rolled = us.post(f"webhook_endpoints/{made['id']}/roll_secret", {}).json()

    assert rolled["secret"] != made["secret"]
    assert set(rolled) == set(WebhookEndpointWithSecretShape().fields)
    until = WebhookEndpoint.objects.get().previous_secret_until - now()
    assert timedelta(hours=23, minutes=59) < until <= timedelta(hours=24)
    at_once = us.post(f"webhook_endpoints/{made['id']}/roll_secret", {"overlap": 0}).json()
    assert at_once["previous_secret_until"] is None


@pytest.mark.parametrize("overlap", [-1, 86_401, "a day", None])
def test_an_overlap_is_from_nothing_to_a_day(us, overlap):
    made = created(us)["id"]

    response = us.post(f"webhook_endpoints/{made}/roll_secret", {"overlap": overlap})
    assert refused(response, 400)[0][0] == "overlap"


# ------------------------------------------------------------------------------------------- a test


def test_a_test_goes_to_this_endpoint_alone_and_once(us, shop, quick):
    one = created(us, url=shop.url + "/one", enabled_events=["refund.failed"])
    created(us, url=shop.url + "/two", enabled_events=["*"])
    shop.answers["/one"] = [500]
    sent = us.post(f"webhook_endpoints/{one['id']}/test", {})
    deliver()

    assert sent.status_code == 202
    event = us.get(f"events/{sent.json()['id']}").json()
    assert (event["type"], event["data"]["object"]["id"]) == ("webhook_endpoint.test", one["id"])
    (delivery,) = event["deliveries"]
    assert delivery["webhook_endpoint"] == one["id"]
    assert (delivery["status"], len(delivery["attempts"])) == ("failed", 1)
    assert delivery["attempts"][0]["response_status"] == 500
    assert (len(shop.at("/one")), shop.at("/two")) == (1, [])
    assert us.get(f"webhook_endpoints/{one['id']}").json()["status"] == "enabled"

    shop.answers["/one"] = [200]
    second = us.post(f"webhook_endpoints/{one['id']}/test", {}).json()
    deliver()
    assert second["sequence"] == event["sequence"] + 1
    assert us.get(f"events/{second['id']}").json()["deliveries"][0]["status"] == "delivered"


def test_a_disabled_endpoint_is_not_tested(us):
    made = created(us)["id"]
    patched(us, made, status="disabled")

    response = us.post(f"webhook_endpoints/{made}/test", {})
    assert refused(response, 409) == [(None, "webhook_endpoint_disabled")]
    assert not Notice.objects.exists()


# ---------------------------------------------------------------------------------- whose and by whom

ACTS = [
    ("get", "", None),
    ("delete", "", None),
    ("post", "/roll_secret", {}),
    ("post", "/test", {}),
    ("post", "/redeliver", {"since": "2026-01-01T00:00:00Z"}),
]


@pytest.mark.parametrize("method, path, body", ACTS)
def test_another_merchants_endpoint_is_not_there(us, them, live, method, path, body):
    made = created(us)["id"]
    for client in (them, live):
        for endpoint in (made, encode("we", uuid7()), "we_x", encode("pay", uuid7())):
            act = getattr(client, method)
            arguments = (body,) if body is not None else ()
            response = act(f"webhook_endpoints/{endpoint}{path}", *arguments)
            assert refused(response, 404) == [("id", "resource_missing")]
            refused(patched(client, endpoint, description="x"), 404)
        assert client.get("webhook_endpoints").json()["data"] == []
    assert WebhookEndpoint.objects.get().enabled


@pytest.mark.parametrize("method, path, body", ACTS)
def test_a_restricted_key_needs_the_scope(us, restricted_to, method, path, body):
    made = created(us)["id"]
    arguments = (body,) if body is not None else ()
    other = "write" if method == "get" else "read"
    client = restricted_to(f"webhook_endpoints:{other}", "events:write", "events:read")

    response = getattr(client, method)(f"webhook_endpoints/{made}{path}", *arguments)
    assert refused(response, 403) == [(None, "scope_missing")]


def test_lists_are_paged_and_know_no_filters(us):
    made = [created(us)["id"] for _ in range(3)]

    first = us.get("webhook_endpoints", limit=2).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (made[:0:-1], True)
    assert refused(us.get("webhook_endpoints", url="x"), 400) == [("url", "unknown_parameter")]


@pytest.mark.parametrize(
    "change",
    [
        "livemode = true",
        "sequence = sequence - 1",
        "created_at = now()",
        "id = gen_random_uuid()",
        "deleted_at = NULL, disabled_reason = 'requested', secret = '\\x00'",
    ],
)
def test_the_database_lets_no_endpoint_become_another(us, change):
    made = created(us)["id"]
    if "deleted_at" in change:
        us.delete(f"webhook_endpoints/{made}")

    with (
        pytest.raises(DatabaseError, match="stays what it is"),
        atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE webhook_endpoint SET {change}")
