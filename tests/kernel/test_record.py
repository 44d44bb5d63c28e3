"""What is written row by row is told, and keyed, in the transaction of the change."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from kernel.db import NoTransaction
from kernel.idempotency.models import IdempotencyKey
from kernel.idempotency.replay import Bound, Key, Reply, bind, recall, store
from kernel.ids import uuid7
from kernel.outbox.models import OutboxEvent
from kernel.outbox.record import Event, record

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOSE = uuid7()


def event(number):
    return Event(
        merchant_id=WHOSE,
        livemode=False,
        topic="dispute.updated",
        subject="dp_1",
        sequence=number,
        body={"number": number, "text": "ä\u2028"},
        at=NOON,
    )


@pytest.mark.django_db
def test_events_are_written_as_they_are_and_in_their_order():
    events = [event(number) for number in (1, 2, 3)]
    record(events)

    kept = OutboxEvent.objects.order_by("position")
    assert [(one.id, one.sequence, one.body, one.created_at) for one in kept] == [
        (one.id, one.sequence, one.body, NOON) for one in events
    ]
    assert not kept.filter(told_at__isnull=False).exists()


@pytest.mark.django_db
def test_nothing_at_all_is_recorded_as_nothing():
    record([])

    assert not OutboxEvent.objects.exists()


@pytest.mark.usefixtures("commits")
def test_outside_a_transaction_nothing_is_written():
    key = Key(WHOSE, False, "k")
    with pytest.raises(NoTransaction):
        record([event(1)])
    with pytest.raises(NoTransaction):
        bind(key, mark=b"m", subject=uuid7(), at=NOON)
    with pytest.raises(NoTransaction):
        store(key, Reply(200, "{}"), at=NOON)

    assert not OutboxEvent.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_a_key_is_bound_once_and_its_reply_stored_once():
    key, subject = Key(WHOSE, False, "k"), uuid7()

    assert bind(key, mark=b"m", subject=subject, at=NOON)
    assert not bind(key, mark=b"other", subject=uuid7(), at=NOON)
    assert bind(Key(WHOSE, True, "k"), mark=b"m", subject=uuid7(), at=NOON)  # Another mode.
    assert recall(key) == Bound(b"m", subject, None)

    store(key, Reply(200, '{"first": true}'), at=NOON)
    store(key, Reply(409, "{}"), at=NOON)
    assert recall(key) == Bound(b"m", subject, Reply(200, '{"first": true}'))


@pytest.mark.django_db
def test_the_application_takes_no_event_back_not_even_from_a_part_of_the_outbox():
    with connection.cursor() as cursor:
        cursor.execute("SELECT outbox_ensure_partitions(5)")
        assert cursor.fetchone()[0] > 0  # Those of later months are guarded like the first.
        cursor.execute(
            "SELECT c.relname, p.name FROM pg_class c, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (name)"
            " WHERE c.relname LIKE 'outbox_event%' AND c.relkind IN ('r', 'p')"
            " AND has_table_privilege('paygate_app', c.oid, p.name)"
        )
        assert cursor.fetchall() == [("outbox_event", "UPDATE")]  # That it was told.
