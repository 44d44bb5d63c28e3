"""A file of separated values becomes lines: PostgreSQL parses it, and a Format says what its rows mean.

Everything is done by sets. Only what nobody could make sense of is looked at row by row, to find the first that is
wrong: the same statement is tried on ever smaller parts of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import DataError, IntegrityError, NotSupportedError, connection
from psycopg import errors

from kernel.currencies import EXPONENTS
from kernel.db import atomic
from paygate.psp.statements import Format
from paygate.reconciliation.faults import AMOUNTS, shown, wrong_with
from paygate.reconciliation.reading import Refused
from paygate.reconciliation.text import Garbled, Heading, headings, refusal, rows, split

#: The text of a file in UTF-8, from its beginning, as often as it is asked for.
Text = Callable[[], Iterator[bytes]]

_UNITS = {"currency": "c", "settled_currency": "s"}
#: Some files have them in lower case.
_CURRENCIES = ", ".join(
    f"('{said}', '{code}', {10**places})"
    for code, places in EXPONENTS.items()
    for said in (code, code.lower())
)

#: What is wrong becomes null, which no column of `told` takes, or is refused as no number and no date.
_FILL = f"""
    WITH currencies (said, code, units) AS MATERIALIZED (VALUES {_CURRENCIES})
    INSERT INTO told
    SELECT "row", kind, nullif(reference, ''), object, payment, ours, account, currency, gross::bigint,
        settled_currency, settled_gross::bigint, fee::bigint,
        CASE WHEN net = settled_gross - fee AND whole THEN net::bigint END, billed::bigint, rate, batch,
        CASE WHEN booked_at LIKE '____-__-__%%' AND plain THEN booked_at::timestamp AT TIME ZONE zone END, description
    FROM (
        SELECT *, gross = trunc(gross) AND settled_gross = trunc(settled_gross) AND fee = trunc(fee)
            AND billed = trunc(billed) AS whole
        FROM (
            SELECT l."row", l.kind, l.reference, l.object, l.payment, l.ours, l.account, c.code AS currency,
                {", ".join(f"l.{name}::numeric * {_UNITS[of]}.units AS {name}" for name, of in AMOUNTS.items())},
                s.code AS settled_currency, nullif(l.rate, '')::numeric AS rate, l.batch, l.booked_at, l.zone,
                l.description,
                concat({", ".join(f"l.{name}" for name in (*AMOUNTS, "rate", "booked_at"))}) ~ '^[0-9.: -]*$' AS plain
            FROM (%s) l
            LEFT JOIN currencies c ON c.said = l.currency
            LEFT JOIN currencies s ON s.said = l.settled_currency
            OFFSET 0
        ) n
        OFFSET 0
    ) w
"""  # noqa: S608 - our own words; a Format's are code.


def load(text: Text, formats: Sequence[Format]) -> Format:
    """Fill `raw` and `told`, which statement_stage() has made; of which format the file is.

    Raises Refused, and text.NotUtf8: either way the transaction has to be taken back to where it was before.
    """
    line, data = split(text())
    heading, chosen = _recognized(line, formats)
    with connection.cursor() as cursor:
        for statement in _raw(heading, chosen):
            cursor.execute(statement)
        copy = _copy(heading, chosen)
        try:
            ends = 0
            with atomic(), cursor.copy(copy) as into:
                for piece in data:
                    ends += piece.count(b"\n")
                    into.write(piece)
        except (*_UNPARSED, Garbled) as error:
            raise refusal(split(text())[1], heading, otherwise=_said(error)) from error
        if cursor.rowcount and cursor.rowcount != ends + 1:
            _count(text, heading, cursor.rowcount)
        try:
            with atomic():
                cursor.execute(_fill(chosen))
        except _SENSELESS as error:
            raise _first_wrong(cursor, chosen, error) from error
    return chosen


#: What PostgreSQL says of a file that it cannot parse, or of which a row has no room.
_UNPARSED = (errors.DataError, errors.ProgramLimitExceeded, errors.OutOfMemory)


#: … and of rows that a format makes no sense of: no number or no date, nothing where something must be, NaN.
_SENSELESS = (DataError, IntegrityError, NotSupportedError)


def _recognized(line: bytes, formats: Sequence[Format]) -> tuple[Heading, Format]:
    """By its headings: the format that needs most of them. Raises Refused."""
    found = headings(line)
    known = [
        (heading, one) for heading in found for one in formats if {*one.needs} <= {*heading.names}
    ]
    if not known:
        first = ", ".join(found[0].names[:4])
        raise Refused(None, f"no file of theirs has such headings: {shown(first)}")
    return max(known, key=lambda pair: len(pair[1].needs))


# ---------------------------------------------------------------------------------------------- raw


def _raw(heading: Heading, chosen: Format) -> list[str]:
    """The table for the file's rows, as text. A column that the format does not read has no name to speak of."""
    lacking = [name for name in chosen.reads if name not in heading.names]
    columns = [
        *(f"{column} text" for column in _columns(heading, chosen)),
        *(f"{_quoted(name)} text NOT NULL DEFAULT ''" for name in lacking),
    ]
    number = '"row" bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 1000)'
    return [
        "DROP TABLE IF EXISTS raw",
        f"CREATE TEMPORARY TABLE raw ({', '.join([number, *columns])}) ON COMMIT DROP",
    ]


def _columns(heading: Heading, chosen: Format) -> list[str]:
    """The file's columns, in its order. Of headings that are there twice the first counts."""
    known, columns = {*chosen.needs, *chosen.reads}, []
    for place, name in enumerate(heading.names):
        is_read = name in known and name not in heading.names[:place]
        columns.append(_quoted(name if is_read else f"column {place}"))
    return columns


def _copy(heading: Heading, chosen: Format) -> str:
    columns = _columns(heading, chosen)
    read = [_quoted(name) for name in {*chosen.needs, *chosen.reads} if name in heading.names]
    return (
        f"COPY raw ({', '.join(columns)}) FROM STDIN (FORMAT csv, DELIMITER '{heading.separator}',"
        f" ENCODING 'UTF8', FORCE_NOT_NULL ({', '.join(read)}))"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _said(error: Exception) -> str:
    """What PostgreSQL has to say."""
    if isinstance(cause := error.__cause__ or error, errors.Error):
        return cause.diag.message_primary or str(cause)
    return str(error)


def _count(text: Text, heading: Heading, copied: int) -> None:
    """There are fewer rows than lines: some line ends are within quotes, or a quote that is none swallowed them.

    PostgreSQL takes every quote for the beginning or the end of a quotation; RFC 4180 has them around whole fields.
    Where the two do not find the same number of rows nobody can tell which are meant. Raises Refused.
    """
    data = split(text())[1]
    try:
        meant = sum(1 for _ in rows(data, heading.separator))
    except csv.Error as error:
        data = split(text())[1]
        raise refusal(data, heading, otherwise=str(error)) from error
    if meant != copied:
        raise Refused(None, "its quotes are not around whole fields: nobody can tell its rows")


# --------------------------------------------------------------------------------------------- told


def _fill(chosen: Format) -> str:
    return _FILL % chosen.lines


def _first_wrong(cursor: Any, chosen: Format, error: Exception) -> Refused:
    """The first row without which the rows up to it would be good: found by halves, each tried and taken back."""
    cursor.execute('SELECT coalesce(max("row"), 0) FROM raw')
    [last] = cursor.fetchone()
    cursor.execute("ALTER TABLE raw RENAME TO raw_whole")
    first = 1
    while first < last:
        middle = (first + last) // 2
        if _fails(cursor, chosen, first, middle):
            last = middle
        else:
            first = middle + 1
    if not _fails(cursor, chosen, first, first):
        return Refused(None, _said(error))
    _show(cursor, first, first)
    try:
        with atomic():
            cursor.execute(chosen.lines)
            names = [column.name for column in cursor.description]
            line = dict(zip(names, cursor.fetchone(), strict=True))
    except _SENSELESS as deeper:
        return Refused(first, _said(deeper))
    del line["row"]
    return Refused(first, wrong_with(line) or _said(error))


class _TakenBack(Exception):
    """What was tried went well."""


def _fails(cursor: Any, chosen: Format, first: int, last: int) -> bool:
    try:
        with atomic():
            _show(cursor, first, last)
            cursor.execute(_fill(chosen))
            raise _TakenBack
    except _TakenBack:
        return False
    except _SENSELESS:
        return True


def _show(cursor: Any, first: int, last: int) -> None:
    """Let `raw` be some of the file's rows."""
    which = f'SELECT * FROM raw_whole WHERE "row" BETWEEN {first} AND {last}'  # noqa: S608 - numbers.
    cursor.execute(f"CREATE OR REPLACE TEMPORARY VIEW raw AS {which}")
