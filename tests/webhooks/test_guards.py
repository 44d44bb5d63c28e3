"""What PostgreSQL refuses of what was told, whoever asks; and the graph that is drawn twice."""

import re

import pytest
from django.db import DatabaseError, connection, transaction
from django_fsm import TransitionNotAllowed

from paygate.webhooks.models import PspEvent, State, arrows
from tests.webhooks.signed import stripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def received(silent):
    stripe().send()


@pytest.fixture
def settled(received):
    with connection.cursor() as cursor:
        cursor.execute(SETTLE)


SETTLE = "UPDATE psp_event SET state = 'applied', settled_at = now(), next_try_at = NULL"
DECIDED = "decided_by = 'ada', decided_why = 'seen to', decided_at = now()"


def refused(sql):
    """The SQLSTATE with which the statement is refused; "" when it is not."""
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except DatabaseError as error:
            transaction.set_rollback(True)
            return error.__cause__.sqlstate
        transaction.set_rollback(True)
        return ""


def test_lawful_changes_are_accepted(received):
    assert refused(SETTLE) == ""
    assert refused("UPDATE psp_event SET tries = 2, next_try_at = now(), why = 'too early'") == ""
    assert refused("UPDATE psp_event SET state = 'quarantined', next_try_at = NULL") == ""


@pytest.mark.parametrize(
    "change",
    [
        "payload = '{}'",
        "payload = jsonb_set(payload, '{type}', '\"payment_intent.succeeded\"')",
        "kind = 'payment_intent.succeeded'",
        "key = 'evt_other'",
        "psp = 'adyen'",
        "livemode = true",
        "said_at = now()",
        "received_at = received_at - interval '1 day'",
        "id = gen_random_uuid()",
    ],
)
def test_what_was_said_never_changes(received, change):
    assert refused(f"UPDATE psp_event SET {change}") == "PG042"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'set_aside', settled_at = now(), next_try_at = NULL, " + DECIDED,
        "state = 'nonsense', next_try_at = NULL",
    ],
)
def test_there_are_no_other_ways(received, change):
    assert refused(f"UPDATE psp_event SET {change}") == "PG041"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'received', settled_at = NULL, next_try_at = now()",
        "state = 'quarantined', settled_at = NULL",
        "settled_at = now() + interval '1 day'",
        "result = 'something else'",
        "tries = 9",
        DECIDED,
    ],
)
def test_what_is_settled_is_settled(settled, change):
    assert refused(f"UPDATE psp_event SET {change}") == "PG041"


@pytest.mark.parametrize(
    "change",
    [
        "next_try_at = NULL",
        "state = 'applied', settled_at = now()",
        "state = 'applied', next_try_at = NULL",
        "state = 'quarantined', settled_at = now(), next_try_at = NULL",
        "payload = NULL",
        "decided_by = 'ada'",
        "decided_at = now()",
        "decided_by = 'ada', decided_at = now()",
    ],
)
def test_halves_are_refused(received, change):
    assert refused(f"UPDATE psp_event SET {change}") == "23514"


def test_nothing_is_set_aside_by_nobody(received):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE psp_event SET state = 'quarantined', next_try_at = NULL")

    assert refused("UPDATE psp_event SET state = 'set_aside', settled_at = now()") == "23514"
    assert refused(f"UPDATE psp_event SET state = 'set_aside', settled_at = now(), {DECIDED}") == ""


def test_what_was_told_is_kept(settled):
    assert refused("DELETE FROM psp_event") == "PG043"
    assert refused("UPDATE psp_event SET payload = NULL") == ""  # After 90 days.


def test_the_same_thing_is_kept_once(received):
    assert (
        refused("""
            INSERT INTO psp_event (id, psp, livemode, key, kind, payload, said_at, received_at, next_try_at)
            SELECT gen_random_uuid(), psp, livemode, key, kind, payload, said_at, received_at, now() FROM psp_event
        """)
        == "23505"
    )


@pytest.mark.parametrize(
    "guard, then_accepted",
    [
        (
            "DROP TRIGGER psp_event_keeps_what_was_said ON psp_event",
            "UPDATE psp_event SET kind = 'payment_intent.succeeded'",
        ),
        (
            "DROP TRIGGER psp_event_moves_legally ON psp_event",
            f"UPDATE psp_event SET state = 'set_aside', settled_at = now(), next_try_at = NULL, {DECIDED}",
        ),
        ("DROP TRIGGER psp_event_is_kept ON psp_event", "DELETE FROM psp_event"),
        (
            "ALTER TABLE psp_event DROP CONSTRAINT psp_event_is_settled_or_not",
            "UPDATE psp_event SET state = 'applied', next_try_at = NULL",
        ),
        (
            "ALTER TABLE psp_event DROP CONSTRAINT psp_event_has_its_turn_while_it_waits",
            "UPDATE psp_event SET next_try_at = NULL",
        ),
        (
            "ALTER TABLE psp_event DROP CONSTRAINT psp_event_keeps_what_is_needed",
            "UPDATE psp_event SET payload = NULL",
        ),
        (
            "ALTER TABLE psp_event DROP CONSTRAINT psp_event_decision_has_a_name_and_a_reason",
            "UPDATE psp_event SET decided_by = 'ada'",
        ),
    ],
)
def test_it_is_this_very_guard_that_refuses(received, guard, then_accepted):
    assert refused(then_accepted) != ""
    assert refused(f"SET LOCAL lock_timeout = '5s'; {guard}; {then_accepted}") == ""


# -------------------------------------------------------------------------------------- the graph


def test_the_database_knows_the_same_arrows_as_the_model():
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, target FROM psp_event_arrows()")
        drawn = set(cursor.fetchall())

    assert drawn == arrows()


def test_the_page_of_the_house_draws_them_too(root):
    page = (root / "docs/house.md").read_text().partition("\n## The states of what a PSP told\n")[2]
    drawn = re.findall(r"^    (\w+) --> (\w+)$", page.partition("\n## ")[0], re.MULTILINE)

    assert set(drawn) == arrows()


def test_every_state_can_be_reached_and_the_settled_ones_are_ends():
    assert {target for _, target in arrows()} == set(State)
    assert {source for source, _ in arrows()} == {State.RECEIVED, State.QUARANTINED}


def test_a_state_cannot_be_assigned():
    with pytest.raises(AttributeError):
        PspEvent().state = State.APPLIED


def test_nothing_is_set_aside_that_was_not_looked_at():
    with pytest.raises(TransitionNotAllowed):
        PspEvent().set_aside()
