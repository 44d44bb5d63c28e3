"""The outbox is told: at least once, each subject's events in order."""

import pytest

from kernel.clock import now
from kernel.db import call
from kernel.ids import uuid7
from kernel.outbox.models import OutboxEvent
from kernel.outbox.relay import take_the_floor, tell

pytestmark = pytest.mark.django_db


def happen(subject, *sequences):
    for sequence in sequences:
        OutboxEvent.objects.create(
            merchant_id=uuid7(),
            livemode=False,
            topic="payment.captured",
            subject=subject,
            sequence=sequence,
            body={},
            created_at=now(),
            position=call("nextval", "outbox_event_position_seq")[0][0],
        )


def heard(into):
    def hearer(events):
        into.extend((event.subject, event.sequence) for event in events)
        return []

    return hearer


def test_every_event_is_told_once_and_in_order():
    happen("pay_a", 1, 2)
    happen("pay_b", 1)
    happen("pay_a", 3)
    told = []

    assert tell([heard(told)], at=now()) == 4
    assert tell([heard(told)], at=now()) == 0
    assert told == [("pay_a", 1), ("pay_a", 2), ("pay_b", 1), ("pay_a", 3)]


def test_an_event_not_heard_comes_again_and_holds_back_only_its_own_subject():
    happen("pay_a", 1, 2, 3)
    happen("pay_b", 1, 2)

    def deaf_to_second(events):
        return [e for e in events if e.subject == "pay_a" and e.sequence == 2]

    assert tell([deaf_to_second], at=now()) == 3
    told = []
    assert tell([heard(told)], at=now()) == 2
    assert told == [("pay_a", 2), ("pay_a", 3)]


def test_a_hearer_that_dies_is_told_again():
    happen("pay_a", 1)

    def dies(events):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        tell([dies], at=now())
    told = []
    tell([heard(told)], at=now())

    assert told == [("pay_a", 1)]


def test_one_relay_speaks_at_a_time():
    assert take_the_floor()
    assert take_the_floor()  # The same session may ask twice; another one may not:
    import psycopg
    from django.db import connection

    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": None}) as other:
        row = other.execute("SELECT pg_try_advisory_lock(%s)", [0x70617967]).fetchone()
    assert row == (False,)
