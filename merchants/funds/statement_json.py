"""A statement as the API shows it, written line by line."""

from __future__ import annotations

from typing import Any, BinaryIO

import orjson

from kernel.clock import rfc3339
from merchants.funds.statement import Statement, Summary
from merchants.funds.transactions import render

MEDIA_TYPE = "application/json"


def write(statement: Statement, into: BinaryIO) -> None:
    """The statement object: its lines first, then what is known when they have been read."""
    head = {
        **render_summary(statement.summary),
        "merchant": statement.merchant.public_id,
        "opening": _balance(statement.opening),
    }
    into.write(orjson.dumps(head)[:-1])
    into.write(b',"lines":[')
    for number, line in enumerate(statement.lines()):
        into.write(b"," if number else b"")
        into.write(orjson.dumps({**render(line.transaction), "balance": line.balance}))
    tail = {
        "sums": [
            {"type": type_, "count": one.count, "gross": one.gross, "fee": one.fee, "net": one.net}
            for type_, one in statement.sums.items()
        ],
        "closing": _balance(statement.closing),
    }
    into.write(b"]," + orjson.dumps(tail)[1:])


def render_summary(summary: Summary) -> dict[str, Any]:
    """What a list of statements says of each."""
    address = f"/v1/statements/{summary.month}?currency={summary.currency}"
    return {
        "id": str(summary.month),
        "object": "statement",
        "livemode": summary.livemode,
        "currency": summary.currency,
        "status": "final" if summary.final else "preliminary",
        "time_zone": str(summary.period.time_zone),
        "period_start": rfc3339(summary.period.since),
        "period_end": rfc3339(summary.period.until),
        "csv": f"{address}&format=csv",
        "pdf": f"{address}&format=pdf",
    }


def _balance(amounts: dict[str, int]) -> dict[str, int]:
    return {**amounts, "total": sum(amounts.values())}
