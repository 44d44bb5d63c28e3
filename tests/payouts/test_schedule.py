"""Schedules: which day is whose, and that what is due is paid once, whatever runs beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from kernel.clock import now
from kernel.db import atomic, call
from kernel.ids import uuid7
from kernel.money import Money
from ledger.post import post
from ledger.recipes.refunds import refund_succeeded
from merchants.funds.calendars import Calendar, is_business_day
from merchants.funds.terms import agree_terms
from merchants.models import Merchant
from merchants.onboard import onboard
from payouts.collect import collect, collect_due
from payouts.create import UnableToPayOut, Wanted, create
from payouts.models import Payout, Schedule
from payouts.schedule import (
    UnfitSchedule,
    agree_schedule,
    due_day,
    next_due_day,
    schedule_in_effect,
)
from tests.funds.conftest import Book
from tests.payouts.conftest import available, earn, settle_in
from tests.races import all_at_once

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def agree(merchant_id, interval="daily", **more):
    given = {"livemode": False, "currency": "EUR", "by": "ada"}
    given |= {"effective_from": LONG_AGO, "at": LONG_AGO}
    return agree_schedule(merchant_id, interval=interval, **(given | more))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def coming(day: date, days: int = 0) -> datetime:
    """That many business days after that day or the next one, at noon: whatever the merchant's calendar is."""
    while not all(is_business_day(day, calendar) for calendar in Calendar) or days:
        days -= days and all(is_business_day(day, calendar) for calendar in Calendar)
        day += timedelta(days=1)
    return noon(day)


FRIDAY, SATURDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 30)
THURSDAY, CHRISTMAS, AFTER = date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 28)


@pytest.mark.parametrize(
    ("interval", "anchor", "today", "due"),
    [
        ("daily", 0, FRIDAY, FRIDAY),
        ("daily", 0, SATURDAY, FRIDAY),
        ("daily", 0, CHRISTMAS, THURSDAY),
        ("weekly", 5, FRIDAY, FRIDAY),
        ("weekly", 6, SATURDAY, date(2026, 11, 23)),  # Saturday's of the week before, moved.
        ("weekly", 6, MONDAY, MONDAY),
        ("weekly", 5, date(2026, 12, 26), date(2026, 12, 18)),
        ("weekly", 5, AFTER, AFTER),  # Christmas Day's.
        ("weekly", 1, FRIDAY, date(2026, 11, 23)),
        ("monthly", 1, MONDAY, date(2026, 11, 2)),  # The first was a Sunday.
        ("monthly", 31, MONDAY, MONDAY),
        ("monthly", 31, FRIDAY, date(2026, 11, 2)),  # October's last was a Saturday.
        ("monthly", 30, date(2026, 2, 27), date(2026, 1, 30)),  # February's last is a Saturday.
        ("monthly", 30, date(2026, 3, 2), date(2026, 3, 2)),
        ("monthly", 15, date(2026, 1, 2), date(2025, 12, 15)),
        ("manual", 0, FRIDAY, None),
    ],
)
def test_a_schedule_is_due_on_the_day_of_its_own_that_banks_are_open(interval, anchor, today, due):
    assert due_day(interval, anchor, calendar=Calendar.TARGET, today=today) == due


@pytest.mark.parametrize("calendar", list(Calendar))
def test_every_due_day_is_a_business_day_and_each_comes_once(calendar):
    for interval, anchors in (("daily", [0]), ("weekly", range(1, 8)), ("monthly", range(1, 32))):
        for anchor in anchors:
            days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
            due = [due_day(interval, anchor, calendar=calendar, today=day) for day in days]
            assert due == sorted(due)
            assert all(is_business_day(day, calendar) for day in due)
            within = {day for day in due if day.year == 2026}
            assert all(d in within for d, day in zip(due, days, strict=True) if d == day)
            if interval == "monthly":
                assert 11 <= len(within) <= 13  # January's or December's may move out of the year.


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"interval": "hourly"}, "interval"),
        ({"interval": "weekly", "anchor": 0}, "anchor"),
        ({"interval": "weekly", "anchor": 8}, "anchor"),
        ({"interval": "monthly", "anchor": 32}, "anchor"),
        ({"interval": "daily", "anchor": 1}, "anchor"),
        ({"minimum": 0}, "minimum"),
        ({"effective_from": LONG_AGO - timedelta(seconds=1)}, "effective_from"),
    ],
)
def test_what_makes_no_sense_is_not_agreed_on(change, param):
    with pytest.raises(UnfitSchedule) as refusal:
        agree(uuid7(), **change)
    assert refusal.value.param == param
    assert not Schedule.objects.exists()


@pytest.mark.django_db
def test_a_schedule_is_superseded_from_its_day_on(merchant):
    whose = merchant.merchant.id
    first = agree(whose)
    later = agree(whose, "manual", effective_from=LONG_AGO + timedelta(days=9))

    def in_effect(days):
        return schedule_in_effect(
            whose, livemode=False, currency="EUR", at=LONG_AGO + timedelta(days=days)
        )

    assert in_effect(-1) is None
    assert in_effect(8) == first
    assert in_effect(9) == later
    assert schedule_in_effect(whose, livemode=True, currency="EUR", at=now()) is None


@pytest.mark.django_db
def test_the_next_due_day_is_told_where_the_merchant_is(merchant):
    weekly = agree(merchant.merchant.id, "weekly", anchor=6)
    assert next_due_day(weekly, at=noon(FRIDAY)) == MONDAY
    assert next_due_day(weekly, at=noon(MONDAY)) == MONDAY
    assert next_due_day(agree(merchant.merchant.id, "manual"), at=noon(FRIDAY)) is None


def collected(at):
    return [(total.payouts, total.amount.minor) for total in collect(livemode=False, at=at).totals]


@pytest.mark.django_db
def test_what_is_available_is_paid_once_a_day(payee):
    whose = payee.merchant.id
    agree(whose)
    day = coming(now().date())

    assert collected(day) == [(1, 100_00)]
    payout = Payout.objects.get()
    assert (payout.state, payout.method, payout.scheduled_for) == ("draft", "schedule", day.date())
    assert available(whose) == 0

    earn(whose, Money(7_00, "EUR"))
    assert collected(day + timedelta(hours=3)) == []
    assert collected(coming(day.date() + timedelta(days=1))) == [(1, 7_00)]
    assert collect(livemode=True, at=day).due == 0


@pytest.mark.django_db
def test_an_event_tells_of_it_and_the_books_have_it(payee, api):
    agree(payee.merchant.id)
    collect(livemode=False, at=coming(now().date()))

    shown = api.get("payouts").json()["data"][0]
    [event] = [one for one in api.get("events").json()["data"] if one["data"]["object"] == shown]
    assert event["type"] == "payout.created"
    assert shown["method"] == "schedule"


@pytest.mark.django_db
def test_less_than_the_minimum_waits_for_the_next_day(payee):
    agree(payee.merchant.id, minimum=100_01)
    day = coming(now().date())
    assert collected(day) == []
    earn(payee.merchant.id, Money(1, "EUR"))
    assert collected(day) == []
    assert collected(coming(day.date() + timedelta(days=1))) == [(1, 100_01)]


@pytest.mark.django_db
def test_a_day_that_was_missed_is_made_up_for_once(payee):
    agree(payee.merchant.id, "weekly", anchor=1)
    monday = now().date() + timedelta(days=7 - now().date().weekday())
    wednesday = noon(monday + timedelta(days=2))

    assert collected(wednesday) == [(1, 100_00)]
    due = due_day("weekly", 1, calendar=Calendar.TARGET, today=wednesday.date())
    assert Payout.objects.get().scheduled_for == due
    assert collect(livemode=False, at=wednesday + timedelta(days=1)).due == 0


@pytest.mark.django_db
def test_no_day_before_the_agreement_is_made_up_for(payee):
    monday = now().date() + timedelta(days=7 - now().date().weekday())
    tuesday = noon(monday + timedelta(days=1))
    agree(payee.merchant.id, "weekly", anchor=1, effective_from=tuesday)
    assert collect(livemode=False, at=tuesday).due == 0


@pytest.mark.django_db
def test_without_a_destination_it_is_paid_when_there_is_one(merchant):
    whose = merchant.merchant.id
    earn(whose, Money(5_00, "EUR"))
    agree(whose)
    day = coming(now().date())
    assert collect(livemode=False, at=day).due == 0
    settle_in(whose)
    assert collected(day) == [(1, 5_00)]


@pytest.mark.django_db
def test_who_is_suspended_owes_us_or_wants_it_by_hand_is_not_paid(payees):
    suspended, owing, by_hand, never_earned = payees(4)
    for whose in (suspended, owing, never_earned):
        agree(whose)
    agree(by_hand, "manual")
    Merchant.objects.filter(id=suspended).update(status=Merchant.Status.SUSPENDED)
    refund(owing, 500_00)
    stranger = onboard("New").merchant.id
    settle_in(stranger)
    agree(stranger)

    assert collected(coming(now().date())) == [(1, 100_03)]
    assert Payout.objects.get().merchant_id == never_earned
    assert available(owing) < 0


@pytest.mark.django_db
def test_the_day_is_that_of_the_merchants_calendar_and_clock(payee):
    whose = payee.merchant.id
    agree(whose)
    agree_terms(whose, effective_from=LONG_AGO, calendar="weekdays", time_zone="Asia/Tokyo")
    wednesday = now().date() + timedelta(days=9 - now().date().weekday())
    late_on_tuesday = noon(wednesday) - timedelta(hours=20)  # 16:00 UTC: 01:00 in Tokyo.

    collect(livemode=False, at=late_on_tuesday)

    due = due_day("daily", 0, calendar=Calendar.WEEKDAYS, today=wednesday)
    assert Payout.objects.get().scheduled_for == due
    assert due != due_day(
        "daily", 0, calendar=Calendar.WEEKDAYS, today=wednesday - timedelta(days=1)
    )


@pytest.mark.django_db
def test_who_comes_second_for_a_day_finds_it_taken(payee):
    whose, day = payee.merchant.id, now().date()
    first = call("payout_collect", False, now(), [whose], ["EUR"], [day], [1])
    earn(whose, Money(7_00, "EUR"))
    second = call("payout_collect", False, now(), [whose], ["EUR"], [day], [1])

    assert (first, second) == ([("EUR", 1, 100_00)], [])
    assert available(whose) == 7_00


@pytest.mark.django_db
def test_in_chunks_it_is_the_same(payees):
    for whose in payees(5):
        agree(whose)
    assert collect(livemode=False, at=coming(now().date()), chunk=2).payouts == 5


def refund(merchant: UUID, minor: int, source: str = "re_1") -> None:
    given = refund_succeeded(
        merchant=merchant, livemode=False, psp="stripe", source=source, amount=Money(minor, "EUR")
    )
    post(given, effective_at=now())


class TestAtOnce:
    """What is committed by threads."""

    @pytest.fixture
    def db(self, commits):
        """Threads see what is committed."""

    def test_passes_payouts_and_refunds_at_once_overdraw_nobody(self, payees):
        shops = payees(12)
        for whose in shops:
            agree(whose)
        day = coming(now().date())

        def ask():
            for whose in shops:
                try:
                    with atomic():
                        create(whose, Wanted("EUR", 60_00), id_=uuid7(), livemode=False, at=now())
                except UnableToPayOut:
                    continue

        def give_back():
            for number, whose in enumerate(reversed(shops)):
                refund(whose, 10_00, f"re_{number}")

        passes = [lambda: collect(livemode=False, at=day, chunk=5) for _ in range(3)]
        all_at_once(*passes, ask, give_back)

        for number, whose in enumerate(shops):
            paid = sum(p.amount for p in Payout.objects.filter(merchant_id=whose))
            scheduled = Payout.objects.filter(merchant_id=whose, method="schedule")
            assert scheduled.count() <= 1
            assert available(whose) == 100_00 + number - 10_00 - paid
            assert paid <= 100_00 + number
            # Whatever the order, only the refund may have gone through beyond what there was.
            assert available(whose) >= -10_00

    def test_a_pass_first_makes_available_what_is_due(self, merchant):
        whose = merchant.merchant.id
        settle_in(whose)
        agree(whose)
        Book(whose, currency="EUR").capture(50_00, when=now() - timedelta(days=30))

        test, live = collect_due(at=coming(now().date()))

        assert [total.amount for total in test.totals] == [Money(50_00, "EUR")]
        assert live.payouts == 0
