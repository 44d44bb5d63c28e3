"""What touched some accounts of a book: a line for each transaction and currency, as their holder reads it.

Whose accounts they are is the caller's to say: `own` are the codes that a line is about, `beside` those whose
change in the same transaction is told along (what of it was a fee).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from kernel.money import Money

_LAST = 0xFFFF  # The last four digits of an entry's id are its number within the transaction.
SPARSE = 10_000  # Entries of a currency up to which a page is looked for among them alone.
AT_ONCE = 2_000  # Rows that are fetched at once of what may be long.


@dataclass(frozen=True, slots=True)
class Line:
    """`changes` are credits less debits by account, in minor units of `currency`."""

    transaction: UUID
    number: (
        int  # Of the first entry on an account of their own; with it the line's id is that entry's.
    )
    kind: str
    source: str
    effective_at: datetime
    posted_at: datetime
    currency: str
    changes: dict[str, int]

    @property
    def id(self) -> UUID:
        return UUID(int=self.transaction.int & ~_LAST | self.number)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose lines are read: a merchant, a mode, and the codes of ledger.chart that are theirs."""

    merchant: UUID
    livemode: bool
    own: Collection[str]
    beside: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines; what is None is not asked for. A span is from `since` to before `until`."""

    kind: str | None = None
    source: Sequence[str] | None = None  # Sources, whole or up to a colon: see _by_source.
    currency: str | None = None
    since: datetime | None = None  # By effective_at.
    until: datetime | None = None


_LINE = """
    SELECT t.id, l.number, t.kind, t.source, t.effective_at, t.posted_at, l.currency, l.accounts, l.amounts
    FROM ledger_transaction t
    CROSS JOIN LATERAL (
        SELECT e.currency, min(e.line) FILTER (WHERE e.account_id = ANY(%(own)s::bigint[])) AS number,
            array_agg(e.account_id) AS accounts,
            array_agg(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS amounts
        FROM ledger_entry e
        WHERE e.merchant_id = t.merchant_id AND e.transaction_id = t.id AND e.posted_at = t.posted_at
            AND e.account_id = ANY(%(told)s::bigint[])
        GROUP BY e.currency
        HAVING bool_or(e.account_id = ANY(%(own)s::bigint[]))
    ) l
    WHERE t.merchant_id = %(merchant)s AND t.livemode = %(livemode)s"""

_POSTED = """
    SELECT t.id, l.number, t.kind, t.source, t.effective_at, t.posted_at, l.currency, l.accounts, l.amounts
    FROM (
        SELECT e.transaction_id, e.posted_at, e.currency,
            min(e.line) FILTER (WHERE e.account_id = ANY(%(own)s::bigint[])) AS number,
            array_agg(e.account_id) AS accounts,
            array_agg(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS amounts
        FROM ledger_entry e
        WHERE e.merchant_id = %(merchant)s AND e.account_id = ANY(%(told)s::bigint[])
            AND e.posted_at >= %(since)s AND e.posted_at < %(until)s
        GROUP BY e.transaction_id, e.posted_at, e.currency
        HAVING bool_or(e.account_id = ANY(%(own)s::bigint[]))
    ) l
    JOIN ledger_transaction t ON t.merchant_id = %(merchant)s AND t.id = l.transaction_id
    ORDER BY l.posted_at, l.transaction_id, l.number"""


def lines(
    holder: Holder,
    wanted: Wanted = Wanted(),
    *,
    after: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Line]:
    """At most `limit` lines: older than the id `after`, newest first; or newer than `before`, oldest first.

    By the transactions' ids, which an index holds, at any depth; a currency of few entries by those.
    """
    book = _Book(holder, currency=wanted.currency)
    if not book.own:
        return []
    conditions, values = [_LINE], book.values
    for name, condition in (
        ("kind", "t.kind = %(kind)s"),
        ("since", "t.effective_at >= %(since)s"),
        ("until", "t.effective_at < %(until)s"),
    ):
        if (value := getattr(wanted, name)) is not None:
            conditions.append(f"AND {condition}")
            values[name] = value
    if wanted.source is not None:
        conditions.append("AND t.id = ANY(%(ids)s)")
        values["ids"] = _by_source(holder.merchant, wanted.source)
    elif wanted.currency is not None and (few := book.few()) is not None:
        conditions.append("AND t.id = ANY(%(ids)s)")
        values["ids"] = few
    order = "DESC"
    if after is not None:
        values |= _around(after)
        conditions.append("AND t.id <= %(last)s AND (t.id < %(first)s OR l.number < %(number)s)")
    elif before is not None:
        values |= _around(before)
        conditions.append("AND t.id >= %(first)s AND (t.id > %(last)s OR l.number > %(number)s)")
        order = "ASC"
    conditions.append(f"ORDER BY t.id {order}, l.number {order} LIMIT %(limit)s")
    return book.read(" ".join(conditions), values | {"limit": limit})


def line(holder: Holder, id_: UUID) -> Line | None:
    """One line by its id; also by the id of its transaction, of whose lines it is then the first."""
    book = _Book(holder)
    if not book.own:
        return None
    around = f"{_LINE} AND t.id BETWEEN %(first)s AND %(last)s ORDER BY t.id, l.number"
    found = book.read(around, book.values | _around(id_))
    return next((one for one in found if id_ in (one.id, one.transaction)), None)


def lines_posted(
    holder: Holder, *, currency: str, since: datetime, until: datetime
) -> Iterator[list[Line]]:
    """All lines posted from `since` to before `until`, in the order in which they were, some thousand at a time.

    So it may be any number; the transaction is open until the last.
    """
    book = _Book(holder, currency=currency)
    if not book.own:
        return
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_POSTED, book.values | {"since": since, "until": until})
        while rows := cursor.fetchmany(AT_ONCE):
            yield [book.line(row) for row in rows]


def opening(holder: Holder, *, currency: str, before: datetime) -> dict[str, Money]:
    """What stood on the holder's own accounts when everything posted before `before` was written, by code.

    From today's balances back, so that for a late month only the late entries are summed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.code, ledger_balance(a.merchant_id, a.id) - (
                SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint
                FROM ledger_entry e
                WHERE e.merchant_id = a.merchant_id AND e.account_id = a.id AND e.posted_at >= %(before)s
            )
            FROM ledger_account a
            WHERE a.merchant_id = %(merchant)s AND a.livemode = %(livemode)s AND a.currency = %(currency)s
                AND a.code = ANY(%(own)s)""",
            {
                "merchant": holder.merchant,
                "livemode": holder.livemode,
                "currency": currency,
                "before": before,
                "own": list(holder.own),
            },
        )
        return {code: Money(minor, currency) for code, minor in cursor.fetchall()}


def first_posted(merchant: UUID) -> datetime | None:
    """When the first transaction of the book was posted; None for an empty one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT posted_at FROM ledger_transaction WHERE merchant_id = %s ORDER BY id LIMIT 1",
            [merchant],
        )
        row = cursor.fetchone()
        return row[0] if row else None


def spans_with_entries(
    holder: Holder, spans: Sequence[tuple[datetime, datetime]]
) -> list[tuple[int, str]]:
    """In which of the spans (from, to before) something was posted on the holder's own accounts: (place, currency)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.place::integer - 1, a.currency
            FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) WITH ORDINALITY AS s (since, until, place)
            CROSS JOIN ledger_account a
            WHERE a.merchant_id = %(merchant)s AND a.livemode = %(livemode)s AND a.code = ANY(%(own)s)
                AND EXISTS (
                    SELECT FROM ledger_entry e
                    WHERE e.merchant_id = a.merchant_id AND e.account_id = a.id
                        AND e.posted_at >= s.since AND e.posted_at < s.until
                )
            GROUP BY 1, 2
            ORDER BY 1, 2""",
            {
                "merchant": holder.merchant,
                "livemode": holder.livemode,
                "own": list(holder.own),
                "since": [since for since, _ in spans],
                "until": [until for _, until in spans],
            },
        )
        return [(place, currency) for place, currency in cursor.fetchall()]


class _Book:
    """The holder's accounts by their numbers, in one currency or in all."""

    def __init__(self, holder: Holder, *, currency: str | None = None) -> None:
        self.holder = holder
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT a.id, a.code FROM ledger_account a
                WHERE a.merchant_id = %s AND a.livemode = %s AND a.code = ANY(%s)
                    AND (%s::text IS NULL OR a.currency = %s)""",
                [
                    holder.merchant,
                    holder.livemode,
                    [*holder.own, *holder.beside],
                    currency,
                    currency,
                ],
            )
            self.codes: dict[int, str] = dict(cursor.fetchall())
        self.own = [id_ for id_, code in self.codes.items() if code in holder.own]

    @property
    def values(self) -> dict[str, Any]:
        return {
            "merchant": self.holder.merchant,
            "livemode": self.holder.livemode,
            "own": self.own,
            "told": list(self.codes),
        }

    def few(self) -> list[UUID] | None:
        """The transactions that touched the accounts; None where they are not few."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT e.transaction_id FROM ledger_entry e
                WHERE e.merchant_id = %s AND e.account_id = ANY(%s::bigint[]) LIMIT %s""",
                [self.holder.merchant, self.own, SPARSE + 1],
            )
            found = [id_ for (id_,) in cursor.fetchall()]
        return None if len(found) > SPARSE else list(set(found))

    def read(self, query: str, values: dict[str, Any]) -> list[Line]:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return [self.line(row) for row in cursor.fetchall()]

    def line(self, row: tuple[Any, ...]) -> Line:
        id_, number, kind, source, effective_at, posted_at, currency, accounts, amounts = row
        changes: dict[str, int] = {}
        for account, amount in zip(accounts, amounts, strict=True):
            code = self.codes[account]
            changes[code] = changes.get(code, 0) + amount
        return Line(id_, number, kind, source, effective_at, posted_at, currency, changes)


def _around(id_: UUID) -> dict[str, Any]:
    """The transactions that a line's id may be of (one, in all likelihood), and its number there."""
    first = id_.int & ~_LAST
    return {"first": UUID(int=first), "last": UUID(int=first | _LAST), "number": id_.int & _LAST}


def _by_source(merchant: UUID, sources: Sequence[str]) -> list[UUID]:
    """Transactions whose source is one of these, or begins with one and a colon ("dp_…:1"); and the conversions
    that follow one of them ("dispute.opened:dp_…:1").

    Through the key (merchant, kind, source), so the kinds are asked for first, each by one step in the index.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE kinds (kind) AS (
                SELECT min(t.kind) FROM ledger_transaction t WHERE t.merchant_id = %(merchant)s
                UNION ALL
                SELECT (
                    SELECT min(t.kind) FROM ledger_transaction t
                    WHERE t.merchant_id = %(merchant)s AND t.kind > k.kind
                ) FROM kinds k WHERE k.kind IS NOT NULL
            ), sought (kind, source) AS (
                SELECT k.kind, s.source FROM kinds k, unnest(%(sources)s::text[]) AS s (source)
                UNION ALL
                SELECT 'fx.converted', k.kind || ':' || s.source
                FROM kinds k, unnest(%(sources)s::text[]) AS s (source)
            )
            SELECT t.id FROM sought s
            CROSS JOIN LATERAL (
                -- A span that holds all that begins so under any collation; what it holds beside is left out.
                -- (OFFSET 0: once for each that is sought, by index, and never by reading a whole book.)
                SELECT t.id FROM ledger_transaction t
                WHERE t.merchant_id = %(merchant)s AND t.kind = s.kind
                    AND t.source >= s.source AND t.source <= s.source || 'zzzz'
                    AND (t.source = s.source OR starts_with(t.source, s.source || ':'))
                OFFSET 0
            ) t""",
            {"merchant": merchant, "sources": list(sources)},
        )
        return list({id_ for (id_,) in cursor.fetchall()})
