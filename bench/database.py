"""What PostgreSQL counts by itself: WAL, writing transactions, and updates that touched no index."""

from collections.abc import Mapping

import psycopg

from stack.up import Stack

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
