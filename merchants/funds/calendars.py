"""On which days banks move money: the calendars by which funds become available and payouts have value.

The holidays come from the `holidays` package; the table business_day is the same by day, so that PostgreSQL can
count business days for a hundred thousand merchants in one statement. A test compares the two.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

import holidays
import orjson
from django.db import connection
from django.db.transaction import atomic

FIRST_YEAR = 2020  # Before there was anything of ours to count.
YEARS_AHEAD = 2  # That the table always reaches; whatever is due is due before.
FILLED_UNTIL = 2040

_COLUMNS = ("calendar", "day", "is_open", "ordinal", "name")


class Calendar(StrEnum):
    """Whose business days: a payment system's, or every Monday to Friday's."""

    TARGET = "target"  # The Eurosystem's T2: euro.
    US = "us"  # The Federal Reserve's Fedwire and FedACH.
    GB = "gb"  # Bacs, CHAPS: the bank holidays of England and Wales.
    JP = "jp"  # Zengin: national and bank holidays.
    WEEKDAYS = "weekdays"


def is_business_day(day: date, calendar: Calendar | str) -> bool:
    """Do banks of this calendar move money on that day?"""
    return day.weekday() < 5 and day not in _holidays(Calendar(calendar), day.year)


def next_business_day(day: date, calendar: Calendar | str) -> date:
    """The first business day after `day`."""
    return add_business_days(day, 1, calendar)


def add_business_days(day: date, n: int, calendar: Calendar | str) -> date:
    """The n-th business day after `day`; with n = 0 `day` itself, or the next one where it is none.

    Raises ValueError for an n below zero.
    """
    if n < 0:
        raise ValueError(f"business days are counted forward, not {n}")
    if n == 0 and is_business_day(day, calendar):
        return day
    left = max(n, 1)
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day, calendar)
    return day


def fill(*, until: int = FILLED_UNTIL) -> int:
    """Bring the table to what the calendars say from FIRST_YEAR to the end of year `until`; how many days were wrong.

    Harmless at any time: who counts by it meanwhile sees all of the old or all of the new.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE business_day IN SHARE ROW EXCLUSIVE MODE")  # One at a time.
        cursor.execute("SELECT calendar, day, is_open, ordinal, name FROM business_day")
        found = set(cursor.fetchall())
        right = set(_rows(until))
        if wrong := len(found ^ right):
            cursor.execute("DELETE FROM business_day")
            cursor.execute(
                """
                INSERT INTO business_day (calendar, day, is_open, ordinal, name)
                SELECT * FROM jsonb_to_recordset(%s::jsonb)
                    AS d (calendar text, day date, is_open boolean, ordinal integer, name text)""",
                [orjson.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in right]).decode()],
            )
    return wrong


def reach(year: int) -> None:
    """Fill the table unless it holds every calendar until YEARS_AHEAD of `year`."""
    until = year + YEARS_AHEAD
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM business_day WHERE calendar = ANY(%s) AND day = %s",
            [list(Calendar), date(until, 12, 31)],
        )
        [(calendars,)] = cursor.fetchall()
    if calendars < len(Calendar):
        fill(until=max(until, FILLED_UNTIL))


def _rows(until: int) -> Iterator[tuple[str, date, bool, int, str]]:
    """Every day of every calendar: is it open, how many open days there are up to it, what closes it."""
    for calendar in Calendar:
        ordinal, day = 0, date(FIRST_YEAR, 1, 1)
        while day.year <= until:
            is_open = is_business_day(day, calendar)
            ordinal += is_open
            name = "" if is_open else _holidays(calendar, day.year).get(day, "weekend")
            yield calendar.value, day, is_open, ordinal, name
            day += timedelta(days=1)


@functools.lru_cache(maxsize=1_000)
def _holidays(calendar: Calendar, year: int) -> dict[date, str]:
    """What closes the banks in that year besides weekends."""
    match calendar:
        case (
            Calendar.TARGET
        ):  # ECB: New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December.
            return dict(holidays.financial_holidays("ECB", years=year, language="en_US"))
        case Calendar.US:
            return _federal_reserve(year)
        case Calendar.GB:
            return dict(holidays.country_holidays("GB", subdiv="ENG", years=year, language="en_GB"))
        case Calendar.JP:
            return dict(
                holidays.country_holidays(
                    "JP", categories=("public", "bank"), years=year, language="en_US"
                )
            )
        case Calendar.WEEKDAYS:
            return {}


def _federal_reserve(year: int) -> dict[date, str]:
    """Federal holidays; the Monday after one on a Sunday is closed, the Friday before one on a Saturday is not."""
    days = dict(
        holidays.country_holidays("US", observed=False, years=(year - 1, year), language="en_US")
    )
    for day, name in list(days.items()):
        if day.weekday() == 6:
            days.setdefault(day + timedelta(days=1), f"{name} (observed)")
    return {day: name for day, name in days.items() if day.year == year}
