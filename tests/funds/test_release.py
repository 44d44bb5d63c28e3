"""Funds become available on the day that was agreed, less the reserve, once; what was undone is recalled."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter

import pytest
from django.db import connection

from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger import chart
from ledger.journal import render
from ledger.models import LedgerTransaction
from ledger.post import post
from ledger.recipes.funds import funds_available, funds_recalled, reserve_released
from ledger.recipes.fx import converted, converted_back
from ledger.recipes.payouts import payout_created
from ledger.transaction import Entry, Side, Transaction
from merchants.funds.models import Due, Reserve
from merchants.funds.release import begin_anew, read_on, release_due
from merchants.funds.terms import agree_terms, terms_in_effect
from merchants.funds.upcoming import Upcoming, upcoming
from merchants.onboard import onboard
from tests.funds.conftest import NOON, Book, at, usd


@pytest.fixture
def db(commits: None) -> None:
    """Everything here commits: the pass reads what others have committed."""


@pytest.fixture
def kiosk(db: None) -> Book:
    return Book(onboard("Kiosk", at=NOON - timedelta(days=400)).merchant.id)


def booked(kind: str) -> list[Transaction]:
    """What is in the books of a kind, as the recipes make it."""
    return [
        Transaction(
            found.merchant_id,
            found.livemode,
            found.kind,
            found.source,
            tuple(
                Entry(entry.account.code, Side(entry.type), entry.money)
                for entry in found.entries.select_related("account").order_by("line")
            ),
        )
        for found in LedgerTransaction.objects.filter(kind=kind).order_by("id")
    ]


def test_a_capture_is_available_two_business_days_later_and_not_before(kiosk):
    kiosk.capture(100_00)  # On Monday; Thursday is Thanksgiving.
    release_due(at=at(25) - timedelta(microseconds=1))
    assert kiosk.stands == (100_00, 0, 0)
    released = release_due(at=at(25))
    assert kiosk.stands == (0, 100_00, 0)
    assert (released.merchants, released.transactions) == (1, 1)
    [total] = released.totals
    assert (total.kind, total.livemode, total.amount) == ("funds.available", False, usd(100_00))


def test_a_holiday_and_a_weekend_are_not_counted(kiosk):
    kiosk.capture(
        100_00, when=at(25, 12)
    )  # Wednesday before Thanksgiving: Friday is one, Monday two.
    release_due(at=at(29, 23))
    assert kiosk.stands == (100_00, 0, 0)
    release_due(at=at(30))
    assert kiosk.stands == (0, 100_00, 0)


def test_released_twice_is_released_once(kiosk):
    kiosk.capture(100_00)
    release_due(at=at(25))
    again = release_due(at=at(26))
    assert (again.merchants, again.totals) == (0, ())
    assert kiosk.stands == (0, 100_00, 0)


def test_a_day_is_one_transaction_however_many_captures(kiosk):
    for _ in range(5):
        kiosk.capture(20_00)
    release_due(at=at(25))
    assert render(booked("funds.available")[0]) == render(
        funds_available(
            merchant=kiosk.merchant,
            livemode=False,
            source="2026-11-25 USD test 1",
            amount=usd(100_00),
            reserve=usd(0),
        )
    )


def test_what_is_heard_late_follows_at_the_next_pass(kiosk):
    kiosk.capture(100_00)
    release_due(at=at(25))
    kiosk.capture(7_00)  # On Monday as well.
    release_due(at=at(26))
    assert kiosk.stands == (0, 107_00, 0)
    assert [found.source for found in booked("funds.available")] == [
        "2026-11-25 USD test 1",
        "2026-11-25 USD test 2",
    ]


def test_the_cut_off_and_the_time_zone_are_the_merchants(kiosk):
    agree_terms(
        kiosk.merchant,
        calendar="target",
        time_zone="Europe/Berlin",
        cutoff=at(1, 17).time(),
        delay_days=1,
        effective_from=NOON - timedelta(days=1),
    )
    kiosk.capture(1_00, when=at(23, 16))  # Five in Berlin.
    kiosk.capture(2_00, when=at(23, 16, 1))
    release_due(at=at(23, 22, 59))
    assert kiosk.stands == (3_00, 0, 0)
    release_due(at=at(23, 23))
    assert kiosk.stands == (2_00, 1_00, 0)
    release_due(at=at(24, 23))
    assert kiosk.stands == (0, 3_00, 0)


@pytest.mark.parametrize("zones", [("Asia/Tokyo", "US/Hawaii"), ("US/Hawaii", "Asia/Tokyo")])
@pytest.mark.parametrize("read_between", [True, False])
def test_a_day_begins_where_it_begins_last_for_a_merchant_who_moves(kiosk, zones, read_between):
    for zone, since in zip(zones, (at(22), at(23, 12)), strict=True):
        agree_terms(
            kiosk.merchant, calendar="weekdays", time_zone=zone, delay_days=1, effective_from=since
        )
    read_on(at=at(23, 10))
    kiosk.capture(1_00, when=at(23, 11))
    if read_between:
        read_on(at=at(23, 12))
    kiosk.capture(2_00, when=at(23, 13))  # In both zones the day is the 23rd.
    release_due(at=at(24, 9, 59))
    assert kiosk.stands == (3_00, 0, 0)
    release_due(at=at(24, 10))  # Midnight in Hawaii.
    assert kiosk.stands == (0, 3_00, 0)


def test_at_once_is_at_once_on_business_days(kiosk):
    agree_terms(kiosk.merchant, delay_days=0, effective_from=NOON - timedelta(days=1))
    kiosk.capture(1_00, when=NOON)
    kiosk.capture(2_00, when=at(28))  # A Saturday.
    release_due(at=at(29))
    assert kiosk.stands == (2_00, 1_00, 0)
    release_due(at=at(30))
    assert kiosk.stands == (0, 3_00, 0)


def test_the_terms_of_the_captures_moment_count(kiosk):
    agree_terms(kiosk.merchant, delay_days=10, effective_from=at(24))
    kiosk.capture(1_00, when=at(23, 23, 59))
    kiosk.capture(2_00, when=at(24))
    release_due(at=at(25))
    assert kiosk.stands == (2_00, 1_00, 0)


def test_a_reserve_is_held_its_days_and_then_released(kiosk):
    agree_terms(
        kiosk.merchant,
        reserve_basis_points=1_000,
        reserve_days=90,
        effective_from=NOON - timedelta(days=1),
    )
    kiosk.capture(97_10)
    release_due(at=at(25))
    assert kiosk.stands == (0, 87_39, 9_71)
    until = at(25) + timedelta(days=90)
    release_due(at=until - timedelta(microseconds=1))
    assert kiosk.stands == (0, 87_39, 9_71)
    release_due(at=until)
    assert kiosk.stands == (0, 97_10, 0)
    release_due(at=until + timedelta(days=90))
    assert kiosk.stands == (0, 97_10, 0)


@pytest.mark.parametrize("amount", [1, 4, 5, 14, 15, 99, 100_00, 123_456_789_012_345])
@pytest.mark.parametrize("basis_points", [1, 333, 1_000, 5_000, 9_999, 10_000])
def test_the_books_say_what_the_recipes_say(kiosk, amount, basis_points):
    agree_terms(
        kiosk.merchant,
        reserve_basis_points=basis_points,
        reserve_days=30,
        effective_from=NOON - timedelta(days=1),
    )
    kiosk.capture(amount)
    release_due(at=at(25))
    held = usd(amount).share(basis_points)
    whose = {"merchant": kiosk.merchant, "livemode": False, "source": "2026-11-25 USD test 1"}
    assert booked("funds.available") == [funds_available(**whose, amount=usd(amount), reserve=held)]
    release_due(at=at(25, month=12))
    assert booked("reserve.released") == ([reserve_released(**whose, amount=held)] if held else [])


def test_what_was_undone_in_time_never_becomes_available(kiosk):
    undone = kiosk.capture(60_00)
    kiosk.capture(40_00)
    release_due(at=at(24))
    kiosk.reverse(undone, when=at(24, 18))  # By itself it would be due on Friday.
    release_due(at=at(25))
    assert kiosk.stands == (0, 40_00, 0)


def test_what_is_undone_afterwards_is_recalled_at_once(kiosk):
    undone = kiosk.capture(60_00)
    kiosk.capture(40_00)
    release_due(at=at(25))
    kiosk.reverse(undone, when=at(25, 9))
    release_due(at=at(25, 10))
    assert kiosk.stands == (0, 40_00, 0)
    assert booked("funds.recalled") == [
        funds_recalled(
            merchant=kiosk.merchant,
            livemode=False,
            source="2026-11-25 USD test 2",
            amount=usd(60_00),
        )
    ]


def test_a_recall_goes_through_below_zero_and_later_captures_recover_it(kiosk):
    undone = kiosk.capture(60_00)
    release_due(at=at(25))
    post(
        payout_created(merchant=kiosk.merchant, livemode=False, source="po_1", amount=usd(60_00)),
        effective_at=at(25, 8),
    )
    kiosk.reverse(undone, when=at(25, 9))
    release_due(at=at(25, 10))
    assert kiosk.stands == (0, -60_00, 0)
    kiosk.capture(100_00, when=at(25, 11))
    release_due(at=at(30))
    assert kiosk.stands == (0, 40_00, 0)


def convert(kiosk, follows, *, back=False, when):
    """The conversion that follows a transaction: 10.00 EUR are 11.00 USD."""
    eur, dollars = Money(10_00, "EUR"), usd(11_00)
    whose = {
        "merchant": kiosk.merchant,
        "livemode": False,
        "source": follows,
        "account": chart.merchant_pending(),
        "value": dollars,
    }
    post(
        converted_back(**whose, owed=eur, paid=dollars)
        if back
        else converted(**whose, sold=eur, bought=dollars),
        effective_at=when,
    )


@pytest.mark.parametrize("undone", [at(24, 18), at(25, 9)])  # In time, and afterwards.
def test_a_currency_that_is_only_passed_through_is_never_due(kiosk, undone):
    euros = Book(kiosk.merchant, currency="EUR")
    capture = euros.capture(10_00)
    convert(kiosk, f"payment.captured:{capture[1]}", when=NOON)
    if undone > at(25):
        release_due(at=at(25))
        assert kiosk.stands == (0, 11_00, 0)
    euros.reverse(capture, when=undone)
    convert(kiosk, f"payment.capture_reversed:{capture[1]}", back=True, when=undone)
    release_due(at=at(25, 10))
    assert kiosk.stands == (0, 0, 0)
    assert euros.stands == (0, 0, 0)
    assert not LedgerTransaction.objects.filter(
        kind__startswith="funds.", source__contains="EUR"
    ).exists()
    assert not Due.objects.filter(settled=False).exists()


def test_a_day_that_nets_to_nothing_posts_nothing(kiosk):
    kiosk.reverse(kiosk.capture(60_00), when=at(23, 13))
    released = release_due(at=at(25))
    assert (released.merchants, released.totals) == (0, ())
    assert kiosk.stands == (0, 0, 0)


def test_modes_and_currencies_are_kept_apart(kiosk):
    live, yen = Book(kiosk.merchant, livemode=True), Book(kiosk.merchant, currency="JPY")
    for book, minor in ((kiosk, 1_00), (live, 2_00), (yen, 300)):
        book.capture(minor)
    released = release_due(at=at(25))
    assert (kiosk.stands, live.stands, yen.stands) == ((0, 1_00, 0), (0, 2_00, 0), (0, 300, 0))
    assert [(total.livemode, total.amount) for total in released.totals] == [
        (False, Money(300, "JPY")),
        (False, usd(1_00)),
        (True, usd(2_00)),
    ]


def test_merchants_are_taken_in_chunks(db):
    books = [Book(uuid7()) for _ in range(7)]
    for number, book in enumerate(books, start=1):
        book.capture(number)
    released = release_due(at=at(25), chunk=3)
    assert (released.merchants, released.transactions) == (7, 7)
    assert [book.stands for book in books] == [(0, n, 0) for n in range(1, 8)]


def test_a_merchant_is_told_when_what_becomes_available(kiosk):
    agree_terms(
        kiosk.merchant,
        reserve_basis_points=1_000,
        reserve_days=90,
        effective_from=NOON - timedelta(days=1),
    )
    kiosk.capture(100_00)
    kiosk.capture(50_00, when=at(24, 9))
    read_on(at=at(24, 10))
    wednesday, friday = (
        Upcoming(day.date(), day, usd(minor), False)
        for day, minor in ((at(25), 100_00), (at(27), 50_00))
    )
    assert upcoming(kiosk.merchant, livemode=False) == [wednesday, friday]
    assert upcoming(kiosk.merchant, livemode=True) == []
    release_due(at=at(25))
    held = at(25) + timedelta(days=90)
    assert upcoming(kiosk.merchant, livemode=False) == [
        friday,
        Upcoming(held.date(), held, usd(10_00), True),
    ]


def test_read_anew_from_the_books_everything_is_as_it_was(kiosk):
    agree_terms(
        kiosk.merchant,
        reserve_basis_points=1_000,
        reserve_days=10,
        effective_from=NOON - timedelta(days=1),
    )
    undone = kiosk.capture(100_00)
    kiosk.capture(30_00, when=at(24, 9))
    kiosk.capture(50_00, when=at(30, 9))
    release_due(at=at(25))
    kiosk.reverse(undone, when=at(26))
    for day in (at(26, 1), at(27), at(6, month=12)):
        release_due(at=day)
    assert kiosk.stands == (
        0,
        72_00,
        8_00,
    )  # Of the last two; what was held of the first is released.

    def rows():
        return (
            list(
                Due.objects.order_by("due_on").values_list(
                    "due_on", "due_at", "amount", "released", "releases"
                )
            ),
            list(
                Reserve.objects.order_by("source").values_list(
                    "source", "amount", "due_on", "due_at", "released_at"
                )
            ),
        )

    before = rows()
    begin_anew(at=at(6, month=12))
    assert rows() == before
    assert release_due(at=at(6, month=12)).totals == ()
    kiosk.capture(1_00, when=at(7, month=12))
    release_due(at=at(9, month=12))
    assert Due.objects.get(due_on=at(9, month=12)).amount == 1_00


def numbered_elsewhere(cursor, ahead: int) -> None:
    """As after a restore: numbers of another cluster, which this one gives only after `ahead` more."""
    cursor.execute("UPDATE funds_read SET cluster = 1")
    cursor.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER ledger_transaction_in_ink")
    cursor.execute(
        "UPDATE ledger_transaction"
        " SET xid = ((pg_current_xact_id()::text)::bigint + %s)::text::xid8",
        [ahead],
    )
    cursor.execute("ALTER TABLE ledger_transaction ENABLE TRIGGER ledger_transaction_in_ink")


@pytest.mark.parametrize("ahead", [1_000, 1_000_000_000])
def test_a_book_that_another_cluster_numbered_is_read_from_its_first_entry_once(kiosk, ahead):
    kiosk.capture(100_00)
    release_due(at=at(25))
    kiosk.capture(20_00)
    with connection.cursor() as cursor:
        numbered_elsewhere(cursor, ahead)
    release_due(at=at(25, 1))
    assert kiosk.stands == (0, 120_00, 0)
    with connection.cursor() as cursor:
        for _ in range(1_200):  # This cluster comes to the nearer of the numbers.
            cursor.execute("SELECT pg_current_xact_id()")
    kiosk.capture(3_00)  # Numbered by this cluster.
    release_due(at=at(25, 2))
    assert kiosk.stands == (0, 123_00, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM funds_read")
        assert cursor.fetchone() == (1,)


def test_postgres_and_python_know_the_same_days(kiosk):
    agree_terms(
        kiosk.merchant,
        calendar="jp",
        time_zone="Asia/Tokyo",
        cutoff=at(1, 15).time(),
        delay_days=3,
        effective_from=at(1, month=6),
    )
    agree_terms(
        kiosk.merchant,
        calendar="gb",
        time_zone="Africa/Cairo",  # Where summer begins at midnight.
        delay_days=0,
        effective_from=at(1, month=3),
    )
    with connection.cursor() as cursor:
        moment = at(1, month=1)
        while moment < at(31, month=12):
            cursor.execute("SELECT * FROM funds_due_day(%s, %s)", [kiosk.merchant, moment])
            terms = terms_in_effect(kiosk.merchant, at=moment)
            day = terms.due_on(moment)
            assert cursor.fetchone() == (day, terms.start_of(day))
            moment += timedelta(hours=5, minutes=7)


def test_a_capture_from_before_all_calendars_is_due(kiosk):
    kiosk.capture(1_00, when=NOON.replace(year=1999))
    release_due(at=NOON)
    assert kiosk.stands == (0, 1_00, 0)


def test_one_merchant_whose_rows_are_wrong_keeps_nobody_else_from_their_money(db, caplog):
    books = sorted(
        (Book(onboard(f"Kiosk {n}").merchant.id) for n in range(5)), key=attrgetter("merchant")
    )
    for book in books:
        book.capture(100_00)
    wrong, others = books[2], books[:2] + books[3:]
    read_on(at=NOON)
    release = {"merchant": wrong.merchant, "livemode": False, "source": "2026-11-25 USD test 1"}
    post(funds_available(**release, amount=usd(1), reserve=usd(0)), effective_at=NOON)

    for _ in range(2):  # And is tried again.
        release_due(at=at(25), chunk=4)
    assert [book.stands for book in others] == [(0, 100_00, 0)] * 4
    assert wrong.stands == (99_99, 1, 0)
    told = [r.merchant for r in caplog.records if r.message == "funds.not_released"]
    assert told == [encode("mer", wrong.merchant)] * 2

    begin_anew(at=at(25))  # What was wrong is read off the books again.
    release_due(at=at(25))
    assert wrong.stands == (0, 100_00, 0)
