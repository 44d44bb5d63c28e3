"""Business days: known ones of each calendar, counting, and that the table says what the functions say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from merchants.funds.calendars import (
    Calendar,
    add_business_days,
    fill,
    is_business_day,
    next_business_day,
    reach,
)
from merchants.funds.models import BusinessDay

DAYS = st.dates(date(2020, 1, 1), date(2039, 1, 1))


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        ("target", date(2026, 4, 3)),  # Good Friday.
        ("target", date(2026, 4, 6)),  # Easter Monday.
        ("target", date(2026, 5, 1)),
        ("target", date(2025, 12, 26)),
        ("us", date(2026, 11, 26)),  # Thanksgiving.
        ("us", date(2027, 7, 5)),  # The 4th is a Sunday.
        ("us", date(2022, 6, 20)),  # Juneteenth is a Sunday.
        ("gb", date(2026, 5, 4)),  # Early May.
        ("gb", date(2026, 12, 28)),  # Boxing Day is a Saturday.
        ("jp", date(2026, 1, 2)),  # Banks are closed until the 3rd.
        ("jp", date(2026, 12, 31)),
        ("weekdays", date(2026, 11, 28)),
    ],
)
def test_banks_are_closed(calendar, day):
    assert not is_business_day(day, calendar)


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        ("target", date(2026, 12, 24)),
        ("target", date(2026, 11, 26)),  # Thanksgiving is no holiday in Frankfurt.
        (
            "us",
            date(2026, 7, 3),
        ),  # The 4th is a Saturday: the Federal Reserve is open the day before.
        ("us", date(2021, 12, 31)),  # New Year's Day is a Saturday: so too.
        ("us", date(2026, 4, 3)),
        ("gb", date(2026, 5, 1)),
        ("jp", date(2026, 12, 25)),
        ("weekdays", date(2026, 12, 25)),
    ],
)
def test_banks_are_open(calendar, day):
    assert is_business_day(day, calendar)


def test_easter_takes_four_days_out_of_a_week():
    thursday = date(2026, 4, 2)
    assert next_business_day(thursday, "target") == date(2026, 4, 7)
    assert next_business_day(thursday, "weekdays") == date(2026, 4, 3)
    assert add_business_days(thursday, 2, "target") == date(2026, 4, 8)


def test_no_business_days_later_is_the_day_itself_or_the_next_one():
    assert add_business_days(date(2026, 4, 2), 0, "target") == date(2026, 4, 2)
    assert add_business_days(date(2026, 4, 3), 0, "target") == date(2026, 4, 7)


def test_business_days_are_not_counted_backward():
    with pytest.raises(ValueError, match="forward"):
        add_business_days(date(2026, 4, 3), -1, "target")


@given(day=DAYS, n=st.integers(1, 30), calendar=st.sampled_from(Calendar))
def test_the_nth_business_day_is_the_next_one_n_times(day, n, calendar):
    one_by_one = day
    for _ in range(n):
        one_by_one = next_business_day(one_by_one, calendar)
    assert add_business_days(day, n, calendar) == one_by_one


@pytest.mark.django_db
def test_the_table_says_what_the_functions_say():
    days = BusinessDay.objects.filter(day__range=(date(2024, 1, 1), date(2028, 12, 31)))
    assert days.count() == 1827 * len(Calendar)
    for day in days:
        assert day.is_open == is_business_day(day.day, day.calendar)
        assert (day.name == "") == day.is_open
    for calendar in Calendar:
        ordinals = {day.day: day.ordinal for day in BusinessDay.objects.filter(calendar=calendar)}
        assert ordinals[add_business_days(date(2026, 4, 3), 7, calendar)] == (
            ordinals[date(2026, 4, 3)] + 7
        )
        assert max(ordinals) == date(2040, 12, 31)


@pytest.mark.django_db
def test_filling_again_changes_nothing_and_what_is_wrong_is_put_right():
    assert fill() == 0
    holiday = BusinessDay.objects.get(calendar="target", day=date(2026, 12, 25))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM business_day WHERE calendar = 'us' AND day = '2026-12-25'")
        cursor.execute(
            "UPDATE business_day SET name = 'Boxing Day' WHERE calendar = 'target' AND day = '2026-12-25'"
        )
    assert fill() == 3  # The one that was missing, the wrong one and the right one.
    assert BusinessDay.objects.get(calendar="target", day=date(2026, 12, 25)).name == holiday.name
    assert BusinessDay.objects.filter(calendar="us", day=date(2026, 12, 25)).exists()


@pytest.mark.django_db
def test_the_table_reaches_as_far_as_anybody_counts():
    reach(2038)
    assert not BusinessDay.objects.filter(day__gt=date(2040, 12, 31)).exists()
    reach(2039)
    last = date(2041, 12, 31)
    assert BusinessDay.objects.filter(day=last).count() == len(Calendar)
    assert not BusinessDay.objects.filter(day__gt=last + timedelta(days=1)).exists()
