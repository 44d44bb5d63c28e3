"""What stands on the accounts: credits less debits, now or as it was.

A balance is its newest checkpoint and the tail of entries behind it; nothing is stored that anybody has to
believe. Two questions can be asked of the past: `as_of` is when things happened (effective_at), `known_at`
is what we had written by then (posted_at).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from kernel.money import Money


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """`balance` is credits less debits: what others owe us stands below zero, what we owe above."""

    account: str
    balance: Money


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Both sides of an account, summed from its first entry."""

    account: str
    debits: Money
    credits: Money


@dataclass(frozen=True, slots=True)
class Overdraft:
    """A guarded account that stands below zero: the merchant owes us."""

    merchant: UUID
    livemode: bool
    balance: Money


_NOW = "ledger_balance(a.merchant_id, a.id)"

_THEN = """(
        SELECT coalesce(sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END), 0)::bigint
        FROM ledger_entry e
        WHERE e.merchant_id = a.merchant_id AND e.account_id = a.id
            AND e.effective_at <= coalesce(%(as_of)s, 'infinity'::timestamptz)
            AND e.posted_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)
    )"""

_OF_ONE = """
    SELECT {} FROM ledger_account a
    WHERE a.merchant_id = %(merchant)s AND a.livemode = %(livemode)s
        AND a.code = %(account)s AND a.currency = %(currency)s"""

_OF_MANY = """
    SELECT a.code, a.currency, {} FROM ledger_account a
    WHERE a.merchant_id = %(merchant)s AND a.livemode = %(livemode)s
        AND (%(accounts)s::text[] IS NULL OR a.code = ANY(%(accounts)s::text[]))
    ORDER BY a.code, a.currency"""

_BALANCE_NOW, _BALANCE_THEN = _OF_ONE.format(_NOW), _OF_ONE.format(_THEN)
_BALANCES_NOW, _BALANCES_THEN = _OF_MANY.format(_NOW), _OF_MANY.format(_THEN)


def balance(
    merchant: UUID,
    *,
    livemode: bool,
    account: str,
    currency: str,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> Money:
    """Credits less debits of one account (a code of ledger.chart); zero for an account never used.

    `as_of`: only what happened until then. `known_at`: only what was posted until then.
    """
    now = as_of is None and known_at is None
    with connection.cursor() as cursor:
        cursor.execute(
            _BALANCE_NOW if now else _BALANCE_THEN,
            {
                "merchant": merchant,
                "livemode": livemode,
                "account": account,
                "currency": currency,
                "as_of": as_of,
                "known_at": known_at,
            },
        )
        row = cursor.fetchone()
    return Money(row[0] if row else 0, currency)


def balances(
    merchant: UUID,
    *,
    livemode: bool,
    accounts: Collection[str] | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> list[AccountBalance]:
    """Every account of the merchant's book that was ever used, by code and currency, in one query.

    `accounts`: only these codes. `as_of`, `known_at`: as of `balance`.
    """
    now = as_of is None and known_at is None
    with connection.cursor() as cursor:
        cursor.execute(
            _BALANCES_NOW if now else _BALANCES_THEN,
            {
                "merchant": merchant,
                "livemode": livemode,
                "accounts": None if accounts is None else list(accounts),
                "as_of": as_of,
                "known_at": known_at,
            },
        )
        return [
            AccountBalance(code, Money(minor, currency))
            for code, currency, minor in cursor.fetchall()
        ]


def trial_balance(*, livemode: bool, merchant: UUID | None = None) -> list[TrialLine]:
    """Both sides of every account, over one merchant's book or over all, from the entries alone.

    In each currency the debits of all lines equal the credits; `off_balance` says by how much they do not.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.code, a.currency,
                coalesce(sum(e.amount) FILTER (WHERE e.type = 'DEBIT'), 0)::bigint,
                coalesce(sum(e.amount) FILTER (WHERE e.type = 'CREDIT'), 0)::bigint
            FROM ledger_entry e
            JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            WHERE a.livemode = %(livemode)s AND (%(merchant)s::uuid IS NULL OR e.merchant_id = %(merchant)s::uuid)
            GROUP BY a.code, a.currency
            ORDER BY a.code, a.currency""",
            {"livemode": livemode, "merchant": merchant},
        )
        return [
            TrialLine(code, Money(debits, currency), Money(credits_, currency))
            for code, currency, debits, credits_ in cursor.fetchall()
        ]


def off_balance(lines: list[TrialLine]) -> list[Money]:
    """Debits less credits in each currency where they differ; the empty list is a book that balances."""
    off: dict[str, Money] = {}
    for line in lines:
        currency = line.debits.currency
        off[currency] = off.get(currency, Money.zero(currency)) + line.debits - line.credits
    return [amount for amount in off.values() if amount]


def overdrafts(*, livemode: bool) -> list[Overdraft]:
    """Merchants who owe us: guarded accounts below zero, by what had to go through. Each is an alert."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.merchant_id, a.livemode, b.balance, a.currency
            FROM ledger_account a CROSS JOIN LATERAL ledger_balances(a.merchant_id, a.id) b
            WHERE a.guarded AND a.livemode = %s AND b.balance < 0
            ORDER BY a.merchant_id, a.currency""",
            [livemode],
        )
        return [
            Overdraft(m, live, Money(minor, currency))
            for m, live, minor, currency in cursor.fetchall()
        ]
