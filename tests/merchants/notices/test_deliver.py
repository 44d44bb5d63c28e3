"""What happens is told: signed, in order, again when it fails, the same to the byte, and not for ever."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic
from standardwebhooks import Webhook, WebhookVerificationError

from kernel.clock import now
from kernel.ids import encode
from kernel.outbox.models import OutboxEvent
from merchants.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices import disable as disabling
from merchants.notices import render
from merchants.notices.deliver import deliver as deliver_one
from merchants.notices.hear import hear
from merchants.notices.register import remove, roll_secret
from merchants.notices.schedule import next_try
from merchants.notices.signing import as_text
from merchants.notices.take import lease, take
from tests.merchants.notices.conftest import (
    again,
    deliver,
    errors,
    pay,
    sequences,
    statuses,
    verified,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]

REDIRECT, REFUSED, BROKEN, GONE = 302, 400, 500, 410


def test_an_event_arrives_signed_as_the_reference_library_verifies(shop, listens, happens):
    endpoint = listens()
    (event,) = happens("pay_a", 3, body={"id": "pay_a", "amount": 1000, "description": "Käse ☕"})
    deliver()

    (heard,) = shop.at("/hook")
    assert verified(heard, endpoint) == {
        "id": encode("evt", event.id),
        "object": "event",
        "type": "payment.captured",
        "livemode": False,
        "sequence": 3,
        "created_at": render.event_body(event)["created_at"],
        "data": {"object": {"id": "pay_a", "amount": 1000, "description": "Käse ☕"}},
    }
    assert heard.headers["webhook-id"] == encode("evt", event.id)
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["user-agent"].startswith("paygate-webhooks/")
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(heard.body.replace(b"1000", b"9999"), heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(as_text(b"x" * 32)).verify(heard.body, heard.headers)


def test_while_a_secret_is_rolled_both_verify_and_afterwards_one(shop, listens, happens, merchant):
    old = listens()
    new = roll_secret(
        merchant.merchant.id,
        old.endpoint.public_id,
        livemode=False,
        overlap=timedelta(hours=1),
        at=now(),
    )
    happens("pay_a", 1)
    deliver()
    (heard,) = shop.at("/hook")

    assert len(heard.headers["webhook-signature"].split(" ")) == 2
    assert verified(heard, old) == verified(heard, new)

    WebhookEndpoint.objects.update(previous_secret_until=now())
    happens("pay_a", 2)
    deliver()
    heard = shop.at("/hook")[1]
    assert verified(heard, new)["sequence"] == 2
    with pytest.raises(WebhookVerificationError):
        verified(heard, old)


def test_without_an_overlap_the_old_secret_signs_nothing_more(shop, listens, happens, merchant):
    old = listens()
    whose = (merchant.merchant.id, old.endpoint.public_id)
    new = roll_secret(*whose, livemode=False, overlap=timedelta(), at=now())
    happens("pay_a", 1)
    deliver()

    (heard,) = shop.at("/hook")
    assert verified(heard, new)
    with pytest.raises(WebhookVerificationError):
        verified(heard, old)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(shop, listens, happens, status):
    listens()
    shop.answers["/hook"] = [status]
    happens("pay_a", 1)
    deliver()

    assert (statuses(), errors(), len(shop.at("/hook"))) == ({"delivered": 1}, [""], 1)


@pytest.mark.parametrize("status", [REDIRECT, 304, REFUSED, 401, 404, 429, BROKEN, 503])
def test_anything_else_is_a_failure_and_comes_again(shop, listens, happens, status):
    listens()
    shop.answers["/hook"] = [status, 200]
    happens("pay_a", 1)
    deliver()

    assert (statuses(), errors()) == ({"delivered": 1}, ["status", ""])


def test_every_try_sends_the_same_bytes_under_the_same_id_with_its_own_signature(
    shop, listens, happens, monkeypatch
):
    endpoint = listens()
    shop.answers["/hook"] = [BROKEN, BROKEN, 200]
    happens("pay_a", 1)
    real, rendered = render.event_text, []

    def differently(event):  # As after a release that shows more of an event.
        rendered.append(event)
        return real(event).replace("event", "event" * len(rendered))

    monkeypatch.setattr(render, "event_text", differently)
    deliver()

    heard = shop.at("/hook")
    assert len(heard) == 3
    assert (
        len({one.body for one in heard}) == len({one.headers["webhook-id"] for one in heard}) == 1
    )
    assert all(verified(one, endpoint) for one in heard)
    assert Notice.objects.get().body is None  # It has arrived; the event is in the outbox.


def test_every_try_is_kept_with_what_was_sent_and_what_came_back(shop, listens, happens):
    def grumbles(handler):
        handler.send_response(503)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Set-Cookie", "not=kept")
        handler.send_header("Retry-After", "4242 4242 4242 4242")
        text = "no: card 4242424242424242\0 \N{SNOWMAN} ".encode() + b"\xff" + b"x" * 9000
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    listens()
    shop.answers["/hook"] = [grumbles, 200]
    happens("pay_a", 1)
    deliver()

    failed, succeeded = NoticeAttempt.objects.order_by("number")
    assert (failed.number, failed.error, failed.response_status) == (1, "status", 503)
    assert failed.url == shop.url + "/hook"
    assert failed.response_body.startswith(
        "no: card [card number]\N{REPLACEMENT CHARACTER} \N{SNOWMAN}"
    )
    assert len(failed.response_body) == 4096
    assert failed.response_headers["retry-after"] == "[card number]"
    assert "set-cookie" not in failed.response_headers
    sent = {name.lower() for name in failed.request_headers}
    assert {"webhook-id", "webhook-timestamp", "webhook-signature", "user-agent"} <= sent
    assert (succeeded.number, succeeded.error, succeeded.response_body) == (2, "", "ok")
    assert failed.started_at < succeeded.started_at


def test_an_attempt_is_history(shop, listens, happens):
    listens()
    happens("pay_a", 1)
    deliver()

    for statement in ("UPDATE notice_attempt SET error = 'x'", "DELETE FROM notice_attempt"):
        with (
            pytest.raises(DatabaseError, match="is history"),
            atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# ------------------------------------------------------------------------------------------- order


def test_of_one_object_each_is_told_after_the_one_before_it(shop, listens, happens):
    endpoint = listens()
    shop.answers["/hook"] = [BROKEN, 200, BROKEN, BROKEN, 200]
    happens("pay_a", 1, 2, 3)
    deliver()

    assert sequences(shop.at("/hook"), endpoint) == [("pay_a", n) for n in (1, 1, 2, 2, 2, 3)]


def test_what_is_given_up_lets_the_next_one_go(shop, listens, happens):
    endpoint = listens()
    happens("pay_a", 1, 2)
    happens("pay_b", 1)  # Something succeeds there meanwhile, so it is not disabled.

    def picky(handler):
        event = json.loads(shop.heard[-1].body)
        first = (event["data"]["object"]["id"], event["sequence"]) == ("pay_a", 1)
        handler.send_response(BROKEN if first else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    shop.answers["/hook"] = [picky]
    deliver()

    assert statuses() == {"delivered": 2, "failed": 1}
    of_a = [one for one in sequences(shop.at("/hook"), endpoint) if one[0] == "pay_a"]
    assert of_a == [("pay_a", 1)] * 3 + [("pay_a", 2)]


def test_other_objects_and_other_endpoints_do_not_wait(shop, listens, happens, settings):
    settings.NOTICES_SCHEDULE = [0, 3600]
    broken, sound = listens("/broken"), listens("/sound")
    shop.answers["/broken"] = [BROKEN]
    happens("pay_a", 1, 2)
    happens("pay_b", 1)
    deliver()

    assert sequences(shop.at("/sound"), sound) == [("pay_a", 1), ("pay_b", 1), ("pay_a", 2)]
    assert sequences(shop.at("/broken"), broken) == [("pay_a", 1), ("pay_b", 1)]


# ----------------------------------------------------------------------------- giving up an endpoint


def told(merchant, topic="webhook_endpoint.disabled"):
    events = OutboxEvent.objects.filter(merchant_id=merchant.merchant.id, topic=topic)
    return list(events.order_by("position"))


def test_an_endpoint_where_nothing_succeeds_is_disabled_and_its_owner_told(
    shop, listens, happens, merchant
):
    dead, alive = listens("/dead"), listens("/alive")
    shop.answers["/dead"] = [BROKEN]
    happens("pay_a", 1, 2)
    happens("pay_b", 1)
    deliver()

    found = again(dead.endpoint)
    assert (found.status, found.disabled_reason) == ("disabled", "failing")
    assert again(alive.endpoint).enabled
    assert not Notice.objects.filter(status="pending").exists()  # What waited is given up as well.
    (event,) = told(merchant)
    assert (event.subject, event.sequence) == (found.public_id, 1)
    assert event.body["disabled_reason"] == "failing"
    assert "secret" not in event.body

    hear([event])  # The relay tells it, to those that are left.
    deliver()
    assert verified(shop.at("/alive")[-1], alive)["type"] == "webhook_endpoint.disabled"


def test_an_endpoint_where_something_succeeds_meanwhile_is_not_disabled(
    shop, listens, happens, merchant
):
    endpoint = listens()
    shop.answers["/hook"] = [BROKEN, 200, BROKEN]
    happens("pay_a", 1)
    happens("pay_b", 1)
    deliver()

    assert errors() == ["status", "", "status", "status"]
    assert statuses() == {"delivered": 1, "failed": 1}
    assert again(endpoint.endpoint).enabled
    assert told(merchant) == []


def test_410_disables_at_once(shop, listens, happens, merchant):
    endpoint = listens()
    shop.answers["/hook"] = [GONE]
    happens("pay_a", 1, 2)
    happens("pay_b", 1)
    deliver()

    found = again(endpoint.endpoint)
    assert (found.status, found.disabled_reason) == ("disabled", "gone")
    assert statuses() == {"failed": 3}
    assert [event.body["disabled_reason"] for event in told(merchant)] == ["gone"]
    assert NoticeAttempt.objects.first().response_status == GONE

    happens("pay_c", 1)
    deliver()
    assert Notice.objects.count() == 3


def test_much_that_was_pending_is_given_up_piece_by_piece(
    shop, listens, happens, merchant, monkeypatch
):
    monkeypatch.setattr(disabling, "AT_ONCE", 4)
    endpoint = listens()
    shop.answers["/hook"] = [GONE]
    for number in range(15):
        happens(f"pay_{number}", 1, 2)
    deliver()

    left = statuses()["pending"]
    assert 20 < left < 30
    assert deliver() == 0  # Nothing is sent there, though.
    disabling.give_up_the_rest(at=now())
    assert statuses()["pending"] == left - 4
    for _ in range(8):
        disabling.give_up_the_rest(at=now())
    assert statuses() == {"failed": 30}
    assert not again(endpoint.endpoint).giving_up


def test_enabled_before_all_was_given_up_an_endpoint_gets_nothing_old(
    shop, listens, happens, merchant, monkeypatch
):
    monkeypatch.setattr(disabling, "AT_ONCE", 4)
    endpoint = listens()
    for number in range(10):
        happens(f"pay_{number}", 1)
    whose = (merchant.merchant.id, endpoint.endpoint.id)
    disabling.disable(*whose, reason=disabling.Reason.BACK_OFFICE, at=now())
    assert again(endpoint.endpoint).giving_up
    disabling.enable(*whose, at=now())
    happens("pay_new", 1)
    deliver()

    assert sequences(shop.at("/hook"), endpoint) == [("pay_new", 1)]


def test_a_deleted_endpoint_hears_nothing_and_its_secrets_are_gone(
    shop, listens, happens, merchant
):
    endpoint = listens()
    happens("pay_a", 1)
    whose = (merchant.merchant.id, endpoint.endpoint.public_id)
    remove(*whose, livemode=False, at=now())
    deliver()

    assert shop.heard == []
    assert statuses() == {"failed": 1}
    assert (again(endpoint.endpoint).secret, again(endpoint.endpoint).previous_secret) == (
        None,
        None,
    )


# ------------------------------------------------------------------------------------ time and death


def test_a_slow_answer_is_cut_and_comes_again(shop, listens, happens, settings):
    settings.NOTICES_DEADLINE = 0.3
    listens()
    shop.answers["/hook"] = [lambda handler: time.sleep(0.6), 200]
    happens("pay_a", 1)
    deliver()

    assert errors() == ["timed_out", ""]


def test_what_a_killed_worker_had_taken_is_due_again_when_its_lease_is_over(shop, listens, happens):
    endpoint = listens()
    happens("pay_a", 1, 2)
    (lost,) = take(quick=False, most=10, each=10, share=10, at=now())  # … and then it dies.

    assert take(quick=False, most=10, each=10, share=10, at=now()) == []
    assert (
        take(quick=False, most=10, each=10, share=10, at=now() + lease() - timedelta(seconds=1))
        == []
    )
    (found,) = take(quick=False, most=10, each=10, share=10, at=now() + lease())
    assert (found.notice.id, found.body) == (lost.notice.id, lost.body)
    deliver_one(found)

    deliver_one(
        lost
    )  # It was not dead after all, only late: heard twice, written down as two tries.
    assert sequences(shop.at("/hook"), endpoint) == [("pay_a", 1), ("pay_a", 1)]
    assert list(NoticeAttempt.objects.values_list("number", flat=True)) == [1, 2]
    deliver()
    assert statuses() == {"delivered": 2}


def test_a_late_failure_changes_nothing_of_what_another_has_taken(shop, listens, happens):
    listens()
    happens("pay_a", 1)
    (lost,) = take(quick=False, most=10, each=10, share=10, at=now())
    (found,) = take(quick=False, most=10, each=10, share=10, at=now() + lease())
    shop.answers["/hook"] = [BROKEN]
    deliver_one(lost)

    notice = Notice.objects.get()
    assert (notice.taken_by, notice.failures, notice.status) == (
        found.notice.taken_by,
        0,
        "pending",
    )
    assert NoticeAttempt.objects.count() == 1


def test_a_late_success_counts_whoever_has_it_now(shop, listens, happens):
    listens()
    happens("pay_a", 1, 2)
    (lost,) = take(quick=False, most=10, each=10, share=10, at=now())
    take(quick=False, most=10, each=10, share=10, at=now() + lease())
    deliver_one(lost)

    assert statuses() == {"delivered": 1, "pending": 1}
    assert Notice.objects.get(status="pending").next_try_at is not None


def test_a_task_that_lay_too_long_is_not_begun(shop, listens, happens):
    listens()
    happens("pay_a", 1)
    (task,) = take(quick=False, most=1, each=10, share=10, at=now())
    deliver_one(replace(task, taken_at=now() - lease()))

    assert shop.heard == []


def test_a_secret_that_cannot_be_unsealed_harms_nobody_else(shop, listens, happens, caplog):
    spoilt, sound = listens("/spoilt"), listens("/sound")
    WebhookEndpoint.objects.filter(id=spoilt.endpoint.id).update(
        secret=again(sound.endpoint).secret  # Moved from another row.
    )
    happens("pay_a", 1)
    deliver()

    assert (len(shop.at("/sound")), shop.at("/spoilt")) == (1, [])
    assert "notice.left" in caplog.text


def test_an_event_that_is_gone_harms_nobody_else(shop, listens, happens, caplog):
    listens()
    happens("pay_a", 1)
    happens("pay_b", 1)
    OutboxEvent.objects.filter(subject="pay_a").delete()
    deliver()

    assert len(shop.heard) == 1
    assert "notice.event_missing" in caplog.text


# -------------------------------------------------------------------------------------- the schedule


def test_the_schedule_is_three_days_long_and_spread(settings):
    settings.NOTICES_SCHEDULE = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    at = now()

    assert 72 * 3600 < sum(settings.NOTICES_SCHEDULE) < 80 * 3600
    for failures, pause in enumerate(settings.NOTICES_SCHEDULE[1:], start=1):
        drawn = {(next_try(failures, at=at) - at).total_seconds() for _ in range(50)}
        assert all(0.9 * pause <= one <= 1.1 * pause for one in drawn)
        assert len(drawn) > 40
    assert next_try(10, at=at) is None


def test_a_failure_is_tried_again_when_the_schedule_says(shop, listens, happens, settings):
    settings.NOTICES_SCHEDULE = [0, 100, 1000]
    listens()
    shop.answers["/hook"] = [BROKEN]
    happens("pay_a", 1)
    for pause in (100, 1000):
        deliver()
        notice = Notice.objects.get()
        wait = (notice.next_try_at - now()).total_seconds()
        assert 0.85 * pause < wait < 1.1 * pause
        assert deliver() == 0
        Notice.objects.update(next_try_at=now())
    deliver()

    assert statuses() == {"failed": 1}
    assert len(shop.heard) == 3


def test_live_mode_never_goes_anywhere_private(shop, listens, happens, merchant):
    listens()
    with connection.cursor() as cursor:  # As if the URL had been taken when it should not.
        cursor.execute(
            "ALTER TABLE webhook_endpoint DISABLE TRIGGER webhook_endpoint_stays_what_it_is"
        )
        cursor.execute("UPDATE webhook_endpoint SET livemode = true")
        cursor.execute(
            "ALTER TABLE webhook_endpoint ENABLE TRIGGER webhook_endpoint_stays_what_it_is"
        )
    happens("pay_a", 1, livemode=True)
    deliver()

    assert shop.heard == []
    assert set(errors()) == {"address_not_allowed"}


def test_many_objects_are_told_in_the_order_of_each(shop, listens, happens):
    endpoint = listens()
    subjects = [pay() for _ in range(10)]
    for sequence in (1, 2, 3):
        for subject in subjects:
            happens(subject, sequence)
    deliver(seconds=20)

    heard = sequences(shop.at("/hook"), endpoint)
    for subject in subjects:
        assert [n for whose, n in heard if whose == subject] == [1, 2, 3]
