"""Each recipe as a page of the journal, that an accountant could sign."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from kernel.money import CurrencyMismatch, Money
from ledger import handbook, recipes
from ledger.journal import render
from ledger.recipes.fees import processing_fee_returned, psp_fee_charged
from ledger.recipes.payments import FeeExceedsGross, capture_reversed, payment_captured
from tests.ledger.conftest import usd

KIOSK = {"merchant": UUID(int=7), "livemode": True}


def test_capture_pays_the_merchant_less_our_fee():
    posted = payment_captured(
        **KIOSK, psp="stripe", source="att_1", gross=usd(100_00), fee=usd(2_90)
    )

    assert (
        render(posted)
        == """\
payment.captured  att_1
    Dr  assets:psp:stripe:receivable                 100.00 USD
    Cr  liabilities:merchant:pending                  97.10 USD
    Cr  income:fees:processing                         2.90 USD"""
    )


def test_a_capture_without_a_fee_has_no_line_for_it():
    posted = payment_captured(
        **KIOSK, psp="adyen", source="att_2", gross=Money(500, "JPY"), fee=Money(0, "JPY")
    )

    assert (
        render(posted)
        == """\
payment.captured  att_2
    Dr  assets:psp:adyen:receivable                     500 JPY
    Cr  liabilities:merchant:pending                    500 JPY"""
    )


def test_a_fee_may_eat_the_whole_payment_but_no_more():
    whole = payment_captured(**KIOSK, psp="adyen", source="att_3", gross=usd(25), fee=usd(25))
    assert [entry.account for entry in whole.entries] == [
        "assets:psp:adyen:receivable",
        "income:fees:processing",
    ]
    with pytest.raises(FeeExceedsGross, match="att_4"):
        payment_captured(**KIOSK, psp="adyen", source="att_4", gross=usd(25), fee=usd(26))


def test_a_fee_in_another_currency_is_refused():
    with pytest.raises(CurrencyMismatch):
        payment_captured(**KIOSK, psp="adyen", source="att_5", gross=usd(25), fee=Money(1, "EUR"))


def test_a_capture_that_failed_after_all_leaves_nobody_owing():
    posted = capture_reversed(
        **KIOSK, psp="adyen", source="att_1", gross=usd(100_00), fee=usd(2_90), reverses=UUID(int=9)
    )

    assert posted.reverses == UUID(int=9)
    assert (
        render(posted)
        == """\
payment.capture_reversed  att_1
    Dr  liabilities:merchant:pending                  97.10 USD
    Dr  income:fees:processing                         2.90 USD
    Cr  assets:psp:adyen:receivable                  100.00 USD"""
    )


def test_a_psp_keeps_its_fee_out_of_what_it_owes_us():
    assert (
        render(psp_fee_charged(**KIOSK, psp="stripe", source="txn_1", fee=usd(1_80)))
        == """\
psp.fee_charged  txn_1
    Dr  expenses:psp:stripe:fees                       1.80 USD
    Cr  assets:psp:stripe:receivable                   1.80 USD"""
    )


def test_a_fee_given_back_becomes_the_merchants_again():
    assert (
        render(processing_fee_returned(**KIOSK, source="adj_1", fee=usd(2_90)))
        == """\
fee.returned  adj_1
    Dr  income:fees:processing                         2.90 USD
    Cr  liabilities:merchant:pending                   2.90 USD"""
    )


def test_recipes_know_nothing_of_django():
    for page in Path(recipes.__file__).parent.glob("*.py"):
        assert "django" not in page.read_text(encoding="utf-8").lower(), page.name


def test_the_handbook_is_what_the_recipes_say():
    call_command("books", "--check")


def test_a_handbook_out_of_date_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(handbook, "PAGE", tmp_path / "books.md")
    with pytest.raises(CommandError, match="out of date"):
        call_command("books", "--check", stdout=StringIO())

    call_command("books")
    call_command("books", "--check")
    handbook.PAGE.write_text(handbook.PAGE.read_text().replace("2.90", "2.91"))
    with pytest.raises(CommandError, match="out of date"):
        call_command("books", "--check")


def test_every_recipe_is_in_the_handbook():
    examples = {recipe.__name__ for recipe, _ in handbook._examples()}
    written = {
        line.split("(")[0].removeprefix("def ")
        for page in Path(recipes.__file__).parent.glob("*.py")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("def ") and not line.startswith("def _")
    }
    assert examples == written
