"""A merchant with an empty book, and the few events that the stories here are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.db.transaction import atomic as transaction_of_django

from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from ledger.recipes.payments import payment_captured
from ledger.transaction import Transaction, credit, debit, transaction

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

#: For tests that commit. The tables of the rooms above, which nobody touched, are left alone.
commits = pytest.mark.django_db(transaction=True, available_apps=["ledger"])

TABLES = (
    *("ledger_roll", "ledger_seal", "ledger_closing"),
    *("ledger_checkpoint", "ledger_entry", "ledger_transaction", "ledger_account"),
)


@pytest.fixture(autouse=True)
def books_left_as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has committed is taken out again, as only the tables' owner can: behind the triggers' backs."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    with transaction_of_django(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def wait_for_whoever_is_older() -> None:
    """Until every transaction open now has ended, of other tests too: the watermark is the whole cluster's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        [newest] = cursor.fetchone()
        for _ in range(6_000):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", [newest])
            if cursor.fetchone() == (True,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("somebody keeps a transaction open")


@pytest.fixture
def merchant() -> UUID:
    return uuid7()


@pytest.fixture
def captured(merchant: UUID) -> Callable[..., Transaction]:
    """captured("att_1", 100_00): a payment of this merchant's, with a fee of 2.9 %."""

    def build(source: str, minor: int = 100_00, whose: UUID = merchant) -> Transaction:
        gross = usd(minor)
        return payment_captured(
            merchant=whose,
            livemode=False,
            psp="stripe",
            source=source,
            gross=gross,
            fee=gross.share(290),
        )

    return build


@pytest.fixture
def available(merchant: UUID) -> Callable[..., Transaction]:
    """available("day_1", 100_00): money of this merchant's that may now be paid out."""

    def build(source: str, minor: int) -> Transaction:
        return transaction(
            "funds.available",
            source,
            debit(chart.merchant_pending(), usd(minor)),
            credit(chart.merchant_available(), usd(minor)),
            merchant=merchant,
            livemode=False,
        )

    return build


@pytest.fixture
def payout(merchant: UUID) -> Callable[..., Transaction]:
    """payout("po_1", 60_00): debits the guarded account. `kind` makes it something else that does."""

    def build(source: str, minor: int, kind: str = "payout.sent") -> Transaction:
        return transaction(
            kind,
            source,
            debit(chart.merchant_available(), usd(minor)),
            credit(chart.payouts_in_transit(), usd(minor)),
            merchant=merchant,
            livemode=False,
        )

    return build
