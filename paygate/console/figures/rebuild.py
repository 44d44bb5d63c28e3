"""The figures held against the tables of money, and made anew from them: a UTC day at a time.

All facts of a day are asked of the rooms whose tables they are in (paygate.wiring), by one statement: what it counts,
it remembers as counted, so that what the relay tells afterwards is not counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import connection

from kernel.db import atomic
from paygate.wiring import FIGURES, named

DAY = timedelta(days=1)

_KEY = ("merchant_id", "livemode", "currency", "span", "what", "starts", "psp", "reason")


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _KEY)


def _buckets(of: str) -> str:
    """Facts, summed as they are counted."""
    return f"""
        SELECT whose.id AS merchant_id, c.livemode, c.currency, spans.span, c.what,
            date_trunc(spans.span, c.at, 'UTC') AS starts, c.psp, c.reason,
            count(*) AS number, sum(c.amount)::bigint AS amount
        FROM ({of}) c
        CROSS JOIN (VALUES ('hour'), ('day')) AS spans (span)
        CROSS JOIN LATERAL (VALUES (c.merchant_id), ('00000000-0000-7000-8000-000000000000'::uuid)) AS whose (id)
        WHERE spans.span = 'day' OR c.at >= %(hours)s
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""  # noqa: S608 - our own words.


_OF_THE_DAY = """f.starts >= %(since)s AND f.starts < %(until)s
        AND (f.span = 'day' OR f.starts >= %(hours)s)"""

_DIFFER = """
    WITH wanted AS ({wanted}), f AS (SELECT * FROM figure f WHERE {of_the_day})
    SELECT count(*) FROM f FULL JOIN wanted w ON {same}
    WHERE (coalesce(f.number, 0), coalesce(f.amount, 0)) <> (coalesce(w.number, 0), coalesce(w.amount, 0))"""

_REBUILD = """
    WITH truth AS MATERIALIZED ({truth}),
    wanted AS MATERIALIZED ({wanted}),
    -- What may tell otherwise later, as it was counted: on this day, or of what belongs to this day.
    was AS MATERIALIZED (
        SELECT c.* FROM figure_counted c WHERE c.what IS NOT NULL AND c.at >= %(since)s AND c.at < %(until)s
        UNION
        SELECT c.* FROM truth t JOIN figure_counted c USING (merchant_id, id, fact) WHERE c.what IS NOT NULL
    ),
    elsewhere AS (
        UPDATE figure f SET number = f.number - o.number, amount = f.amount - o.amount
        FROM ({moved}) o WHERE {same_other}
        RETURNING 1
    ),
    gone AS (
        DELETE FROM figure f WHERE {of_the_day} AND NOT EXISTS (SELECT FROM wanted w WHERE {same_wanted})
        RETURNING number
    ),
    forgotten AS (
        DELETE FROM figure_counted c USING was w
        WHERE c.merchant_id = w.merchant_id AND c.id = w.id AND c.fact = w.fact
            AND NOT EXISTS (SELECT FROM truth t WHERE t.merchant_id = w.merchant_id AND t.id = w.id AND t.fact = w.fact)
    ),
    remembered AS (
        INSERT INTO figure_counted AS c
            (merchant_id, id, fact, sequence, at, livemode, currency, psp, what, reason, amount)
            SELECT t.merchant_id, t.id, t.fact, t.sequence, t.at,
                k.livemode, k.currency, k.psp, k.what, k.reason, k.amount
            FROM truth t
            LEFT JOIN truth k ON t.sequence > 0 AND k.merchant_id = t.merchant_id AND k.id = t.id AND k.fact = t.fact
            WHERE t.sequence > 0 OR t.at >= (SELECT s.at FROM figure_since s)
            ON CONFLICT (merchant_id, id, fact) DO UPDATE SET
                sequence = excluded.sequence, at = excluded.at, livemode = excluded.livemode,
                currency = excluded.currency, psp = excluded.psp, what = excluded.what, reason = excluded.reason,
                amount = excluded.amount
                WHERE excluded.sequence > 0
    ),
    put AS (
        INSERT INTO figure AS f ({key}, number, amount)
            SELECT {key}, number, amount FROM wanted
            ON CONFLICT ({key}) DO UPDATE SET number = excluded.number, amount = excluded.amount
                WHERE (f.number, f.amount) <> (excluded.number, excluded.amount)
            RETURNING 1
    )
    SELECT (SELECT count(*) FROM put) + (SELECT count(*) FROM gone WHERE number <> 0)
        + (SELECT count(*) FROM elsewhere)"""


@cache
def _truth() -> str:
    return " UNION ALL ".join(facts.select for facts in chain(*named(FIGURES)))


@cache
def _differ() -> str:
    return _DIFFER.format(wanted=_buckets(_truth()), of_the_day=_OF_THE_DAY, same=_same("f", "w"))


@cache
def _rebuild() -> str:
    moved = """
        SELECT w.* FROM was w JOIN truth t USING (merchant_id, id, fact)
        WHERE w.at < %(since)s OR w.at >= %(until)s"""
    return _REBUILD.format(
        truth=_truth(),
        wanted=_buckets("SELECT * FROM truth"),
        moved=_buckets(moved),
        of_the_day=_OF_THE_DAY,
        same_other=_same("f", "o"),
        same_wanted=_same("f", "w"),
        key=", ".join(_KEY),
    )


def differing(day: date, *, at: datetime) -> int:
    """How many figures of a UTC day are not what the tables of money say. For a day all of which has been told."""
    return _asked(_differ(), day, at)


def rebuild(day: date, *, at: datetime) -> int:
    """Make the figures of a UTC day anew; how many were not right. What the relay tells waits for it meanwhile."""
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('figure_hear'))")
        return _asked(_rebuild(), day, at)


def days(since: date, until: date) -> Iterator[date]:
    """Both of them, and all between."""
    for number in range((until - since).days + 1):
        yield since + timedelta(days=number)


def hours_kept_since(at: datetime) -> datetime:
    """From when on there are figures of hours; of what is older there are those of days."""
    today = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=settings.FIGURES_HOURS_KEPT_DAYS)


def _asked(statement: str, day: date, at: datetime) -> int:
    since = datetime.combine(day, time(), UTC)
    asked: dict[str, Any] = {
        "since": since,
        "until": since + DAY,
        "hours": hours_kept_since(at),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return int(cursor.fetchone()[0])
