"""What PostgreSQL refuses of closings, seals and rolls; and that without its guard it is accepted."""

from __future__ import annotations

import pytest
from django.db import connection

from ledger.post import post
from tests.ledger.conftest import NOON
from tests.ledger.test_refusals import CHECK, FOREIGN_KEY, IN_INK, UNIQUE, Attempt, try_it

SEALED = "merchant_id, livemode, upto, transactions, entries, sums, content"
OTHERS = "gen_random_uuid(), livemode, upto, transactions, entries, sums, content"
CHAINED = f"{SEALED}, number, after, previous, hash"
FOLLOWS = "ledger_closing_follows"


def seal_of(values: str, into: str = SEALED) -> str:
    return f"INSERT INTO ledger_seal ({into}) SELECT {values} FROM ledger_seal LIMIT 1;"


NEW_CLOSING = "INSERT INTO ledger_closing (after, upto) SELECT max(upto), clock_timestamp() FROM ledger_closing;"

ATTEMPTS = [
    *(
        Attempt(f"{verb} {table}", f"{sql};", IN_INK, f"ledger_{table}_in_ink", besides)
        for table, column in [("closing", "made_at"), ("seal", "sealed_at"), ("roll", "made_at")]
        for verb, sql, besides in [
            ("update of", f"UPDATE ledger_{table} SET {column} = now()", ()),
            (
                "deletion of",
                f"DELETE FROM ledger_{table}",
                ("ledger_seal_upto_fkey", "ledger_roll_upto_fkey"),
            ),
        ]
    ),
    *(
        Attempt(
            f"emptying {table}",
            f"TRUNCATE ledger_{table} CASCADE;",
            IN_INK,
            f"ledger_{table}_not_emptied",
            besides,
        )
        for table, besides in [
            ("closing", ("ledger_seal_not_emptied", "ledger_roll_not_emptied")),
            ("seal", ()),
            ("roll", ()),
        ]
    ),
    Attempt(
        "a closing that leaves something out",
        "INSERT INTO ledger_closing (after, upto) VALUES ('2020-01-01', '2020-01-02');",
        "LG008",
        FOLLOWS,
    ),
    Attempt(
        "a closing of what is not over",
        NEW_CLOSING.replace("clock_timestamp()", "now() + interval '1 hour'"),
        "LG008",
        FOLLOWS,
    ),
    Attempt(
        "a closing of nothing",
        NEW_CLOSING.replace("clock_timestamp()", "max(upto)"),
        CHECK,
        "ledger_closing_check",
        ("ledger_closing_pkey",),
    ),
    Attempt(
        "two closings of one beginning",
        NEW_CLOSING + NEW_CLOSING.replace("max(upto)", "max(after)"),
        UNIQUE,
        "ledger_closing_after_key",
        (FOLLOWS,),
    ),
    Attempt(
        "two closings of one end",
        "INSERT INTO ledger_closing (after, upto) SELECT after - interval '1 day', upto FROM ledger_closing;",
        UNIQUE,
        "ledger_closing_pkey",
        (FOLLOWS,),
    ),
    Attempt(
        "a seal of what is sealed",
        NEW_CLOSING + seal_of(SEALED),
        "LG008",
        "ledger_seal_chained",
        # Without the chain it has no number either.
    ),
    Attempt(
        "a seal for a closing that has its roll",
        seal_of(OTHERS),
        "LG008",
        "ledger_seal_before_the_roll",
    ),
    Attempt(
        "a seal of nothing",
        NEW_CLOSING
        + seal_of(
            "gen_random_uuid(), livemode, (SELECT max(upto) FROM ledger_closing), 0, 0, '', content"
        ),
        CHECK,
        "ledger_seal_transactions_check",
    ),
    Attempt(
        "a seal for no closing",
        seal_of(
            OTHERS.replace("upto", "upto + interval '1 day'") + ", 1, after, previous, hash",
            CHAINED,
        ),
        FOREIGN_KEY,
        "ledger_seal_upto_fkey",
        ("ledger_seal_chained",),
    ),
    Attempt(
        "two seals of one number",
        seal_of(CHAINED, CHAINED),
        UNIQUE,
        "ledger_seal_pkey",
        ("ledger_seal_chained", "ledger_seal_before_the_roll"),
    ),
    Attempt(
        "a roll that leaves a closing out",
        NEW_CLOSING
        + "SELECT pg_sleep(0.001);"
        + NEW_CLOSING
        + "INSERT INTO ledger_roll (livemode, upto, seals, previous, hash)"
        " SELECT true, max(upto), 0, '', '' FROM ledger_closing;",
        "LG008",
        "ledger_roll_chained",
    ),
    Attempt(
        "a roll of no closing",
        "INSERT INTO ledger_roll (livemode, upto, seals, previous, hash)"
        " SELECT livemode, upto + interval '1 day', seals, previous, hash FROM ledger_roll;",
        FOREIGN_KEY,
        "ledger_roll_upto_fkey",
        ("ledger_roll_chained",),
    ),
    Attempt(
        "two rolls of one closing",
        "INSERT INTO ledger_roll (livemode, upto, seals, previous, hash)"
        " SELECT livemode, upto, seals, previous, hash FROM ledger_roll;",
        UNIQUE,
        "ledger_roll_pkey",
        ("ledger_roll_chained",),
    ),
]


@pytest.fixture
def sealed(db, captured):
    """One sealed range, in the test's own transaction."""
    post(captured("att_1"), effective_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_closing (after, upto) VALUES (to_timestamp(0), clock_timestamp()) RETURNING upto"
        )
        cursor.execute("SELECT ledger_seal_closing(%s)", cursor.fetchone())
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def drop(guard: str) -> None:
    """Drop the trigger or constraint of that name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT format('DROP TRIGGER %%I ON %%s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t
            WHERE t.tgname = %(guard)s
            UNION ALL
            SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', c.conrelid::regclass, c.conname)
            FROM pg_constraint c WHERE c.conname = %(guard)s""",
            {"guard": guard},
        )
        statements = cursor.fetchall()
        assert statements, f"there is no guard {guard}"
        for (statement,) in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_the_owner_too_is_refused(sealed, attempt):
    for other in attempt.besides:
        drop(other)
    assert try_it(attempt, "") == attempt.state


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_without_its_guard_it_would_be_accepted(sealed, attempt):
    for guard in (*attempt.besides, attempt.guard):
        drop(guard)
    # A chain that is not made is an incomplete row.
    unchained = "23502" if attempt.sql.endswith(seal_of(SEALED)) else None
    assert try_it(attempt, "") == unchained


def test_every_guard_of_seals_has_an_attempt(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT tgname FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text ~ '^ledger_(closing|seal|roll)$'
            UNION
            SELECT conname FROM pg_constraint
            WHERE conrelid::regclass::text ~ '^ledger_(closing|seal|roll)$' AND contype IN ('c', 'u', 'p', 'f')""")
        guards = {name for (name,) in cursor.fetchall()}
    assert guards == {attempt.guard for attempt in ATTEMPTS}
