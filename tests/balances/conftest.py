"""A merchant's book, written straight: what the stories of balances are made of."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger import chart
from ledger.post import post
from ledger.recipes import disputes, funds, payouts, refunds
from ledger.recipes.payments import payment_captured
from ledger.transaction import Transaction
from merchants.onboard import Onboarded

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


_numbers = itertools.count()


def new(prefix: str) -> str:
    return encode(prefix, uuid7())


def backdate(event: Transaction, moment: datetime) -> None:
    """Say of a transaction that it was posted long ago: only the owner can, who takes the guards away for this test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p')"
            " AND c.relname ~ '^ledger_(transaction|entry)' AND c.relnamespace = 'public'::regnamespace"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        cursor.execute(
            "ALTER TABLE ledger_entry DROP CONSTRAINT IF EXISTS ledger_entry_transaction"
        )
        for table, column in (("ledger_transaction", "id"), ("ledger_entry", "transaction_id")):
            cursor.execute(
                f"UPDATE {table} SET posted_at = %s WHERE merchant_id = %s AND {column} = %s",
                [moment, event.merchant, event.id],
            )


@dataclass
class Book:
    """Posts the trade's events of one merchant; amounts in minor units."""

    merchant: UUID
    livemode: bool = False
    currency: str = "USD"
    posted: list[Transaction] = field(default_factory=list)
    written_at: datetime | None = None  # When what follows is posted, as if; None: now.

    def write(self, event: Transaction, at: datetime = NOON) -> Transaction:
        post(event, effective_at=at)
        if self.written_at is not None:
            backdate(event, self.written_at)
        self.posted.append(event)
        return event

    def money(self, minor: int, currency: str | None = None) -> Money:
        return Money(minor, currency or self.currency)

    @property
    def whose(self) -> dict[str, Any]:
        return {"merchant": self.merchant, "livemode": self.livemode}

    def capture(
        self,
        gross: int,
        fee: int = 0,
        *,
        at: datetime = NOON,
        currency: str | None = None,
        source: str | None = None,
    ) -> Transaction:
        return self.write(
            payment_captured(
                **self.whose,
                psp="stripe",
                source=source or new("att"),
                gross=self.money(gross, currency),
                fee=self.money(fee, currency),
            ),
            at,
        )

    def release(self, amount: int, reserve: int = 0, *, at: datetime = NOON) -> Transaction:
        return self.write(
            funds.funds_available(
                **self.whose,
                source=f"2026-11-23 {next(_numbers)}",
                amount=self.money(amount),
                reserve=self.money(reserve),
            ),
            at,
        )

    def refund(self, amount: int, *, at: datetime = NOON, source: str | None = None) -> Transaction:
        return self.write(
            refunds.refund_succeeded(
                **self.whose,
                psp="stripe",
                source=source or new("re"),
                amount=self.money(amount),
            ),
            at,
        )

    def dispute(
        self, amount: int, fee: int, *, at: datetime = NOON, source: str | None = None
    ) -> Transaction:
        return self.write(
            disputes.dispute_opened(
                **self.whose,
                psp="stripe",
                source=source or f"{new('dp')}:1",
                amount=self.money(amount),
                fee=self.money(fee),
            ),
            at,
        )

    def pay_out(self, amount: int, *, as_far_as: str = "paid", at: datetime = NOON) -> str:
        of = {**self.whose, "source": new("po"), "amount": self.money(amount)}
        self.write(payouts.payout_created(**of), at)
        if as_far_as in ("sent", "paid"):
            self.write(payouts.payout_sent(**of), at)
        if as_far_as == "paid":
            self.write(payouts.payout_paid(**of, paid_from=chart.operating_bank()), at)
        return str(of["source"])


@pytest.fixture
def book(merchant: Onboarded) -> Book:
    return Book(merchant.merchant.id)


@pytest.fixture
def a_days_work(book: Book) -> Book:
    """Captured 200.00 less 6.40, half of it released with a tenth held back, a refund, a dispute, a payout."""
    book.capture(100_00, 3_20)
    book.capture(100_00, 3_20)
    book.release(96_80, 9_68)
    book.refund(40_00)
    book.dispute(20_00, 15_00)
    book.pay_out(10_00)
    book.pay_out(1_00, as_far_as="created")
    return book


@pytest.fixture
def downloaded(api: Any) -> Callable[..., Any]:
    """GET a statement's bytes: downloaded("2026-11", format="csv")."""

    def get(month: str, **query: str) -> bytes:
        reply = api.get(f"statements/{month}", query)
        assert reply.status_code == 200, reply.content
        return bytes(reply.content)

    return get


def table(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
