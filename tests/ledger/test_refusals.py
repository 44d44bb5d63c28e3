"""What PostgreSQL refuses of the books, tried by the owner of the tables; and that without its guard it is accepted.

Each `Attempt` is one thing that must never be. It is tried twice: with the guard in place (refused, with
the SQLSTATE named) and with that one guard dropped in a transaction that is rolled back (accepted). The
second proves that it is this guard that refuses and no accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import chart
from ledger.checkpoints import make_checkpoints
from ledger.post import Overdrawn, post, post_many
from tests.ledger.conftest import NOON, commits

# The transaction `new` is written by hand here; `old` and its accounts (by code) were posted properly before.
HEADER = """
    INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at)
    SELECT merchant_id, new, livemode, 'test.by_hand', 'hand_1', '', effective_at FROM old;"""
PAST_HEADER = """
    INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at, posted_at)
    SELECT merchant_id, new, livemode, 'test.by_hand', 'hand_1', '', effective_at, now() - interval '40 days'
    FROM old;"""
PENDING, INCOME = chart.merchant_pending(), chart.processing_fees()
RECEIVABLE, AVAILABLE = chart.psp_receivable("stripe"), chart.merchant_available()


def entries(
    *lines: tuple[str, str, int],
    of: str = "new",
    first: int = 1,
    table: str = "ledger_entry",
    currency: str = "a.currency",
    livemode: str = "a.livemode",
    posted_at: str = "now()",
) -> str:
    """SQL that writes entries in one statement, past ledger_post."""
    values = ", ".join(
        f"({number}, '{side}', '{code}', {amount})"
        for number, (side, code, amount) in enumerate(lines, start=first)
    )
    return f"""
    INSERT INTO {table} (merchant_id, transaction_id, line, account_id, livemode, guarded, currency, type, amount,
        effective_at, posted_at)
    SELECT o.merchant_id, o.{of}, v.line, a.id, {livemode}, a.guarded, {currency}, v.type, v.amount, o.effective_at,
        {posted_at}
    FROM (VALUES {values}) AS v (line, type, code, amount), old o
    JOIN ledger_account a USING (merchant_id) WHERE a.code = v.code;"""


def pair(amount: int = 5, debit: str = RECEIVABLE, credit: str = PENDING, **kwargs: object) -> str:
    return entries(("DEBIT", debit, amount), ("CREDIT", credit, amount), **kwargs)  # type: ignore[arg-type]


def checkpoint(**changed: str) -> str:
    columns = {"merchant_id": "merchant_id", "account_id": "account_id", "entries": "1"} | changed
    return f"""
    INSERT INTO ledger_checkpoint (merchant_id, account_id, cluster, upto, balance, entries)
    SELECT {columns["merchant_id"]}, {columns["account_id"]}, 0, '1'::xid8, 0, {columns["entries"]} FROM old;"""


@dataclass(frozen=True)
class Attempt:
    """`sql` is refused with `state` by `guard`; `besides` are guards that would refuse it as well."""

    title: str
    sql: str
    state: str
    guard: str
    besides: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.title.replace(" ", "_")


STANDS, MEANS = "ledger_entry_stands", "ledger_entry_within_means"
UNIQUE, FOREIGN_KEY, CHECK, IN_INK = "23505", "23503", "23514", "LG001"
CURRENT_PART = "{part}"  # The partition that is being written to.

ATTEMPTS = [
    # 1. Debits equal credits, in each currency, at the statement.
    Attempt(
        "debits that exceed credits",
        HEADER + entries(("DEBIT", RECEIVABLE, 6), ("CREDIT", PENDING, 5)),
        "LG002",
        STANDS,
    ),
    Attempt(
        "one side alone",
        HEADER + entries(("DEBIT", RECEIVABLE, 6)),
        "LG002",
        STANDS,
    ),
    Attempt(
        "an unbalanced pair written straight into a partition",
        HEADER + entries(("DEBIT", RECEIVABLE, 6), ("CREDIT", PENDING, 5), table=CURRENT_PART),
        "LG002",
        STANDS,
    ),
    # 2. A transaction's entries come all at once.
    Attempt("more entries for a transaction", pair(of="id", first=4), "LG003", STANDS),
    Attempt("entries with a gap in their numbers", HEADER + pair(first=2), "LG003", STANDS),
    Attempt("entries a second time from the first", pair(of="id"), UNIQUE, "ledger_entry_pkey"),
    Attempt(
        "more entries straight into a partition",
        pair(of="id", first=4, table=CURRENT_PART),
        "LG003",
        STANDS,
    ),
    # 3. Nothing is changed, deleted or emptied.
    *(
        Attempt(f"{verb} {table}", f"{sql};", IN_INK, f"{table}_in_ink", besides)
        for table, change in [
            ("ledger_account", "currency = 'EUR'"),
            ("ledger_transaction", "memo = 'never mind'"),
            ("ledger_entry", "type = type"),
        ]
        for verb, sql, besides in [
            ("update of", f"UPDATE {table} SET {change}", ("ledger_entry_account",)),
            (
                "deletion of",
                f"DELETE FROM {table}",
                ("ledger_entry_account", "ledger_entry_transaction", "ledger_checkpoint_account"),
            ),
        ]
    ),
    Attempt(
        "update straight in a partition",
        f"UPDATE {CURRENT_PART} SET amount = amount + 1;",
        IN_INK,
        "ledger_entry_in_ink",
    ),
    Attempt(
        "update of ledger_checkpoint",
        "UPDATE ledger_checkpoint SET balance = 0;",
        IN_INK,
        "ledger_checkpoint_in_ink",
    ),
    Attempt("emptying the entries", "TRUNCATE ledger_entry;", IN_INK, "ledger_entry_not_emptied"),
    Attempt(
        "emptying a partition", f"TRUNCATE {CURRENT_PART};", IN_INK, "ledger_entry_not_emptied"
    ),
    Attempt(
        "emptying the transactions",
        "TRUNCATE ledger_transaction CASCADE;",
        IN_INK,
        "ledger_transaction_not_emptied",
        ("ledger_entry_not_emptied",),
    ),
    Attempt(
        "emptying the accounts",
        "TRUNCATE ledger_account CASCADE;",
        IN_INK,
        "ledger_account_not_emptied",
        ("ledger_entry_not_emptied",),
    ),
    # 4. A business event happens once.
    Attempt(
        "the same event twice",
        """INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at)
        SELECT merchant_id, new, livemode, kind, source, '', effective_at FROM old;""",
        UNIQUE,
        "ledger_transaction_once",
    ),
    Attempt(
        "two events of one id",
        HEADER.replace("new", "id"),
        UNIQUE,
        "ledger_transaction_pkey",
        ("ledger_transaction_as_entries_see_it",),
    ),
    # 5. A guarded account is never debited below zero.
    Attempt("a payout of what is not there", HEADER + pair(debit=AVAILABLE), "LG005", MEANS),
    Attempt(
        "a payout of what is not there straight into a partition",
        HEADER + pair(debit=AVAILABLE, table=CURRENT_PART),
        "LG005",
        MEANS,
    ),
    # And what the five rest on.
    Attempt("a transaction of yesterday", PAST_HEADER, "LG006", "ledger_transaction_of_now"),
    Attempt(
        "a transaction of another database transaction",
        """INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at, xid)
        SELECT merchant_id, new, livemode, 'test.by_hand', 'hand_1', '', effective_at, '3' FROM old;""",
        "LG006",
        "ledger_transaction_of_now",
    ),
    Attempt(
        "entries of yesterday",
        PAST_HEADER + pair(posted_at="now() - interval '40 days'"),
        "LG006",
        STANDS,
        ("ledger_transaction_of_now",),
    ),
    Attempt(
        "an entry of nothing",
        HEADER + pair(amount=0),
        CHECK,
        "ledger_entry_amount_is_positive",
    ),
    Attempt(
        "an entry on no side",
        HEADER + entries(("debit", RECEIVABLE, 5), ("credit", PENDING, 5)),
        CHECK,
        "ledger_entry_type_is_a_side",
    ),
    Attempt("entries of no transaction", pair(), FOREIGN_KEY, "ledger_entry_transaction"),
    Attempt(
        "an entry in another currency than its account's",
        HEADER + pair(currency="'EUR'"),
        FOREIGN_KEY,
        "ledger_entry_account",
    ),
    Attempt(
        "test money in a live account",
        HEADER + pair(livemode="true"),
        FOREIGN_KEY,
        "ledger_entry_account",
        ("ledger_entry_transaction",),
    ),
    Attempt(
        "the reversal of what never was",
        """INSERT INTO ledger_transaction
            (merchant_id, id, livemode, kind, source, reverses, memo, effective_at)
        SELECT merchant_id, new, livemode, 'test.by_hand', 'hand_1', other, '', effective_at FROM old;""",
        FOREIGN_KEY,
        "ledger_transaction_reverses",
    ),
    *(
        Attempt(
            f"a transaction without a {column}",
            HEADER.replace(f"'{value}'", "''"),
            CHECK,
            f"ledger_transaction_{column}_check",
        )
        for column, value in [("kind", "test.by_hand"), ("source", "hand_1")]
    ),
    *(
        Attempt(
            title,
            f"""INSERT INTO ledger_account (merchant_id, livemode, code, currency)
            SELECT merchant_id, livemode, '{code}', '{currency}' FROM old;""",
            state,
            guard,
        )
        for title, code, currency, state, guard in [
            ("an account twice", PENDING, "USD", UNIQUE, "ledger_account_once"),
            (
                "an account outside the chart",
                "pocket money",
                "USD",
                CHECK,
                "ledger_account_code_check",
            ),
            ("an account in no currency", "assets:x", "us", CHECK, "ledger_account_currency_check"),
        ]
    ),
    Attempt(
        "two accounts of one id",
        """INSERT INTO ledger_account (merchant_id, id, livemode, code, currency)
        SELECT o.merchant_id, a.id, o.livemode, 'assets:x', 'USD' FROM old o
        JOIN ledger_account a USING (merchant_id) LIMIT 1;""",
        UNIQUE,
        "ledger_account_pkey",
    ),
    Attempt(
        "a checkpoint twice",
        checkpoint() + checkpoint(),
        UNIQUE,
        "ledger_checkpoint_pkey",
    ),
    Attempt(
        "a checkpoint of nothing",
        checkpoint(entries="0"),
        CHECK,
        "ledger_checkpoint_entries_check",
    ),
    Attempt(
        "a checkpoint of no account",
        checkpoint(account_id="-1"),
        FOREIGN_KEY,
        "ledger_checkpoint_account",
    ),
]


@pytest.fixture
def books(db, merchant, captured, payout):
    """A posted capture as the temporary table `old`; an empty guarded account; the owner asking."""
    refund = payout("ref_1", 1, kind="refund.succeeded")
    post(refund, effective_at=NOON)
    post(refund.reversal(source="ref_1"), effective_at=NOON)
    id_ = post(captured("att_1"), effective_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMPORARY TABLE old ON COMMIT DROP AS
            SELECT t.*, gen_random_uuid() AS new, gen_random_uuid() AS other, (
                SELECT min(e.account_id) FROM ledger_entry e
                WHERE e.merchant_id = t.merchant_id AND e.transaction_id = t.id
            ) AS account_id
            FROM ledger_transaction t WHERE merchant_id = %s AND id = %s""",
            [merchant, id_],
        )
        cursor.execute("""
            INSERT INTO ledger_checkpoint (merchant_id, account_id, cluster, upto, balance, entries)
            SELECT merchant_id, account_id, 1, '1'::xid8, 5, 1 FROM old""")
        cursor.execute(
            "SELECT bool_and(tableowner = current_user) FROM pg_tables WHERE tablename LIKE 'ledger_%'"
        )
        assert cursor.fetchone() == (True,), (
            "these attempts prove the most when the owner makes them"
        )
        cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', '\"ledger_entry_\"YYYY_MM')")
        [part] = cursor.fetchone()
    return part


def try_it(attempt: Attempt, part: str) -> str | None:
    """The SQLSTATE it was refused with; None when it was accepted."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attempt.sql.replace(CURRENT_PART, part))
    except DatabaseError as error:
        return error.__cause__.sqlstate
    return None


def drop(guard: str) -> None:
    """Drop the trigger or constraint of that name, wherever the books have it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT format('DROP TRIGGER %%I ON %%s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t
            WHERE t.tgname = %(guard)s AND t.tgparentid = 0
            UNION ALL
            SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', c.conrelid::regclass, c.conname)
            FROM pg_constraint c
            WHERE c.conname = %(guard)s AND c.conrelid::regclass::text IN (
                'ledger_account', 'ledger_transaction', 'ledger_entry', 'ledger_checkpoint'
            )""",
            {"guard": guard},
        )
        statements = cursor.fetchall()
        assert statements, f"there is no guard {guard}"
        for (statement,) in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_the_owner_too_is_refused(books, attempt):
    for other in attempt.besides:
        drop(other)
    assert try_it(attempt, books) == attempt.state


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_without_its_guard_it_would_be_accepted(books, attempt):
    for guard in (*attempt.besides, attempt.guard):
        drop(guard)
    assert try_it(attempt, books) is None


def test_every_guard_of_the_books_has_an_attempt(db):
    """Those of seals have theirs in test_seal_guards.py."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT tgname FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'ledger\\_%'
                AND tgrelid::regclass::text !~ '^ledger_(closing|seal|roll)$'
            UNION
            SELECT conname FROM pg_constraint
            WHERE conparentid = 0 AND conrelid::regclass::text LIKE 'ledger\\_%' AND contype IN ('c', 'u', 'p', 'f')
                AND NOT (conislocal IS FALSE) AND conrelid::regclass::text !~ '^ledger_(closing|seal|roll)$'""")
        guards = {name for (name,) in cursor.fetchall()}
    # These two let no row through that the primary key refuses: they are there to be referred to.
    referred_to = {"ledger_account_as_entries_see_it", "ledger_transaction_as_entries_see_it"}
    assert guards - referred_to == {attempt.guard for attempt in ATTEMPTS}


def test_every_partition_has_the_guards_of_the_whole(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT i.inhrelid::regclass::text, array_agg(t.tgname ORDER BY t.tgname)
            FROM pg_inherits i JOIN pg_trigger t ON t.tgrelid = i.inhrelid AND NOT t.tgisinternal
            WHERE i.inhparent = 'ledger_entry'::regclass GROUP BY 1""")
        parts = dict(cursor.fetchall())
    assert len(parts) >= 5  # The default, this month and the next three.
    for part, triggers in parts.items():
        assert triggers == [
            "ledger_entry_in_ink",
            "ledger_entry_not_emptied",
            "ledger_entry_stands",
            "ledger_entry_within_means",
        ], part


def test_a_guarded_account_cannot_be_opened_unguarded(books):
    attempt = Attempt(
        "unguarded",
        f"""INSERT INTO ledger_account (merchant_id, livemode, code, currency, guarded)
        SELECT merchant_id, livemode, '{AVAILABLE}', 'EUR', false FROM old;""",
        "428C9",
        "",
    )
    assert try_it(attempt, books) == attempt.state


@commits
@pytest.mark.parametrize(
    "posted_at, first, state",
    [("now()", 1, FOREIGN_KEY), ("o.posted_at", 1, UNIQUE), ("o.posted_at", 4, "LG003")],
)
def test_a_later_commit_adds_nothing_to_a_transaction(merchant, captured, posted_at, first, state):
    post(captured("att_1"), effective_at=NOON)
    assert in_another_commit(merchant, pair(of="id", first=first, posted_at=posted_at)) == state


@commits
@pytest.mark.parametrize("posted_at, state", [("now()", FOREIGN_KEY), ("o.posted_at", "LG006")])
def test_a_transaction_left_without_entries_stays_without(merchant, captured, posted_at, state):
    post(captured("att_1"), effective_at=NOON)
    assert in_another_commit(merchant, HEADER) is None
    by_hand = pair(of="id", posted_at=posted_at)
    assert in_another_commit(merchant, by_hand, kind="test.by_hand") == state


def in_another_commit(merchant, sql: str, kind: str = "payment.captured") -> str | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMPORARY TABLE old ON COMMIT DROP AS
            SELECT *, gen_random_uuid() AS new FROM ledger_transaction WHERE merchant_id = %s AND kind = %s""",
            [merchant, kind],
        )
        return try_it(Attempt("", sql, "", ""), "")


@commits
def test_a_guarded_debit_under_an_older_snapshot_is_refused(available, payout):
    post(available("day_1", 100_00), effective_at=NOON)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        [refused] = post_many([(payout("po_1", 1), NOON)])
    assert isinstance(refused, Overdrawn)
    assert "READ COMMITTED" in str(refused)


def test_checkpoints_of_a_transaction_still_open_are_not_made(books, merchant):
    assert make_checkpoints(tail=1, merchant=merchant) == 0
