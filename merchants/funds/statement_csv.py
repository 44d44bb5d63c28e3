"""A statement as a table for a spreadsheet: a row for each line, between the opening balance and the closing one."""

from __future__ import annotations

import csv
from io import TextIOWrapper
from typing import BinaryIO

from kernel.clock import rfc3339
from kernel.ids import encode
from merchants.funds.own import NAMES
from merchants.funds.statement import Statement

MEDIA_TYPE = "text/csv"
COLUMNS = (
    *("posted_at", "created_at", "type", "source", "transaction", "currency"),
    *("gross", "fee", "net", "balance"),
    *NAMES,  # What each balance changed by; of the first row and the last what it is.
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(statement: Statement, into: BinaryIO) -> None:
    """Amounts are in major units ("-40.00"), times in UTC; UTF-8, RFC 4180."""
    text = TextIOWrapper(into, encoding="utf-8", newline="")
    rows = csv.writer(text)
    span, money = statement.summary.period, statement.money
    rows.writerow(COLUMNS)

    def whole(what: str, at: str, amounts: dict[str, int]) -> None:
        total = money(sum(amounts.values())).major
        each = (money(amounts[name]).major for name in NAMES)
        rows.writerow([at, at, what, "", "", statement.currency, "", "", "", total, *each])

    whole("opening_balance", rfc3339(span.since), statement.opening)
    for line in statement.lines():
        one = line.transaction
        rows.writerow(
            [
                rfc3339(one.posted_at),
                rfc3339(one.effective_at),
                _plain(one.type),
                _plain(one.source or ""),
                encode("txn", one.ledger_transaction),
                one.currency,
                *(money(minor).major for minor in (one.gross, one.fee, one.net, line.balance)),
                *(money(one.changes.get(name, 0)).major for name in NAMES),
            ]
        )
    whole("closing_balance", rfc3339(span.until), statement.closing)
    text.flush()
    text.detach()


def _plain(text: str) -> str:
    """A text that a spreadsheet takes for a text, whatever it begins with (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
