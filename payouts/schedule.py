"""When a merchant is paid what is available: what was agreed, and on which days it is due."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.currencies import EXPONENTS
from merchants.funds.calendars import (
    Calendar,
    add_business_days,
    is_business_day,
    next_business_day,
)
from merchants.funds.terms import terms_in_effect
from payouts.models import Schedule

Interval = Schedule.Interval
_ANCHORS = {Interval.WEEKLY: range(1, 8), Interval.MONTHLY: range(1, 32)}
_ROUND_TRIPS = 3  # Weeks or months looked back: longer than banks are ever closed.


class UnfitSchedule(ValueError):
    """No such schedule can be agreed on. `param` is the field at fault."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


def agree_schedule(
    merchant_id: UUID,
    *,
    livemode: bool,
    currency: str,
    interval: Schedule.Interval | str,
    anchor: int = 0,
    minimum: int = 1,
    by: str,
    effective_from: datetime,
    at: datetime,
) -> Schedule:
    """A new schedule for a merchant and currency; it supersedes the earlier ones from `effective_from` on.

    `anchor`: weekly the day, 1 (Monday) to 7; monthly the day of the month, the last one where it has fewer; else 0.
    `minimum` in minor units: less than that stays for the next time. Raises UnfitSchedule.
    """
    if currency not in EXPONENTS:
        raise UnfitSchedule("currency", f"{currency!r} is no currency.")
    if interval not in Interval.values:
        raise UnfitSchedule("interval", f"{interval!r} is no interval.")
    if anchor not in _ANCHORS.get(Interval(interval), range(1)):
        raise UnfitSchedule("anchor", f"{anchor} is no day for a {interval} schedule.")
    if minimum < 1:
        raise UnfitSchedule("minimum", "The minimum is at least one minor unit.")
    if effective_from < at:
        raise UnfitSchedule("effective_from", "What was agreed for the past stays agreed.")
    schedule: Schedule = Schedule.objects.create(
        merchant_id=merchant_id,
        livemode=livemode,
        currency=currency,
        interval=interval,
        anchor=anchor,
        minimum=minimum,
        agreed_by=by,
        effective_from=effective_from,
        created_at=at,
    )
    return schedule


def schedule_in_effect(
    merchant_id: UUID, *, livemode: bool, currency: str, at: datetime
) -> Schedule | None:
    """The schedule that counts at that moment; None where none was agreed, which is the same as manual."""
    found: Schedule | None = (
        Schedule.objects.filter(
            merchant_id=merchant_id, livemode=livemode, currency=currency, effective_from__lte=at
        )
        .order_by("-effective_from", "-id")
        .first()
    )
    return found


def due_day(
    interval: Schedule.Interval | str, anchor: int, *, calendar: Calendar | str, today: date
) -> date | None:
    """The last day until `today` on which such a schedule was due; None for a manual one.

    A day on which the banks of that calendar are closed moves to the next on which they are open.
    """
    match Interval(interval):
        case Interval.DAILY:
            day = today
            while not is_business_day(day, calendar):
                day -= timedelta(days=1)
            return day
        case Interval.WEEKLY:
            last = today - timedelta(days=(today.isoweekday() - anchor) % 7)
            nominal = [last - timedelta(weeks=back) for back in range(_ROUND_TRIPS)]
        case Interval.MONTHLY:
            nominal = [_in_month(today, -back, anchor) for back in range(_ROUND_TRIPS)]
        case Interval.MANUAL:
            return None
    moved = (add_business_days(day, 0, calendar) for day in nominal)
    return next(day for day in moved if day <= today)


def next_due_day(schedule: Schedule, *, at: datetime) -> date | None:
    """The first day from today on on which the schedule is due where the merchant is; None for a manual one."""
    if schedule.interval == Interval.MANUAL:
        return None
    terms = terms_in_effect(schedule.merchant_id, at=at)
    start = max(at, schedule.effective_from).astimezone(ZoneInfo(terms.time_zone)).date()
    day = add_business_days(start, 0, terms.calendar)
    while (
        due_day(schedule.interval, schedule.anchor, calendar=terms.calendar, today=day) or day
    ) < day:
        day = next_business_day(day, terms.calendar)
    return day


def all_due_days(days: list[date]) -> list[tuple[str, date, str, int, date]]:
    """For each calendar, local day, interval and anchor the day for which such a schedule was due last."""
    table = []
    for calendar in Calendar:
        for today in days:
            for interval in (Interval.DAILY, Interval.WEEKLY, Interval.MONTHLY):
                for anchor in _ANCHORS.get(interval, range(1)):
                    due = due_day(interval, anchor, calendar=calendar, today=today)
                    if due is not None:
                        table.append((calendar.value, today, interval.value, anchor, due))
    return table


def _in_month(day: date, months: int, anchor: int) -> date:
    """The anchored day of the month that is so many months from `day`'s."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(anchor, monthrange(year, month)[1]))
