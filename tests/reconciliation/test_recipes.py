"""The recipes of settlement, and what SQL posts for sets: one accountant's mind."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from kernel.money import Money
from ledger.journal import render
from ledger.recipes import settlement
from ledger.transaction import Entry, Side, Transaction
from tests.reconciliation.statements import applied, capture_of, line


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@pytest.fixture
def posted(db):
    """What was posted of a kind, as its recipe would have made it."""

    def read(kind: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.merchant_id, t.source, c.code, e.type, e.amount, e.currency FROM ledger_transaction t"
                " JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id"
                " JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id"
                " WHERE t.kind = %s ORDER BY e.line",
                [kind],
            )
            rows = cursor.fetchall()
        entries = [Entry(r[2], Side(r[3]), Money(r[4], r[5])) for r in rows]
        return as_sorted(Transaction(rows[0][0], False, kind, rows[0][1], tuple(entries)))

    return read


def as_sorted(one: Transaction) -> str:
    heading, *lines = render(one).splitlines()
    return "\n".join([heading, *sorted(lines)])


def test_a_settlement_is_posted_as_its_recipe_says(
    api, monkeypatch, price, relay, posted, merchant
):
    price(150, 10)
    paid = api.pay(psp="stripe", amount=10_000).json()
    relay()

    statement = applied(monkeypatch, [capture_of(paid, fee=180, billed=20)])

    recipe = settlement.settlement_booked(
        merchant=merchant.merchant.id,
        livemode=False,
        psp="stripe",
        source=statement.public_id,
        gross=usd(10_000),
        fee=usd(180),
        billed=usd(20),
        fee_booked=usd(0),
        fee_unexpected=usd(40),
    )
    assert posted("settlement.booked") == as_sorted(recipe)


def test_a_conversion_is_posted_as_its_recipe_says(api, monkeypatch, posted, merchant):
    paid = api.pay(psp="stripe", amount=10_000, currency="GBP").json()
    rate = {"settled_currency": "EUR", "settled_gross": 11_701, "rate": Decimal("1.17")}

    statement = applied(monkeypatch, [capture_of(paid, fee=100, **rate)])

    recipe = settlement.settlement_converted(
        merchant=merchant.merchant.id,
        livemode=False,
        psp="stripe",
        source=statement.public_id,
        gross=Money(10_000, "GBP"),
        settled=Money(11_701, "EUR"),
        fee=Money(100, "EUR"),
        billed=Money(0, "EUR"),
        fee_booked=Money(0, "GBP"),
        fee_known=Money(0, "EUR"),
        fee_unexpected=Money(0, "EUR"),
        rounding=Money(1, "EUR"),
    )
    assert posted("settlement.converted") == as_sorted(recipe)


@pytest.mark.parametrize("net", [4_900, -4_900])
def test_what_is_unexplained_is_posted_as_its_recipe_says(monkeypatch, db, posted, net):
    statement = applied(monkeypatch, [line("other", net)])

    recipe = settlement.settlement_unexplained(
        merchant=settlement.chart.HOUSE,
        livemode=False,
        psp="stripe",
        source=statement.public_id,
        net=usd(net),
    )
    assert posted("settlement.unexplained") == as_sorted(recipe)
