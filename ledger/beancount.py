"""The books as a beancount file, so that somebody else's program can check them (bean-check).

Each transaction is one of beancount's, and each account ends with the balance that *we* say it has, from
checkpoint and tail: beancount sums the entries itself and compares. Debits are positive there.
Format: the Beancount Language Syntax, https://beancount.github.io/docs/beancount_language_syntax.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from kernel.ids import encode
from kernel.money import Money

_ROOTS = {
    "assets": "Assets",
    "liabilities": "Liabilities",
    "income": "Income",
    "expenses": "Expenses",
    "equity": "Equity",
    "suspense": "Assets:Suspense",  # Beancount has five roots, and what is unexplained is ours until it is.
}
_OPENED = date(1970, 1, 1)


def account_name(merchant: UUID, code: str) -> str:
    """`assets:psp:stripe:receivable` of a merchant as beancount spells it: Assets:Mer-01K9…:Psp:Stripe:Receivable."""
    root, *parts = code.split(":")
    spelled = [part.replace("_", "-") for part in (encode("mer", merchant), *parts)]
    return ":".join([_ROOTS[root], *(part[:1].upper() + part[1:] for part in spelled)])


def export(*, livemode: bool, merchant: UUID | None = None) -> Iterator[str]:
    """The lines of the file, for one merchant's book or for all; of one moment, whoever posts meanwhile."""
    ours = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            if ours:  # A caller's transaction has its own isolation.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Our own word for it first, so that it is asked before the entries are read out.
            cursor.execute(
                """
                SELECT a.merchant_id, a.code, a.currency, ledger_balance(a.merchant_id, a.id), (
                    SELECT max(e.effective_at) FROM ledger_entry e
                    WHERE e.merchant_id = a.merchant_id AND e.account_id = a.id
                )
                FROM ledger_account a
                WHERE a.livemode = %(livemode)s AND (%(merchant)s::uuid IS NULL OR a.merchant_id = %(merchant)s::uuid)
                ORDER BY a.merchant_id, a.code, a.currency""",
                {"livemode": livemode, "merchant": merchant},
            )
            accounts = cursor.fetchall()
        yield 'option "title" "The books"'
        yield ""
        for (whose, code), group in groupby(accounts, key=lambda row: (row[0], row[1])):
            currencies = ",".join(row[2] for row in group)
            yield f"{_OPENED} open {account_name(whose, code)} {currencies}"
        yield from _transactions(livemode=livemode, merchant=merchant)
        yield ""
        for whose, code, currency, minor, last in accounts:
            if last is not None:
                name = account_name(whose, code)
                # Exactly: beancount's own tolerance would forgive a cent.
                amount = f"{Money(-minor, currency).major} ~ 0 {currency}"
                yield f"{_day(last) + timedelta(days=1)} balance {name} {amount}"


def selection(found: Iterable[tuple[Any, Sequence[Any]]]) -> Iterator[str]:
    """Some transactions, each with its entries (of ledger.finding), as a file; of the rest it says nothing.

    So there are no balances in it. An account is opened before the first transaction that touches it.
    """
    yield 'option "title" "Of the books"\n'
    opened: set[str] = set()
    for one, entries in found:
        for entry in entries:
            if (name := account_name(one.merchant_id, entry.code)) not in opened:
                opened.add(name)
                yield f"{_OPENED} open {name}\n"
        yield f"\n{_day(one.effective_at)} * {_quoted(one.kind)} {_quoted(one.source)}\n"
        yield f'  id: "{encode("txn", one.id)}"\n'
        for entry in entries:
            amount = Money(entry.amount if entry.type == "DEBIT" else -entry.amount, entry.currency)
            yield f"  {account_name(one.merchant_id, entry.code)}  {amount}\n"


def _transactions(*, livemode: bool, merchant: UUID | None) -> Iterator[str]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.merchant_id, t.kind, t.source, t.effective_at, a.code, e.type, e.amount, e.currency
            FROM ledger_transaction t
            JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
                AND e.posted_at = t.posted_at
            JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            WHERE t.livemode = %(livemode)s AND (%(merchant)s::uuid IS NULL OR t.merchant_id = %(merchant)s::uuid)
            ORDER BY t.merchant_id, t.id, e.line""",
            {"livemode": livemode, "merchant": merchant},
        )
        rows: Iterator[Any] = iter(cursor)
        for (id_, whose), lines in groupby(rows, key=lambda row: (row[0], row[1])):
            for first, (_, _, kind, source, effective_at, code, side, minor, currency) in _marked(
                lines
            ):
                if first:
                    yield ""
                    yield f"{_day(effective_at)} * {_quoted(kind)} {_quoted(source)}"
                    yield f'  id: "{encode("txn", id_)}"'
                amount = Money(minor if side == "DEBIT" else -minor, currency)
                yield f"  {account_name(whose, code)}  {amount}"


def _marked(lines: Iterator[Any]) -> Iterator[tuple[bool, Any]]:
    for number, line in enumerate(lines):
        yield number == 0, line


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
