"""What PostgreSQL refuses of payments and attempts, whoever asks (these tests connect as the owner)."""

import pytest
from django.db import DatabaseError, connection, transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(api):
    return api.pay(psp="stripe", amount=1000, capture_method="manual").json()


def refused(sql, *arguments):
    """The SQLSTATE with which the statement is refused; "" when it is not."""
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute(sql, arguments)
        except DatabaseError as error:
            transaction.set_rollback(True)
            return error.__cause__.sqlstate
        transaction.set_rollback(True)
        return ""


STEP = "UPDATE payment SET sequence = sequence + 1, "


def test_a_lawful_change_is_accepted(held):
    assert refused(f"{STEP} description = description") == ""


@pytest.mark.parametrize(
    "change, sqlstate",
    [
        ("amount_captured = 1001", "23514"),
        ("amount_authorized = 1001", "23514"),
        ("amount_captured = 500, amount_refunded = 400, amount_refund_pending = 101", "23514"),
        ("amount_refund_pending = 1", "23514"),
        ("fee = 1", "23514"),
        ("amount = 2000", "PG012"),
        ("currency = 'EUR'", "PG012"),
        ("livemode = true", "PG012"),
        ("state = 'captured'", "PG013"),
        ("state = 'failed'", "PG013"),
        ("state = 'nonsense'", "PG013"),
    ],
)
def test_an_unlawful_change_is_refused(held, change, sqlstate):
    assert refused(STEP + change) == sqlstate


def test_a_change_that_does_not_count_is_refused(held):
    assert refused("UPDATE payment SET description = 'x'") == "PG011"


def test_payments_and_attempts_are_kept(held):
    assert refused("DELETE FROM payment_attempt") == "PG015"
    assert refused("DELETE FROM payment") == "PG015"


def test_a_closed_attempt_is_history(held):
    assert refused("UPDATE payment_attempt SET outcome = 'declined'") == "PG014"
    assert refused("UPDATE payment_attempt SET finished_at = NULL, outcome = ''") == "PG014"


def test_a_payment_has_one_open_attempt(held):
    copy = """
        INSERT INTO payment_attempt
        SELECT merchant_id, gen_random_uuid(), payment_id, 'capture', psp, amount, final, token, result, route, '',
            '', '', '', '', '', started_at, NULL, NULL, 0, NULL
        FROM payment_attempt, generate_series(1, {})
    """
    assert refused(copy.format(1)) == ""
    assert refused(copy.format(2)) == "23505"


def test_an_attempt_is_closed_exactly_when_it_has_an_answer(held):
    assert (
        refused("""
            INSERT INTO payment_attempt
            SELECT merchant_id, gen_random_uuid(), payment_id, 'capture', psp, amount, final, token, result, route, '',
                'approved', '', '', '', '', started_at, NULL, NULL, 0, NULL
            FROM payment_attempt
        """)
        == "23514"
    )


def test_an_idempotency_key_stays_bound(held):
    assert refused("UPDATE idempotency_key SET subject = gen_random_uuid()") == "PG002"
    assert refused("UPDATE idempotency_key SET body = 'another'") == "PG002"
    assert refused("DELETE FROM idempotency_key") == "PG002"
    assert refused("UPDATE idempotency_key SET body = NULL") == ""  # After 30 days.


def test_an_event_is_history(held):
    assert refused("UPDATE outbox_event SET topic = 'payment.captured'") == "PG001"
    assert refused("UPDATE outbox_event SET told_at = now()") == ""


@pytest.mark.parametrize(
    "guard, then_accepted",
    [
        (
            "ALTER TABLE payment DROP CONSTRAINT payment_never_takes_more_than_is_held",
            STEP + "amount_authorized = 1001",
        ),
        (
            "ALTER TABLE payment DROP CONSTRAINT payment_never_gives_back_more_than_was_taken",
            STEP + "amount_refund_pending = 1",
        ),
        (
            "ALTER TABLE payment DROP CONSTRAINT payment_fee_is_a_part_of_what_was_taken",
            STEP + "fee = 1",
        ),
        (
            "DROP TRIGGER payment_moves_legally ON payment",
            "UPDATE payment SET state = 'failed', amount = 2000",
        ),
        (
            "DROP TRIGGER payment_attempt_stays_closed ON payment_attempt",
            "UPDATE payment_attempt SET outcome = 'declined'",
        ),
        (
            "DROP TRIGGER idempotency_key_stays_bound ON idempotency_key",
            "UPDATE idempotency_key SET body = 'another'",
        ),
        (
            "DROP TRIGGER idempotency_key_is_for_ever ON idempotency_key",
            "DELETE FROM idempotency_key",
        ),
        ("DROP TRIGGER outbox_event_in_ink ON outbox_event", "UPDATE outbox_event SET topic = 'x'"),
    ],
)
def test_it_is_this_very_guard_that_refuses(held, guard, then_accepted):
    assert refused(then_accepted) != ""
    assert refused(f"SET LOCAL lock_timeout = '5s'; {guard}; {then_accepted}") == ""
