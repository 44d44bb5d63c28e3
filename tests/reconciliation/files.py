"""Files of a PSP that there is not, so that what is read from them is plain: one format, and ways to write it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from paygate.psp.statements import Format
from paygate.reconciliation.models import Statement
from paygate.reconciliation.receive import receive

AT = datetime(2026, 11, 6, 3, tzinfo=UTC)

#: Columns in the order in which the tests' files have them; "note" is one that nobody knows.
COLUMNS = ("account", "id", "what", "note", "Amount", "Currency", "Fee", "Net", "when", "order")


def _accounts(_: Mapping[str, Any]) -> frozenset[str]:
    return frozenset({"PaygateECOM"})


PLAIN = Format(
    name="plain.lines",
    psp="stripe",
    needs=("id", "Amount", "Currency", "Fee", "Net", "when"),
    reads=("account", "what", "order", "batch"),
    lines="""
        SELECT "row", CASE what WHEN '' THEN 'capture' ELSE what END AS kind, id AS reference, id AS object,
            '' AS payment, "order" AS ours, account, "Currency" AS currency, "Amount" AS gross,
            "Currency" AS settled_currency, "Amount" AS settled_gross, "Fee" AS fee, "Net" AS net, '0' AS billed,
            '' AS rate, batch, "when" AS booked_at, 'UTC' AS zone, what AS description
        FROM raw WHERE id <> '' OR "Amount" <> ''""",
    identity="SELECT min(batch) FROM raw",
    accounts=_accounts,
)


def row(number: int, **changes: str) -> dict[str, str]:
    """A capture of 10.00 EUR and a fee of 0.29, changed as the test says."""
    plain = {
        "account": "PaygateECOM",
        "id": f"txn_{number}",
        "what": "",
        "note": "no note",
        "Amount": "10.00",
        "Currency": "eur",
        "Fee": "0.29",
        "Net": "9.71",
        "when": "2026-11-05 10:20:00",
        "order": f"att_{number}",
    }
    return plain | changes


def written(
    rows: Iterable[Mapping[str, str]],
    *,
    columns: Sequence[str] = COLUMNS,
    separator: str = ",",
    end: str = "\n",
) -> str:
    """As PSPs write it: quoted where it has to be."""
    special = {separator, '"', "\n", "\r"}

    def cell(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if special & {*value} else value

    lines = [list(columns), *([one.get(name, "") for name in columns] for one in rows)]
    return "".join(separator.join(map(cell, line)) + end for line in lines)


_numbers = itertools.count(1)


def kept(
    content: bytes | str, *, name: str = "", psp: str = "stripe", piece: int = 1 << 16
) -> Statement:
    """The content as a statement that was received."""
    whole = content.encode() if isinstance(content, str) else content
    pieces = (whole[start : start + piece] for start in range(0, len(whole), piece))
    return receive(
        psp,
        name or f"file-{next(_numbers)}.csv",
        pieces,
        livemode=False,
        source=Statement.Source.UPLOADED,
        received_by="ada",
        at=AT,
    ).statement


def told(columns: str = "*") -> list[tuple[Any, ...]]:
    """What lies in `told`, by rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM told ORDER BY row")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


Rows = Callable[[int], list[dict[str, str]]]


def rows_(count: int) -> list[dict[str, str]]:
    """So many of them, each of another amount."""
    return [
        row(number, Amount=f"{number}.50", Fee="0.25", Net=f"{number}.25")
        for number in range(1, count + 1)
    ]
