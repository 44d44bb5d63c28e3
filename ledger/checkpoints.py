"""Checkpoints: balances that need not be summed again.

A checkpoint covers the entries of all transactions numbered below the watermark, the oldest transaction
still open when it was made. Whoever commits late has a higher number, so nothing is ever missed; a
transaction left open makes checkpoints lag and nothing else. They are a cache: the books without them
are the same books.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

TAIL = 1_000  # Entries behind the last checkpoint that are worth a new one.


@dataclass(frozen=True, slots=True)
class WrongCheckpoint:
    """A checkpoint that differs from the sum of the entries it covers since the one before (minor units)."""

    merchant: UUID
    account_id: int
    upto: str
    balance: int
    summed: int


def make_checkpoints(*, tail: int = TAIL, merchant: UUID | None = None) -> int:
    """Checkpoint every account with at least `tail` entries behind its last one; how many were made.

    Any number of these may run at once, beside any number of posters.
    """
    with connection.cursor() as cursor:
        # One statement, so that the watermark and the sums are of the same snapshot.
        cursor.execute(
            """
            INSERT INTO ledger_checkpoint (merchant_id, account_id, cluster, upto, balance, entries)
            SELECT a.merchant_id, a.id, here.cluster, here.watermark,
                coalesce(c.balance, 0) + t.balance, coalesce(c.entries, 0) + t.entries
            FROM (
                SELECT system_identifier AS cluster, pg_snapshot_xmin(pg_current_snapshot()) AS watermark
                FROM pg_control_system()
            ) here
            CROSS JOIN ledger_account a
            LEFT JOIN LATERAL (
                SELECT p.upto, p.balance, p.entries FROM ledger_checkpoint p
                WHERE p.merchant_id = a.merchant_id AND p.account_id = a.id AND p.cluster = here.cluster
                ORDER BY p.upto DESC LIMIT 1
            ) c ON true
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint AS balance,
                    count(*) AS entries
                FROM ledger_entry e
                WHERE e.merchant_id = a.merchant_id AND e.account_id = a.id
                    AND e.xid >= coalesce(c.upto, '0'::xid8) AND e.xid < here.watermark
            ) t
            WHERE t.entries >= %(tail)s AND (%(merchant)s::uuid IS NULL OR a.merchant_id = %(merchant)s::uuid)
            ON CONFLICT DO NOTHING""",
            {"tail": max(tail, 1), "merchant": merchant},
        )
        return int(cursor.rowcount)


def verify_checkpoints(*, merchant: UUID | None = None) -> list[WrongCheckpoint]:
    """Every checkpoint against its entries; the empty list when all are right.

    Each is compared with the one before it, so that every entry is summed once however many there are.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.merchant_id, p.account_id, p.upto::text, p.balance, p.balance_before + t.balance
            FROM (
                SELECT c.*,
                    lag(c.upto, 1, '0'::xid8) OVER earlier AS since,
                    lag(c.balance, 1, 0::bigint) OVER earlier AS balance_before,
                    lag(c.entries, 1, 0::bigint) OVER earlier AS entries_before
                FROM ledger_checkpoint c
                WHERE c.cluster = (SELECT system_identifier FROM pg_control_system())
                    AND (%(merchant)s::uuid IS NULL OR c.merchant_id = %(merchant)s::uuid)
                WINDOW earlier AS (PARTITION BY c.merchant_id, c.account_id ORDER BY c.upto)
            ) p
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint AS balance,
                    count(*) AS entries
                FROM ledger_entry e
                WHERE e.merchant_id = p.merchant_id AND e.account_id = p.account_id
                    AND e.xid >= p.since AND e.xid < p.upto
            ) t
            WHERE (p.balance, p.entries) <> (p.balance_before + t.balance, p.entries_before + t.entries)
            ORDER BY p.merchant_id, p.account_id, p.upto""",
            {"merchant": merchant},
        )
        return [WrongCheckpoint(*row) for row in cursor.fetchall()]
