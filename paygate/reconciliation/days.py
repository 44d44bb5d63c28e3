"""T+n, from the other side: what must have been settled by now."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from merchants.funds.calendars import Calendar, is_business_day


def due_before(until: datetime, days: int) -> datetime:
    """The moment before which everything must be settled, if all is told until then: so many business days earlier."""
    day = until.date()
    for _ in range(days):
        day -= timedelta(days=1)
        while not is_business_day(day, Calendar.WEEKDAYS):
            day -= timedelta(days=1)
    return datetime.combine(day, time(), until.tzinfo)
