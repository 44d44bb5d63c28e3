"""On which days the bank works: every day but Saturdays and Sundays, in UTC. (Real ones keep holidays as well.)"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

_ONE = timedelta(days=1)


def bank_day(day: date) -> date:
    """The day itself, or the Monday after it."""
    while day.weekday() >= 5:
        day += _ONE
    return day


def after(day: date, count: int) -> date:
    """So many bank days later."""
    for _ in range(count):
        day = bank_day(day + _ONE)
    return day


def moment(day: date, hour: int, minute: int = 0) -> float:
    """Seconds since 1970."""
    return datetime.combine(day, time(hour, minute), UTC).timestamp()


def day_of(timestamp: float) -> date:
    return datetime.fromtimestamp(timestamp, UTC).date()


def next_day(day: date) -> date:
    """Be it a bank day or not."""
    return day + _ONE
