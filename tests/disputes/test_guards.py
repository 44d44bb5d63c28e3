"""What PostgreSQL refuses of disputes, whoever asks (these tests connect as the owner)."""

import pytest
from django.db import connection

from tests.disputes.conftest import reinstated, withdrawn
from tests.payments.test_guards import refused

pytestmark = pytest.mark.django_db

STEP = "UPDATE dispute SET sequence = sequence + 1, "


@pytest.fixture
def dispute(case, api, puppet):
    """One with two rounds, evidence, and an act that is done."""
    one = case()
    one.heard("needs_response", withdrawn("a"))
    path = f"disputes/{one.dispute.public_id}"
    api.post(f"{path}/evidence", {"explanation": "x"})
    api.post(f"{path}/evidence", {"explanation": "y"})
    api.post(f"{path}/submit")
    one.heard("won", reinstated("b"), hours=9)
    return one.heard("needs_response", withdrawn("c"), hours=10, stage="pre_arbitration")


def test_a_lawful_change_is_accepted(dispute):
    assert refused(f"{STEP} reason_code = 'x'") == ""
    assert refused(f"{STEP} status = 'under_review'") == ""


@pytest.mark.parametrize(
    "change, sqlstate",
    [
        ("currency = 'EUR'", "PG062"),
        ("payment_id = id", "PG062"),
        ("psp = 'adyen'", "PG062"),
        ("livemode = true", "PG062"),
        ("fee = 0", "PG062"),
        ("created_at = now()", "PG062"),
        ("stage = 'chargeback'", "PG063"),
        ("status = 'nonsense'", "PG063"),
        ("status = 'won'", "23514"),  # Without a moment at which it was decided.
        ("closed_at = now()", "23514"),
        ("amount = 0", "23514"),
        ("outstanding = -1", "23514"),
        ("reminders = 5", "23514"),
    ],
)
def test_an_unlawful_change_is_refused(dispute, change, sqlstate):
    assert refused(STEP + change) == sqlstate


def test_a_change_that_does_not_count_is_refused(dispute):
    assert refused("UPDATE dispute SET reason_code = 'x'") == "PG061"


BACK = STEP + "status = 'needs_response', closed_at = NULL"


def test_what_was_decided_is_open_again_only_in_a_further_stage(case):
    case().heard("won", withdrawn("a"))

    assert refused(BACK) == "PG063"
    assert refused(f"{BACK}, stage = 'pre_arbitration'") == ""


@pytest.mark.parametrize(
    "table, column",
    [
        ("dispute_report", "standing = 'won'"),
        ("dispute_movement", "amount = 1"),
        ("dispute_case", "psp_reference = 'x'"),
    ],
)
def test_what_was_heard_is_written_in_ink(dispute, table, column):
    assert refused(f"UPDATE {table} SET {column}") == "PG064"
    assert refused(f"DELETE FROM {table}") == "PG064"


@pytest.mark.parametrize("table", ["dispute", "dispute_round", "dispute_evidence", "dispute_act"])
def test_nothing_of_a_dispute_is_deleted(dispute, table):
    assert refused(f"DELETE FROM {table}") == "PG064"


def copied(table, **changed):
    """Insert a row's like, with another id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    values = [changed.get(name, "gen_random_uuid()" if name == "id" else name) for name in columns]
    return f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} ORDER BY id LIMIT 1"


@pytest.mark.parametrize(
    "table, changed, sqlstate",
    [
        ("dispute_case", {}, "23505"),
        ("dispute_case", {"psp_reference": "'another'"}, ""),
        ("dispute_report", {}, "23505"),
        ("dispute_movement", {}, "23505"),
        ("dispute_movement", {"psp_reference": "'another'"}, ""),
        ("dispute_movement", {"psp_reference": "'another'", "amount": "0"}, "23514"),
        ("dispute_movement", {"psp_reference": "'another'", "direction": "'lent'"}, "23514"),
        ("dispute_round", {"number": "3"}, "23505"),  # The same withdrawal once more.
        ("dispute_act", {}, ""),
        ("dispute_act", {"finished_at": "NULL"}, "23514"),
        ("dispute_act", {"outcome": "'unknown'"}, "23514"),
        ("dispute_evidence", {"replaced_at": "NULL"}, "23505"),  # Two texts of a kind.
        ("dispute_evidence", {"stored_as": "'a'"}, "23514"),  # A text and a file.
        ("dispute_evidence", {"text": "''"}, "23514"),  # Neither.
    ],
)
def test_a_row_that_contradicts_another_or_itself_is_refused(dispute, table, changed, sqlstate):
    assert refused(copied(table, **changed)) == sqlstate


def test_a_dispute_has_one_open_act(dispute):
    opened = copied("dispute_act", finished_at="NULL", outcome="''")

    assert refused(opened) == ""
    assert refused(f"{opened}; {opened}") == "23505"


def test_a_closed_act_is_history(dispute):
    assert refused("UPDATE dispute_act SET outcome = 'declined'") == "PG064"
    assert refused("UPDATE dispute_act SET finished_at = NULL, outcome = ''") == "PG064"


@pytest.mark.parametrize(
    "change, sqlstate",
    [
        ("amount = 1", "PG064"),
        ("fee = 0", "PG064"),
        ("returned = 1 WHERE number = 1", "PG064"),
        ("reinstatement = NULL, returned = 0 WHERE number = 1", "PG064"),
        ("returned = 1 WHERE number = 2", "23514"),
        ("returned = amount + 1, reinstatement = withdrawal WHERE number = 2", "23514"),
        ("lost_as = id", "23514"),
        ("times_lost = times_lost - 1", "PG064"),
        ("times_lost = 1, lost_as = id WHERE number = 2", ""),
    ],
)
def test_money_once_booked_stays_booked(dispute, change, sqlstate):
    assert refused(f"UPDATE dispute_round SET {change}") == sqlstate


def test_evidence_is_replaced_and_not_altered(dispute):
    assert refused("UPDATE dispute_evidence SET text = 'z' WHERE replaced_at IS NULL") == "PG064"
    assert refused("UPDATE dispute_evidence SET replaced_at = NULL") == "PG064"
    assert (
        refused("UPDATE dispute_evidence SET replaced_at = now() WHERE replaced_at IS NULL") == ""
    )


@pytest.mark.parametrize(
    "guard, then_accepted",
    [
        ("DROP TRIGGER dispute_moves_legally ON dispute", "UPDATE dispute SET stage = 'inquiry'"),
        (
            "ALTER TABLE dispute DROP CONSTRAINT dispute_is_closed_by_a_decision",
            f"{STEP} closed_at = now()",
        ),
        (
            "DROP TRIGGER dispute_report_in_ink ON dispute_report",
            "UPDATE dispute_report SET standing = 'won'",
        ),
        (
            "DROP TRIGGER dispute_movement_in_ink ON dispute_movement",
            "UPDATE dispute_movement SET amount = 1",
        ),
        (
            "DROP TRIGGER dispute_round_in_ink ON dispute_round",
            "UPDATE dispute_round SET returned = 1 WHERE number = 1",
        ),
        (
            "ALTER TABLE dispute_round DROP CONSTRAINT dispute_round_gives_back_by_a_movement",
            "UPDATE dispute_round SET returned = 1 WHERE number = 2",
        ),
        (
            "DROP TRIGGER dispute_act_stays_closed ON dispute_act",
            "UPDATE dispute_act SET outcome = 'declined'",
        ),
        (
            "DROP TRIGGER dispute_evidence_in_ink ON dispute_evidence",
            "UPDATE dispute_evidence SET text = 'z' WHERE replaced_at IS NULL",
        ),
    ],
)
def test_it_is_this_very_guard_that_refuses(dispute, guard, then_accepted):
    assert refused(then_accepted) != ""
    assert refused(f"SET LOCAL lock_timeout = '5s'; {guard}; {then_accepted}") == ""


def test_the_application_may_not_take_back_what_was_heard(dispute):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'paygate_app'")
        if cursor.fetchone() == (0,):
            pytest.skip("no such role here")
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = 'paygate_app' AND table_name LIKE 'dispute%'"
        )
        granted = set(cursor.fetchall())

    assert not {table for table, right in granted if right in {"DELETE", "TRUNCATE"}}
    assert {table for table, right in granted if right == "UPDATE"} == {
        "dispute",
        "dispute_round",
        "dispute_evidence",
        "dispute_act",
    }
