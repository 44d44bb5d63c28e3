"""The bound of a pass over many merchants: the very rows that it wrote, written again by bare SQL.

One statement for each table and one commit, into tables with the same columns and indexes: without a guard, a foreign
key, an event or a line of Python. Where the rows come from is laid ready before the clock runs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one table: those that the pass inserted (`where`), and what it then did to the table."""

    table: str
    where: str = "true"
    updates: tuple[str, ...] = ()  # SET …, each a statement of its own.
    inserted: bool = True  # Or there before the pass, and only updated.


def of_transactions(*kinds: str) -> tuple[Rows, Rows]:
    """A pass's transactions of these kinds in the books, and their entries."""
    chosen = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        Rows("ledger_transaction", f"kind IN ({chosen})"),
        Rows(
            "ledger_entry",
            "(merchant_id, transaction_id) IN (SELECT t.merchant_id, t.id FROM ledger_transaction t"  # noqa: S608
            f" WHERE t.kind IN ({chosen}))",
        ),
    )


def write(
    database: psycopg.Connection[Any], rows: Sequence[Rows], *, clock: Callable[[], float]
) -> list[float]:
    """Write them once; seconds, and what passed on that `clock`."""
    with database.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        cursor.execute("CREATE SCHEMA bare")
        inserts, updates = [], []
        for one in rows:
            cursor.execute(
                f"CREATE TABLE bare.{one.table} (LIKE {one.table} INCLUDING DEFAULTS INCLUDING GENERATED"
                " INCLUDING INDEXES)"
            )
            columns = _columns(cursor, one.table)
            cursor.execute(
                f"CREATE TABLE bare.of_{one.table} AS"  # noqa: S608 - names of ours, not input.
                f" SELECT {columns} FROM {one.table} WHERE {one.where}"
            )
            insert = (
                f"INSERT INTO bare.{one.table} ({columns})"  # noqa: S608 - as above.
                f" SELECT {columns} FROM bare.of_{one.table}"
            )
            if one.inserted:
                inserts.append(insert)
            else:
                cursor.execute(insert)
            updates += [f"UPDATE bare.{one.table} SET {what}" for what in one.updates]  # noqa: S608
    before, began = clock(), time.perf_counter()
    with database.transaction(), database.cursor() as cursor:
        for statement in (*inserts, *updates):
            cursor.execute(statement)
    return [time.perf_counter() - began, clock() - before]


def _columns(cursor: psycopg.Cursor[Any], table: str) -> str:
    cursor.execute(
        "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    row = cursor.fetchone()
    assert row is not None
    return str(row[0])
