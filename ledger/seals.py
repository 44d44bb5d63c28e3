"""Seals: what a book had posted in a day, under a hash that goes on from the day before.

A closing ends a day for all books of the database: from then on PostgreSQL refuses what began before (LG007). Who had
passed that guard before the closing was committed has a transaction number by then, and so stands behind a watermark
taken after it: when that is reached, the day can never gain a row, and each book's part of it is sealed. Nothing of a
seal means something within one cluster only, so a restored or moved book keeps its seals.

What is hashed is written down in migrations/sql/0003_seals.up.sql. A seal is no secret: whoever may rewrite tables may
rewrite them too. So heads are told outside: in the log, in each run of the proof, in each auditor's bundle.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.clock import rfc3339
from kernel.db import atomic
from kernel.ids import encode

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)  # Between the end of a day and its closing: nobody posts for so long.
PATIENCE = (
    10.0  # Seconds to wait for whoever had written before a closing; then the next time will do.
)
_ONE_SEALER = 0x7365616C  # The advisory lock's number: "seal".


@dataclass(frozen=True, slots=True)
class Broken:
    """What does not stand as it was sealed; `merchant` is None where it is about all books."""

    livemode: bool | None
    merchant: UUID | None
    upto: datetime
    says: str

    def __str__(self) -> str:
        mode = {True: "live", False: "test", None: ""}[self.livemode]
        whose = encode("mer", self.merchant) if self.merchant else "all books"
        return f"{whose} {mode} up to {rfc3339(self.upto)}: {self.says}"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest roll: whoever keeps it can tell later whether any of the days up to it was rewritten."""

    livemode: bool
    upto: datetime
    hash: str


def seal(*, upto: datetime | None = None, patience: float = PATIENCE) -> int:
    """Close each UTC day that is over, or all until `upto`, and seal every book's part; how many seals were made.

    Any number of these may run at once, beside any number of posters: one does the work. A transaction left open
    makes seals wait and nothing else.
    """
    if not _close(upto):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED)
        waiting = [moment for (moment,) in cursor.fetchall()]
    if not waiting:
        return 0
    if not _others_have_ended(patience):
        log.error("ledger.seals_wait", extra={"upto": rfc3339(waiting[0])})
        return 0
    made = 0
    for moment in waiting:
        if (sealed := _seal(moment)) is None:
            break  # Somebody else is at it, and goes on from there.
        made += sealed
    return made


def _close(upto: datetime | None) -> bool:
    """Closings for what is over; False when somebody else is at it."""
    with atomic(), connection.cursor() as cursor:
        if not _alone(cursor):
            return False
        cursor.execute(_CLOSE, {"upto": upto, "grace": GRACE.total_seconds()})
    return True


_CLOSE = """
    INSERT INTO ledger_closing (after, upto)
    SELECT lag(days.ends, 1, span.last) OVER (ORDER BY days.ends), days.ends
    FROM (
        SELECT coalesce(c.last, to_timestamp(0)) AS last,
            coalesce(c.last, (SELECT min(posted_at) FROM ledger_transaction)) AS since,
            coalesce(%(upto)s::timestamptz, clock_timestamp() - %(grace)s * interval '1 second') AS until
        FROM (SELECT max(upto) AS last FROM ledger_closing) c
    ) span,
    LATERAL (
        SELECT midnight AT TIME ZONE 'UTC' AS ends FROM generate_series(
            date_trunc('day', span.since AT TIME ZONE 'UTC') + interval '1 day',
            span.until AT TIME ZONE 'UTC', interval '1 day'
        ) AS midnight
        UNION
        SELECT %(upto)s::timestamptz
    ) days
    WHERE days.ends > span.last AND days.ends <= span.until AND span.since IS NOT NULL
    ORDER BY days.ends"""


def _others_have_ended(patience: float) -> bool:
    """Wait until every transaction that has a number now has ended, whichever way.

    A number is drawn to know which those are: a snapshot's xmax comes after the newest that has ended, and a younger
    one that is still writing is not below it.
    """
    give_up = time.monotonic() + patience
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_current_xact_id()::text"
        )  # A transaction of its own: it has ended by now.
        newest = cursor.fetchone()
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", newest)
            if cursor.fetchone() == (True,):
                return True
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)


def _seal(upto: datetime) -> int | None:
    """A closing's seals and rolls, in one commit; how many seals. None when somebody else is at it."""
    with atomic(), connection.cursor() as cursor:
        if not _alone(cursor):
            return None
        cursor.execute("SELECT FROM ledger_roll WHERE upto = %s", [upto])
        if cursor.rowcount:
            return 0
        cursor.execute("SELECT ledger_seal_closing(%s)", [upto])
        sealed: int = cursor.fetchone()[0]
    for head in heads():
        mode = "live" if head.livemode else "test"
        # Whoever keeps the log keeps this: no head can be changed in both places unseen.
        told = {"upto": rfc3339(head.upto), "mode": mode, "seals": sealed, "hash": head.hash}
        log.info("ledger.sealed", extra=told)
    return sealed


def _alone(cursor: Any) -> bool:
    """Is nobody else sealing? Nor will they until this transaction ends."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_SEALER])
    return bool(cursor.fetchone()[0])


def heads() -> list[Head]:
    """The newest roll of each mode: test, live; none before the first day is sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (livemode) livemode, upto, encode(hash, 'hex') FROM ledger_roll
            ORDER BY livemode, upto DESC"""
        )
        return [Head(*row) for row in cursor.fetchall()]


_UNSEALED = """
    SELECT c.upto FROM ledger_closing c
    WHERE NOT EXISTS (SELECT FROM ledger_roll r WHERE r.upto = c.upto) ORDER BY c.upto"""


# ---------------------------------------------------------------------------------------- verifying

_SEALS_CHAINED = """
    SELECT s.livemode, s.merchant_id, s.upto, format('seal %%s does not go on from the one before', s.number)
    FROM (
        SELECT s, s.*, lag(s.number, 1, 0) OVER book AS number_before,
            lag(s.hash, 1, decode(repeat('00', 32), 'hex')) OVER book AS hash_before
        FROM ledger_seal s
        WHERE %(merchant)s::uuid IS NULL OR s.merchant_id = %(merchant)s::uuid
        WINDOW book AS (PARTITION BY s.merchant_id, s.livemode ORDER BY s.number)
    ) s
    LEFT JOIN ledger_closing c ON c.upto = s.upto AND c.after = s.after
    WHERE c.upto IS NULL OR s.number <> s.number_before + 1 OR s.previous <> s.hash_before
        OR s.hash <> ledger_hash_of(s.s)
    ORDER BY s.merchant_id, s.livemode, s.number"""

_ROLLS_CHAINED = """
    SELECT NULL, NULL, c.upto, 'the closing does not go on from the one before' FROM (
        SELECT c.*, lag(c.upto, 1, to_timestamp(0)) OVER (ORDER BY c.upto) AS before FROM ledger_closing c
    ) c WHERE c.after <> c.before
    UNION ALL
    SELECT r.livemode, NULL, r.upto, 'the roll does not go on from the one before'
    FROM (
        SELECT r.*, lag(r.upto, 1, to_timestamp(0)) OVER mode AS before,
            lag(r.hash, 1, decode(repeat('00', 32), 'hex')) OVER mode AS hash_before
        FROM ledger_roll r WINDOW mode AS (PARTITION BY r.livemode ORDER BY r.upto)
    ) r
    LEFT JOIN ledger_closing c ON c.upto = r.upto AND c.after = r.before
    WHERE c.upto IS NULL OR r.previous <> r.hash_before
    UNION ALL
    SELECT r.livemode, NULL, r.upto, 'the roll is not of the seals that are there'
    FROM ledger_roll r
    WHERE r.hash IS DISTINCT FROM ledger_hash_of(r)
        OR r.seals <> (SELECT count(*) FROM ledger_seal s WHERE s.upto = r.upto AND s.livemode = r.livemode)
    ORDER BY 3, 1"""

_SEALED = """
    SELECT c.after, c.upto FROM ledger_closing c
    WHERE EXISTS (SELECT FROM ledger_roll r WHERE r.upto = c.upto)
        AND (%(since)s::timestamptz IS NULL OR c.upto > %(since)s::timestamptz)
    ORDER BY c.upto"""

_CONTENTS = """
    SELECT coalesce(s.livemode, b.livemode), coalesce(s.merchant_id, b.merchant_id), %(upto)s::timestamptz,
        CASE
            WHEN s.hash IS NULL THEN format('%%s transactions that no seal knows', b.transactions)
            WHEN b.content IS NULL THEN format('all %%s transactions of seal %%s are gone', s.transactions, s.number)
            WHEN b.transactions <> s.transactions
                THEN format('seal %%s has %%s transactions, here are %%s', s.number, s.transactions, b.transactions)
            WHEN b.entries <> s.entries
                THEN format('seal %%s has %%s entries, here are %%s', s.number, s.entries, b.entries)
            WHEN b.sums <> s.sums THEN format('seal %%s has debits of %%s, here are %%s', s.number, s.sums, b.sums)
            ELSE format('what seal %%s is of was changed', s.number)
        END
    FROM (
        SELECT * FROM ledger_seal s
        WHERE s.upto = %(upto)s::timestamptz
            AND (%(merchant)s::uuid IS NULL OR s.merchant_id = %(merchant)s::uuid)
    ) s
    FULL JOIN ledger_contents(%(after)s::timestamptz, %(upto)s::timestamptz, %(merchant)s::uuid) b
        ON b.merchant_id = s.merchant_id AND b.livemode = s.livemode
    WHERE (s.transactions, s.entries, s.sums, s.content) IS DISTINCT FROM
        (b.transactions, b.entries, b.sums, b.content)
    ORDER BY 2, 1"""


def verify_seals(*, merchant: UUID | None = None, since: datetime | None = None) -> list[Broken]:
    """Every chain, and every sealed day from its entries; the empty list when all stands as it was sealed.

    `merchant`: one merchant's books, without the rolls of all. `since`: entries of days that ended after it alone
    (the chains always from their beginning).
    """
    broken: list[Broken] = []
    with connection.cursor() as cursor:

        def ask(question: str, **about: Any) -> None:
            cursor.execute(question, {"merchant": merchant, **about})
            broken.extend(Broken(*row) for row in cursor.fetchall())

        ask(_SEALS_CHAINED)
        if merchant is None:
            ask(_ROLLS_CHAINED)
        cursor.execute(_SEALED, {"since": since})
        for after, upto in cursor.fetchall():
            ask(_CONTENTS, after=after, upto=upto)
    return broken
