"""A transaction balances or it is not made."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest

from kernel.money import Money
from ledger import chart
from ledger.journal import render
from ledger.transaction import Unbalanced, credit, debit, transaction
from tests.ledger.conftest import NOON, usd


def made(*entries):
    return transaction("test.made", "t_1", *entries, merchant=UUID(int=1), livemode=False)


def test_debits_must_equal_credits():
    with pytest.raises(Unbalanced, match=r"test\.made t_1"):
        made(debit("assets:a", usd(100)), credit("income:b", usd(99)))


def test_each_currency_balances_on_its_own():
    with pytest.raises(Unbalanced):
        made(debit("assets:a", usd(100)), credit("income:b", Money(100, "EUR")))


def test_a_transaction_of_nothing_is_not_one():
    with pytest.raises(Unbalanced):
        made(debit("assets:a", usd(0)), credit("income:b", usd(0)))


def test_lines_of_nothing_are_left_out():
    assert (
        len(
            made(
                debit("assets:a", usd(5)), credit("income:b", usd(5)), credit("income:c", usd(0))
            ).entries
        )
        == 2
    )


@pytest.mark.parametrize("side", [debit, credit])
def test_an_entry_is_never_negative(side):
    with pytest.raises(ValueError, match="never negative"):
        side(chart.processing_fees(), usd(-1))


def test_a_reversal_swaps_the_sides_and_names_what_it_reverses(captured):
    capture = captured("att_1")
    reversal = capture.reversal(source="fix_1", memo="captured twice by the PSP")

    assert reversal.reverses == capture.id
    assert reversal.id != capture.id
    assert (
        render(reversal)
        == """\
payment.captured.reversed  fix_1
    captured twice by the PSP
    Cr  assets:psp:stripe:receivable                 100.00 USD
    Dr  liabilities:merchant:pending                  97.10 USD
    Dr  income:fees:processing                         2.90 USD"""
    )


def test_the_same_event_is_equal_whatever_its_id(captured):
    assert captured("att_1") == captured("att_1")
    assert captured("att_1").id != captured("att_1").id


def test_an_item_is_what_the_database_takes(captured):
    item = orjson.loads(orjson.dumps(captured("att_1").as_item(effective_at=NOON)))

    assert item["kind"] == "payment.captured"
    assert item["effective_at"] == "2026-11-23T12:00:00+00:00"
    assert item["entries"][0] == {
        "account": "assets:psp:stripe:receivable",
        "currency": "USD",
        "type": "DEBIT",
        "amount": 100_00,
    }
