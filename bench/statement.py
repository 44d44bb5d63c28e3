"""A file of very many lines against as many payments.

The payments are made by SQL, in the shape that our verbs leave them in; the file is Adyen's settlement detail report,
of which one line in a thousand says another amount than ours. It is kept, read, matched, explained and posted by the
very functions that do so at night. Beside it the same bytes are copied into a table of bare text, and nothing else.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from django.db import connection

from bench.passes import megabytes, postgres_seconds
from kernel.clock import now
from paygate.reconciliation.apply import apply
from paygate.reconciliation.models import Break, Statement
from paygate.reconciliation.receive import receive

PIECE = 1 << 18  # Bytes.
TURNS = 3  # Of bare COPY; the median counts.
MERCHANTS = 1_000
ODD = 1_000  # One line in so many does not agree.
SLOWEST = 8

#: Adyen's thirty, in their old order.
HEADINGS = (
    *("Company Account", "Merchant Account", "Psp Reference", "Merchant Reference"),
    *("Payment Method", "Creation Date", "TimeZone", "Type", "Modification Reference"),
    *("Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)", "Exchange Rate"),
    *("Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)"),
    *("Scheme Fees (NC)", "Interchange (NC)", "Payment Method Variant"),
    *("Modification Merchant Reference", "Batch Number"),
    *(f"Reserved{number}" for number in range(4, 11)),
)

GUARDED = ("payment", "payment_attempt", "payment_cost")
#: Of the owner, without the guards: payments are written as they are at their end.
PAYMENTS = """
    CREATE SCHEMA IF NOT EXISTS bench;
    DROP TABLE IF EXISTS bench.captured;
    CREATE TABLE bench.captured AS
    WITH merchants AS MATERIALIZED (SELECT n AS place, uuid7() AS id FROM generate_series(0, %(merchants)s - 1) n)
    SELECT n, m.id AS merchant_id, uuid7() AS payment_id, uuid7() AS attempt_id, 1000 + n %% 20000 AS amount,
        'B' || lpad((%(lines)s + n)::text, 15, '0') AS reference
    FROM generate_series(1, %(lines)s) n JOIN merchants m ON m.place = n %% %(merchants)s;
    ALTER TABLE bench.captured ADD COLUMN fee bigint;
    UPDATE bench.captured SET fee = (amount * 60 + 5000) / 10000 + 12;

    INSERT INTO merchant (id, name, status, country, settlement_currency, created_at)
    SELECT DISTINCT merchant_id, 'Shop', 'active', 'DE', 'EUR', now() - interval '90 days' FROM bench.captured;
    INSERT INTO payment (merchant_id, id, livemode, state, sequence, amount, currency, amount_authorized,
        amount_captured, amount_refunded, amount_refund_pending, amount_disputed, fee, user_id, payment_method,
        capture_method, psp, psp_reference, risk, description, statement_descriptor, return_url, metadata, created_at,
        updated_at)
    SELECT merchant_id, payment_id, false, 'captured', 2, amount, 'EUR', amount, amount, 0, 0, 0, 0, 'shopper',
        'pm_card_visa', 'automatic', 'adyen', reference, '{}', '', '', '', '{}', now() - interval '2 days',
        now() - interval '2 days'
    FROM bench.captured;
    INSERT INTO payment_attempt (merchant_id, id, payment_id, operation, psp, amount, final, token, result, route,
        idempotency_key, outcome, decline_code, psp_code, psp_message, psp_reference, started_at, taken_at, finished_at,
        looks)
    SELECT merchant_id, attempt_id, payment_id, 'authorize', 'adyen', amount, true, '', '{}', '{}', '', 'approved', '',
        '', '', reference, now() - interval '2 days', now() - interval '2 days', now() - interval '2 days', 0
    FROM bench.captured;
    INSERT INTO payment_cost (merchant_id, payment_id, livemode, psp, psp_reference, currency, brand, country, captured,
        captures, expected, passed_on, sequence, captured_at)
    SELECT merchant_id, payment_id, false, 'adyen', reference, 'EUR', 'visa', 'DE', amount, 1, fee, false, 2,
        now() - interval '2 days'
    FROM bench.captured;
    SELECT ledger_stage();
    WITH sums AS MATERIALIZED (
        SELECT merchant_id, uuid7() AS id, sum(amount)::bigint AS amount FROM bench.captured GROUP BY 1
    )
    INSERT INTO ledger_staged (merchant_id, livemode, transaction_id, kind, source, effective_at, line, account,
        currency, type, amount)
    SELECT s.merchant_id, false, s.id, 'payment.captured', 'att_' || s.id, now() - interval '2 days', l.*, s.amount
    FROM sums s CROSS JOIN (VALUES
        (1, 'assets:psp:adyen:receivable', 'EUR', 'DEBIT'), (2, 'liabilities:merchant:pending', 'EUR', 'CREDIT')
    ) AS l (line, account, currency, type);
    SELECT ledger_post_staged();
"""
#: The file: a line for each, its fee as interchange++ gives it, and last what is paid for all of them.
FILE = """
    COPY (
        SELECT 'PaygateCompany', 'PaygateECOM', reference, public_id('pay', payment_id), 'visa',
            to_char(now() - interval '2 days', 'YYYY-MM-DD HH24:MI:SS'), 'CET', 'Settled', reference, 'EUR', '',
            (said / 100.0)::numeric(12, 2)::text, '1', 'EUR', '', ((said - fee) / 100.0)::numeric(12, 2)::text, '',
            (fee / 100.0)::numeric(12, 2)::text, '0.00', '0.00', 'visastandardcredit', public_id('att', attempt_id),
            '{number}', '', '', '', '', '', '', ''
        FROM (SELECT *, amount + CASE WHEN n % {odd} = 0 THEN 100 ELSE 0 END AS said FROM bench.captured) c
        UNION ALL
        SELECT 'PaygateCompany', 'PaygateECOM', '', '', '', to_char(now(), 'YYYY-MM-DD HH24:MI:SS'), 'CET',
            'MerchantPayout', '', 'EUR', '', '', '1', 'EUR',
            (sum(amount + CASE WHEN n % {odd} = 0 THEN 100 ELSE 0 END - fee) / 100.0)::numeric(14, 2)::text, '', '',
            '', '', '', '', 'TX{number}XT batch {number}', '{number}', '', '', '', '', '', '', ''
        FROM bench.captured
    ) TO STDOUT WITH (FORMAT csv)
"""


def reconcile(*, lines: int, owner: str, postgres: int, odd: int = ODD) -> dict[str, Any]:
    """Seconds and memory for a file of so many lines, one in `odd` of which does not agree.

    `owner` is the address of the database for who may write without its guards, `postgres` the server's process.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        psycopg.connect(owner, autocommit=True) as database,
    ):
        file = Path(folder) / f"settlement_detail_report_batch_{lines}.csv"
        _payments(database, lines)
        _write(database, file, number=lines, odd=odd)
        settings = _settings(database)
        copied = [_copied(database, file, postgres) for _ in range(TURNS)]
        measured = _reconciled(file, postgres)
    return {
        "lines": lines,
        "file_megabytes": measured.pop("bytes") / 1e6,
        "copy_seconds": median(seconds for seconds, _ in copied),
        "copy_postgres_cpu_seconds": median(busy for _, busy in copied),
        "settings": settings,
        **measured,
    }


def _payments(database: psycopg.Connection[Any], lines: int) -> None:
    values = {"lines": lines, "merchants": MERCHANTS}
    with psycopg.ClientCursor(database) as cursor, database.transaction():
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            PAYMENTS, values
        )  # Several statements in one: the client fills in the values.
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    database.execute("VACUUM ANALYZE")


def _write(database: psycopg.Connection[Any], file: Path, *, number: int, odd: int) -> None:
    select = FILE.format(number=number, odd=odd)
    with file.open("wb") as written, database.cursor() as cursor, cursor.copy(select) as rows:
        written.write(",".join(HEADINGS).encode() + b"\n")
        for piece in rows:
            written.write(piece)


def _settings(database: psycopg.Connection[Any]) -> dict[str, str]:
    names = ("shared_buffers", "work_mem", "max_wal_size", "fsync", "synchronous_commit")
    return {
        name: str(database.execute("SELECT current_setting(%s)", [name]).fetchone()[0])  # type: ignore[index]
        for name in names
    }


def _copied(database: psycopg.Connection[Any], file: Path, postgres: int) -> tuple[float, float]:
    """Seconds for the same bytes into a table of text and its commit, and of them PostgreSQL's."""
    columns = ", ".join(f'"{heading}" text' for heading in HEADINGS)
    database.execute("DROP TABLE IF EXISTS bench.bare")
    database.execute(f"CREATE TABLE bench.bare ({columns})")
    began, busy = time.perf_counter(), postgres_seconds(postgres)
    copy = "COPY bench.bare FROM STDIN (FORMAT csv, HEADER)"
    with database.cursor() as cursor, cursor.copy(copy) as rows:
        for piece in _pieces(file):
            rows.write(piece)
    return time.perf_counter() - began, postgres_seconds(postgres) - busy


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from iter(partial(opened.read, PIECE), b"")


def _reconciled(file: Path, postgres: int) -> dict[str, Any]:
    """The night's own work on it, and where its time went."""
    spent: defaultdict[str, float] = defaultdict(float)

    def measured(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent[" ".join(str(sql).split())[:100]] += time.perf_counter() - began

    before, began, busy = megabytes(), time.perf_counter(), postgres_seconds(postgres)
    statement = receive(
        "adyen", file.name, _pieces(file), livemode=False, source=Statement.Source.FOLDER, at=now()
    ).statement
    received = time.perf_counter() - began
    began = time.perf_counter()
    with connection.execute_wrapper(measured):
        applied = apply(statement, at=now())
    took = time.perf_counter() - began
    statement.refresh_from_db()
    assert applied, (statement.refused_row, statement.refused_because)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return {
        "bytes": statement.size,
        "receive_seconds": received,
        "apply_seconds": took,
        "postgres_cpu_seconds": postgres_seconds(postgres) - busy,
        "taken": statement.lines,
        "breaks": Break.objects.filter(statement_id=statement.id).count(),
        "megabytes": {"before": before, "python": megabytes(), "postgres": _most_ever(backend)},
        "statements": [
            {"sql": sql, "seconds": seconds}
            for sql, seconds in sorted(spent.items(), key=lambda one: -one[1])[:SLOWEST]
        ],
    }


def _most_ever(process: int) -> float:
    """The most memory that a process had, in MB; of PostgreSQL's with what it touched of the shared buffers."""
    status = Path(f"/proc/{process}/status").read_text()
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1024
