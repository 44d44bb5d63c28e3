"""What PostgreSQL counts by itself: WAL, writing transactions, and updates that touched no index."""

import time
from collections.abc import Mapping, Sequence

import psycopg

from stack.up import Stack

PATIENCE = 30.0  # Seconds for a PSP to say what became of refunds.
#: Rows that change after they were written, a few times each.
CHANGING = ("payment", "payment_attempt", "idempotency_key")


def counters(stack: Stack) -> dict[str, int]:
    """Bytes of WAL and numbers of writing transactions so far. Both are exact at any moment."""
    with psycopg.connect(stack.databases.app) as connection:
        row = connection.execute(
            "SELECT pg_current_wal_lsn() - '0/0', pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        ).fetchone()
    assert row is not None
    return {"wal_bytes": int(row[0]), "commits": int(row[1])}


def between(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after}


def untold(stack: Stack) -> int:
    """Events that the relay has still to tell."""
    with psycopg.connect(stack.databases.app) as connection:
        row = connection.execute(
            "SELECT count(*) FROM outbox_event WHERE told_at IS NULL"
        ).fetchone()
    assert row is not None
    return int(row[0])


def undecided(stack: Stack) -> int:
    """Refunds of which the PSP has still to say what became of them."""
    return wait_until_decided(stack, patience=0.0)


def wait_until_decided(stack: Stack, *, but: int = 0, patience: float = PATIENCE) -> int:
    """Until all events are told and all refunds decided `but` so many; how many refunds are not, at the end.

    Over one connection, since to open one takes PostgreSQL milliseconds.
    """
    until = time.monotonic() + patience
    with psycopg.connect(stack.databases.app, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM outbox_event WHERE told_at IS NULL),"
                " (SELECT count(*) FROM refund WHERE state = 'pending')"
            ).fetchone()
            assert row is not None
            if time.monotonic() >= until or (not row[0] and row[1] <= but):
                return int(row[1])
            time.sleep(0.1)


def undelivered(connection: psycopg.Connection, endpoints: Sequence[str]) -> int:
    """Notices on their way, or due, to these endpoints (their public ids)."""
    row = connection.execute(
        "SELECT count(*) FROM webhook_endpoint w JOIN notice n ON n.merchant_id = w.merchant_id"
        " AND n.webhook_endpoint_id = w.id AND n.status = 'pending'"
        " WHERE public_id('we', w.id) = ANY (%s)",
        [list(endpoints)],
    ).fetchone()
    assert row is not None
    return int(row[0])


def hot_share(stack: Stack) -> dict[str, float]:
    """Of all updates so far, the share that touched no index, by table; late by up to a minute."""
    with psycopg.connect(stack.databases.app) as connection:
        rows = connection.execute(
            """
            SELECT CASE WHEN relname LIKE 'outbox_event%%' THEN 'outbox_event' ELSE relname END,
                sum(n_tup_hot_upd)::float / sum(n_tup_upd)
            FROM pg_stat_user_tables
            WHERE (relname = ANY (%s) OR relname LIKE 'outbox_event%%') AND n_tup_upd > 0
            GROUP BY 1 ORDER BY 1""",
            [list(CHANGING)],
        ).fetchall()
    return {str(table): float(share) for table, share in rows}


def described(stack: Stack) -> dict[str, str]:
    """The server's version, and what it promises of a commit."""
    with psycopg.connect(stack.databases.app) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'),"
            " current_setting('synchronous_commit'), current_setting('shared_buffers')"
        ).fetchone()
    assert row is not None
    return dict(
        zip(("postgres", "fsync", "synchronous_commit", "shared_buffers"), row, strict=True)
    )
