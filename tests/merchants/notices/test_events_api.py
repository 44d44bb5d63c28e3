"""/v1/events: what happened, with every attempt to tell it; sent again, one or all that was missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import now, rfc3339
from kernel.ids import encode, uuid7
from merchants.models import Notice, WebhookEndpoint
from merchants.notices import again as sending_again
from merchants.notices.disable import Reason, disable, enable
from merchants.notices.shapes import (
    AttemptRequestShape,
    AttemptResponseShape,
    DeliveryAttemptShape,
    DeliveryShape,
    EventShape,
    RedeliveryShape,
)
from tests.merchants.notices.conftest import again, deliver, pay, sequences, statuses, verified
from tests.merchants.test_payment_methods import refused

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [event["id"] for event in response.json()["data"]]


def public(events):
    return [encode("evt", event.id) for event in events]


def test_an_event_shows_every_attempt_to_deliver_it(us, shop, listens, happens, quick):
    endpoint = listens()
    shop.answers["/hook"] = [500, 200]
    (event,) = happens("pay_a", 2, body={"id": "pay_a", "object": "payment", "amount": 5})
    deliver()
    shown = us.get(f"events/{encode('evt', event.id)}").json()

    assert set(shown) == set(EventShape().fields)
    assert verified(shop.heard[0], endpoint) == {
        name: value for name, value in shown.items() if name != "deliveries"
    }
    (delivery,) = shown["deliveries"]
    assert set(delivery) == set(DeliveryShape().fields)
    assert delivery["webhook_endpoint"] == endpoint.endpoint.public_id
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    first, second = delivery["attempts"]
    assert set(first) == set(DeliveryAttemptShape().fields)
    assert set(first["request"]) == set(AttemptRequestShape().fields)
    assert set(first["response"]) == set(AttemptResponseShape().fields)
    assert (first["status"], first["error"], first["response_status"]) == ("failed", "status", 500)
    assert (second["status"], second["error"], second["response_status"]) == (
        "succeeded",
        None,
        200,
    )
    assert first["request"]["headers"]["webhook-id"] == shown["id"]
    assert second["response"]["body"] == "ok"

    (listed,) = us.get("events").json()["data"]
    assert set(listed) == set(shown)
    assert [one["request"] for one in listed["deliveries"][0]["attempts"]] == [None, None]
    assert b"whsec" not in us.get("events").content


def test_what_is_yet_to_come_is_shown(us, shop, listens, happens, settings):
    settings.NOTICES_SCHEDULE = [0, 3600]
    listens()
    shop.answers["/hook"] = [500]
    first, second = happens("pay_a", 1, 2)
    deliver()

    (tried,) = us.get(f"events/{encode('evt', first.id)}").json()["deliveries"]
    assert tried["status"] == "pending"
    assert tried["next_attempt_at"] > rfc3339(now() + timedelta(minutes=50))
    (waiting,) = us.get(f"events/{encode('evt', second.id)}").json()["deliveries"]
    assert (waiting["status"], waiting["next_attempt_at"], waiting["attempts"]) == (
        "pending",
        None,
        [],
    )


def test_events_are_listed_newest_first_and_found(us, happens):
    subject = pay()
    old = happens(subject, 1, topic="payment.created", ago=timedelta(days=2))
    new = happens(subject, 2, topic="payment.captured")
    other = happens("re_" + "0" * 26, 1, topic="refund.created")
    everything = public([*other, *new, *old])

    assert ids(us.get("events")) == everything
    assert ids(us.get("events", type="payment.captured")) == public(new)
    assert ids(us.get("events", type="payment.*")) == public([*new, *old])
    assert ids(us.get("events", subject=subject)) == public([*new, *old])
    yesterday = rfc3339(now() - timedelta(days=1))
    assert ids(us.get("events", **{"created[gte]": yesterday})) == public([*other, *new])
    assert ids(us.get("events", **{"created[lt]": yesterday})) == public(old)
    seconds = int((now() - timedelta(days=1)).timestamp())
    assert ids(us.get("events", **{"created[lt]": seconds})) == public(old)
    assert ids(us.get("events", limit=1, starting_after=everything[0])) == everything[1:2]


@pytest.mark.parametrize(
    "query, fault",
    [
        ({"type": "payment"}, ("type", "invalid_value")),
        ({"type": "%"}, ("type", "invalid_value")),
        ({"subject": "pay_1"}, ("subject", "invalid_value")),
        ({"subject": "\0"}, ("subject", "invalid_value")),
        ({"created[gte]": "soon"}, ("created[gte]", "invalid_time")),
        ({"created[gte]": "99999999999999999999"}, ("created[gte]", "invalid_time")),
        ({"created[gte]": "0001-01-01T00:00:00+14:00"}, ("created[gte]", "invalid_time")),
        ({"created": "2026-01-01"}, ("created", "unknown_parameter")),
        ({"merchant": "x"}, ("merchant", "unknown_parameter")),
    ],
)
def test_what_cannot_be_looked_for_is_refused(us, query, fault):
    assert refused(us.get("events", **query), 400) == [fault]


def test_events_are_kept_90_days_and_only_public_ones_shown(us, happens):
    kept = happens(pay(), 1, ago=timedelta(days=89))
    old = happens(pay(), 1, ago=timedelta(days=91))
    secret = happens("x_1", 1, topic="api_key.rolled")

    assert ids(us.get("events")) == public(kept)
    for event in public([*old, *secret]):
        refused(us.get(f"events/{event}"), 404)
        refused(us.post(f"events/{event}/redeliver", {}), 404)


def test_another_merchants_event_is_not_there(us, them, live, listens, happens, another_merchant):
    listens()
    (event,) = public(happens(pay(), 1))
    theirs = listens("/theirs", whose=another_merchant).endpoint.public_id

    for client in (them, live):
        for name in (event, encode("evt", uuid7()), "evt_x", encode("pay", uuid7())):
            assert refused(client.get(f"events/{name}"), 404) == [("id", "resource_missing")]
            assert refused(client.post(f"events/{name}/redeliver", {}), 404) == [
                ("id", "resource_missing")
            ]
        assert ids(client.get("events")) == []
    response = us.post(f"events/{event}/redeliver", {"webhook_endpoint": theirs})
    assert refused(response, 400) == [("webhook_endpoint", "resource_missing")]


def test_a_restricted_key_needs_the_scope(happens, restricted_to):
    (event,) = public(happens(pay(), 1))
    reads, writes = restricted_to("events:read"), restricted_to("events:write")

    assert reads.get("events").status_code == reads.get(f"events/{event}").status_code == 200
    assert refused(writes.get("events"), 403) == [(None, "scope_missing")]
    assert refused(reads.post(f"events/{event}/redeliver", {}), 403) == [(None, "scope_missing")]


def test_a_page_of_events_costs_as_many_queries_as_one(
    us, shop, listens, happens, django_assert_num_queries
):
    listens("/one")
    listens("/two")
    happens("pay_a", 1)
    us.get("events")
    with django_assert_num_queries(3):
        us.get("events")
    for subject in range(10):
        happens(f"pay_{subject}", 1, 2)
    with django_assert_num_queries(3):
        assert len(ids(us.get("events"))) == 20


# ------------------------------------------------------------------------------------------- again


def test_an_event_is_sent_again_to_all_that_want_it(us, shop, listens, happens, quick):
    one, two = listens("/one"), listens("/two")
    listens("/refunds", enabled_events=["refund.*"])
    (event,) = public(happens("pay_a", 1))
    deliver()
    reply = us.post(f"events/{event}/redeliver", {})
    deliver()

    assert reply.status_code == 202
    assert [one["status"] for one in reply.json()["deliveries"]] == ["pending", "pending"]
    for path, endpoint in (("/one", one), ("/two", two)):
        first, second = shop.at(path)
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == event
        assert verified(second, endpoint)
    assert shop.at("/refunds") == []
    attempts = us.get(f"events/{event}").json()["deliveries"][0]["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1, 2]


def test_an_event_is_sent_to_one_endpoint_whatever_that_subscribed_to(
    us, shop, listens, happens, quick
):
    (event,) = public(happens("pay_a", 1))
    late = listens("/late", enabled_events=["refund.*"])  # It was not there when it happened.
    listens("/other")
    named = {"webhook_endpoint": late.endpoint.public_id}

    assert us.post(f"events/{event}/redeliver", named).status_code == 202
    deliver()
    assert (len(shop.at("/late")), shop.at("/other")) == (1, [])


def test_what_was_given_up_begins_a_new_schedule(us, shop, listens, happens, merchant, quick):
    endpoint = listens()
    shop.answers["/hook"] = [500]
    (event,) = public(happens("pay_a", 1))
    deliver()
    assert refused(us.post(f"events/{event}/redeliver", {}), 409) == [
        (None, "webhook_endpoint_disabled")
    ]
    named = {"webhook_endpoint": endpoint.endpoint.public_id}
    refused(us.post(f"events/{event}/redeliver", named), 409)

    enable(merchant.merchant.id, endpoint.endpoint.id, at=now())
    us.post(f"events/{event}/redeliver", named)
    shop.answers["/hook"] = [500, 500, 200]
    deliver()
    assert statuses() == {"delivered": 1}
    assert len(shop.heard) == 6


def test_what_is_on_its_way_just_now_is_not_sent_twice(us, shop, listens, happens):
    listens()
    (event,) = public(happens("pay_a", 1))
    Notice.objects.update(taken_by=uuid7(), next_try_at=now() + timedelta(seconds=30))

    assert us.post(f"events/{event}/redeliver", {}).status_code == 202
    assert deliver() == 0


def test_what_is_sent_again_goes_on_in_the_order_of_its_object(us, shop, listens, happens, quick):
    endpoint = listens()
    events = public(happens("pay_a", 1, 2, 3))
    deliver()
    for event in reversed(events):
        us.post(f"events/{event}/redeliver", {})
    happens("pay_a", 4)
    deliver()

    heard = [sequence for _, sequence in sequences(shop.at("/hook"), endpoint)]
    assert heard[:3] == [1, 2, 3]
    assert sorted(heard[3:]) == [1, 2, 3, 4]
    assert heard[-1] == 4  # What came after waits for what was sent again.


def redelivered(client, endpoint, **body):
    response = client.post(
        f"webhook_endpoints/{endpoint.endpoint.public_id}/redeliver",
        {"since": rfc3339(now() - timedelta(days=1)), **body},
    )
    assert response.status_code == 202, response.content
    assert set(response.json()) == set(RedeliveryShape().fields)
    return response.json()["count"]


def test_all_that_was_missed_is_sent_again(us, shop, listens, happens, merchant, quick):
    endpoint = listens(enabled_events=["payment.*"])
    whose = (merchant.merchant.id, endpoint.endpoint.id)
    happens("pay_got", 1)
    deliver()
    shop.answers["/hook"] = [500]
    happens("pay_failed", 1)
    deliver()
    assert not again(endpoint.endpoint).enabled
    happens("pay_disabled", 1, 2)  # No notice was made of these.
    happens("re_a", 1, topic="refund.created")
    happens("pay_old", 1, ago=timedelta(days=3))

    shop.answers["/hook"] = [200]
    response = us.post(
        f"webhook_endpoints/{endpoint.endpoint.public_id}/redeliver", {"since": rfc3339(now())}
    )
    assert refused(response, 409) == [(None, "webhook_endpoint_disabled")]
    enable(*whose, at=now())
    shop.heard.clear()
    assert redelivered(us, endpoint) == 3
    assert redelivered(us, endpoint) == 0  # It is on its way.
    deliver()
    assert sequences(shop.at("/hook"), endpoint) == [
        ("pay_failed", 1),
        ("pay_disabled", 1),
        ("pay_disabled", 2),
    ]
    assert redelivered(us, endpoint) == 0

    assert redelivered(us, endpoint, only_failed=False) == 4
    assert (
        redelivered(
            us,
            endpoint,
            since=rfc3339(now() - timedelta(days=4)),
            until=rfc3339(now() - timedelta(days=2)),
        )
        == 1
    )


def test_many_are_sent_again_piece_by_piece(us, shop, listens, happens, monkeypatch, quick):
    endpoint = listens()
    for number in range(5):
        happens(f"pay_{number}", 1, ago=timedelta(minutes=60 - number))
    deliver()
    monkeypatch.setattr(sending_again, "MOST", 2)
    counted, since, more = 0, rfc3339(now() - timedelta(hours=2)), True
    while more:
        reply = us.post(
            f"webhook_endpoints/{endpoint.endpoint.public_id}/redeliver",
            {"since": since, "only_failed": False},
        ).json()
        counted += reply["count"]
        since, more = reply["until"], reply["has_more"]

    assert counted == 5
    assert statuses() == {"pending": 5}


@pytest.mark.parametrize(
    "body, fault",
    [
        ({}, ("since", "missing_parameter")),
        ({"since": "soon"}, ("since", "invalid_value")),
        ({"since": "2999-01-01T00:00:00Z"}, ("since", "invalid_value")),
        (
            {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            ("until", "invalid_value"),
        ),
        (
            {"since": "2026-01-02T00:00:00Z", "only_failed": "maybe"},
            ("only_failed", "invalid_value"),
        ),
        ({"since": "2026-01-02T00:00:00Z", "all": True}, ("all", "unknown_parameter")),
    ],
)
def test_what_is_to_be_sent_again_must_be_clear(us, listens, body, fault):
    endpoint = listens().endpoint.public_id

    assert refused(us.post(f"webhook_endpoints/{endpoint}/redeliver", body), 400) == [fault]


def test_an_endpoint_disabled_by_the_back_office_tells_its_owner(us, listens, happens, merchant):
    endpoint = listens().endpoint
    disable(merchant.merchant.id, endpoint.id, reason=Reason.BACK_OFFICE, at=now())
    disable(merchant.merchant.id, endpoint.id, reason=Reason.BACK_OFFICE, at=now())

    (event,) = us.get("events", type="webhook_endpoint.disabled").json()["data"]
    assert event["data"]["object"]["disabled_reason"] == "back_office"
    assert event["data"]["object"] == us.get(f"webhook_endpoints/{endpoint.public_id}").json()
    assert WebhookEndpoint.objects.get().sequence == event["sequence"] == 1
