"""One account over a time: what stood on it before, each entry with what stood on it then, and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.ids import encode
from kernel.money import Money
from ledger.models import LedgerAccount


@dataclass(frozen=True, slots=True)
class Row:
    """One entry; `balance` is credits less debits once it was written."""

    transaction: UUID
    kind: str
    source: str
    posted_at: datetime
    effective_at: datetime
    type: str
    amount: Money
    balance: Money

    @property
    def public_id(self) -> str:
        return encode("txn", self.transaction)

    @property
    def debit(self) -> Money | None:
        return self.amount if self.type == "DEBIT" else None

    @property
    def credit(self) -> Money | None:
        return self.amount if self.type == "CREDIT" else None


@dataclass(frozen=True, slots=True)
class Period:
    """`rows` are the first of the time; where they are not all of it (`more`), there is no closing balance."""

    opening: Money
    rows: list[Row]
    more: bool

    @property
    def closing(self) -> Money:
        return self.rows[-1].balance if self.rows else self.opening


def period(account: LedgerAccount, *, since: datetime, until: datetime, limit: int) -> Period:
    """What was written on the account from `since` to before `until`, oldest first, at most `limit` entries.

    The balance before it is today's less what was written since: a late time costs little, however old the account.
    """
    currency = account.currency
    asked: dict[str, Any] = {
        "merchant": account.merchant_id,
        "account": account.id,
        "since": since,
        "until": until,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ledger_balance(%(merchant)s, %(account)s) - (
                SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint
                FROM ledger_entry e
                WHERE e.merchant_id = %(merchant)s AND e.account_id = %(account)s AND e.posted_at >= %(since)s
            )""",
            asked,
        )
        [opening] = cursor.fetchone()
        cursor.execute(
            """
            SELECT t.id, t.kind, t.source, t.posted_at, t.effective_at, e.type, e.amount
            FROM ledger_entry e
            JOIN ledger_transaction t ON t.merchant_id = e.merchant_id AND t.id = e.transaction_id
            WHERE e.merchant_id = %(merchant)s AND e.account_id = %(account)s
                AND e.posted_at >= %(since)s AND e.posted_at < %(until)s
            ORDER BY e.posted_at, e.transaction_id, e.line LIMIT %(limit)s""",
            asked,
        )
        found = cursor.fetchall()
    stands, rows = opening, []
    for id_, kind, source, posted, effective, side, minor in found[:limit]:
        stands += minor if side == "CREDIT" else -minor
        amounts = Money(minor, currency), Money(stands, currency)
        rows.append(Row(id_, kind, source, posted, effective, side, *amounts))
    return Period(Money(opening, currency), rows, more=len(found) > limit)


def standing(accounts: list[LedgerAccount]) -> dict[int, Money]:
    """What stands on each of these now, by the account's id: one question for all."""
    if not accounts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id, a.currency, ledger_balance(a.merchant_id, a.id)"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS w (merchant_id, id)"
            " JOIN ledger_account a ON a.merchant_id = w.merchant_id AND a.id = w.id",
            [[one.merchant_id for one in accounts], [one.id for one in accounts]],
        )
        rows: list[Any] = cursor.fetchall()
    return {id_: Money(minor, currency) for id_, currency, minor in rows}
