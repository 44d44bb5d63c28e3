"""What we hold in each currency, what it is worth, and what its rates gain or lose us."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from django.core.management import call_command

from kernel.clock import now
from kernel.money import Money
from ledger.models import LedgerTransaction
from ledger.post import post
from ledger.recipes.fx import converted
from merchants.onboard import onboard
from paygate.fx import revalue
from paygate.fx.market import last_known
from paygate.fx.position import positions, total
from paygate.fx.tasks import revalue as task
from tests.fx.conftest import correct
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(rates, converting, api):
    """100 euros that became 106.92 dollars: we hold the euros, and owe 108 dollars of the market."""
    converting()
    payment = api.pay(psp="stripe", amount=100_00, currency="EUR").json()
    return 100_00 - payment["fee"]


def worth_of(book) -> Fraction:
    """All positions of a book in cents of a euro, at the last rates."""
    return sum(
        (
            minor
            * (Fraction(1) if currency == "EUR" else Fraction(last_known(currency, "EUR").rate))
            for (account, currency), minor in book.items()
            if account.startswith("equity:fx:")
        ),
        Fraction(0),
    )


def test_a_position_is_what_conversions_left_and_is_worth_nothing_at_their_rate(taken):
    euros, dollars = positions(livemode=False)

    assert euros.held == euros.value == Money(taken, "EUR")
    assert dollars.held == Money(-round(taken * 1.08), "USD")
    assert abs(total([euros, dollars]).minor) <= 1
    assert positions(livemode=True) == []


def test_a_dollar_that_falls_is_our_gain_and_is_booked_once_a_day(taken, book):
    correct(USD="1.2000")
    task()

    gain = book()["income:fx:revaluation", "EUR"]
    assert gain == round(
        taken - Fraction(round(taken * 1.08)) * Fraction(last_known("USD", "EUR").rate)
    )
    assert gain > 0
    assert abs(worth_of(book())) <= Fraction(1, 2)
    correct(USD="1.2500")
    task()
    assert book()["income:fx:revaluation", "EUR"] == gain

    assert revalue.revalue_daily(now=now() + timedelta(days=1)) == 1
    assert book()["income:fx:revaluation", "EUR"] > gain
    assert abs(worth_of(book())) <= Fraction(1, 2)
    assert revalue.revalue_daily(now=now() + timedelta(days=2)) == 0  # Nothing changed.
    assert holds()


def test_a_dollar_that_rises_is_our_loss(taken, book):
    correct(USD="1.0000")
    task()

    assert book()["income:fx:revaluation", "EUR"] < 0
    assert abs(worth_of(book())) <= Fraction(1, 2)
    assert holds()


def test_every_book_is_valued_by_itself_in_chunks_and_each_mode(monkeypatch, rates):
    monkeypatch.setattr(revalue, "CHUNK", 2)
    merchants = [onboard(f"Shop {number}").merchant.id for number in range(5)]
    for number, merchant in enumerate(merchants):
        for livemode in (False, True):
            one = converted(
                merchant=merchant,
                livemode=livemode,
                source=f"payment.captured:att_{livemode}",
                account="liabilities:merchant:pending",
                sold=Money((number + 1) * 10_00, "GBP"),
                bought=Money((number + 1) * 1900, "JPY"),
                value=Money((number + 1) * 1934, "JPY"),
            )
            post(one, effective_at=now())
    correct(JPY="170.00")

    assert revalue.revalue_daily(now=now()) == 10
    assert revalue.revalue_daily(now=now()) == 0
    posted = LedgerTransaction.objects.filter(kind="fx.revalued")
    assert {t.merchant_id for t in posted} == set(merchants)
    assert {t.source.partition(":")[2] for t in posted} == {"live", "test"}


def test_a_position_without_a_rate_waits_and_is_told(monkeypatch, taken, book, caplog):
    monkeypatch.setattr(revalue, "last_known", lambda *_: None)

    assert revalue.revalue_daily(now=now()) == 0
    assert "fx.position_without_rate" in [record.message for record in caplog.records]
    assert ("income:fx:revaluation", "EUR") not in book()


def test_the_position_can_be_read_at_the_keyboard(taken, capsys):
    call_command("fx_position")

    told = capsys.readouterr().out
    assert f"{Money(taken, 'EUR')}" in told
    assert "together" in told
