"""What a dashboard's address asks for: whose figures, of which mode, currency and days (UTC).

What cannot be read is said in words, and something sensible is shown instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from kernel.currencies import EXPONENTS
from kernel.ids import InvalidId, decode
from ledger.chart import HOUSE
from merchants.models import Merchant

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONGEST = 366  # Days.
BY_THE_HOUR = 2  # So many days are shown by the hour, more by the day …
BY_THE_DAY = 45  # … and more than that by seven days.
NAMED = 6  # Merchants of a name that is not one merchant's.

#: The periods that have a name: so many days, today the last of them.
PERIODS = {"today": 1, "7": 7, "30": 30, "90": 90}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` on and before `until`, read from the figures of hours or of days."""

    span: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both of them among it; `at` is now, and may be on the last one."""

    since: date
    until: date
    at: datetime
    name: str = ""  # Of PERIODS; "" for days that somebody chose.

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def running(self) -> bool:
        """Is it not over yet?"""
        return self.until >= self.at.date()

    @property
    def span(self) -> str:
        return "hour" if self.days <= BY_THE_HOUR else "day"

    @property
    def step(self) -> timedelta:
        """Of its bars: readable at any length."""
        if self.span == "hour":
            return HOUR
        return DAY if self.days <= BY_THE_DAY else 7 * DAY

    @property
    def starts(self) -> datetime:
        return midnight(self.since)

    @property
    def ends(self) -> datetime:
        return midnight(self.until) + DAY

    @property
    def before(self) -> Period:
        """As many days, just before it."""
        length = timedelta(days=self.days)
        return Period(self.since - length, self.until - length, self.at)

    def bars(self) -> list[datetime]:
        """The beginning of every hour, day or seven days of it, those to come not."""
        step = self.step
        number = (min(self.ends, self.at) - self.starts) / step
        return [self.starts + step * n for n in range(int(number) + (number % 1 > 0))]

    def comparable(self, hours_since: datetime) -> tuple[list[Stretch], list[Stretch]]:
        """What is compared with what: a period that is not over, as far as its last full hour, and the one before it as
        far as the same hour. Where hours are not kept that far back the last day of both is left out.
        """
        whole, before = self.ends, self.before
        if not self.running:
            return [Stretch("day", self.starts, whole)], [
                Stretch("day", before.starts, before.ends)
            ]
        last, last_before = midnight(self.until), midnight(before.until)
        passed = self.at.replace(minute=0, second=0, microsecond=0) - last
        if last_before < hours_since:
            passed = timedelta()
        return (
            [Stretch("day", self.starts, last), Stretch("hour", last, last + passed)],
            [
                Stretch("day", before.starts, last_before),
                Stretch("hour", last_before, last_before + passed),
            ],
        )

    @property
    def words(self) -> str:
        """ "2026-11-19 to 2026-11-25"."""
        return f"{self.since}" if self.days == 1 else f"{self.since} to {self.until}"

    @property
    def before_words(self) -> str:
        """What it is compared with, behind "than" or "as": "yesterday", "in the 7 days before"."""
        if self.days == 1:
            return "yesterday" if self.name == "today" else "the day before"
        return f"in the {self.days} days before"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown. `livemode` and `currency` are None where the address leaves them open."""

    period: Period
    merchant: Merchant | None = None
    livemode: bool | None = None
    currency: str | None = None
    refused: list[str] = field(default_factory=list)  # What could not be read, in words.
    meant: list[Merchant] = field(default_factory=list)  # Who a name might stand for.
    typed: str = ""  # The merchant, as it was typed.

    @property
    def whose(self) -> UUID:
        return self.merchant.id if self.merchant else HOUSE


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read(query: Mapping[str, str], *, at: datetime) -> Asked:
    """Never raises: what is wrong is in `refused`."""
    refused: list[str] = []
    typed = query.get("merchant", "").strip().replace("\0", "")[:200]
    merchant, meant = _merchant(typed, refused)
    return Asked(
        period=_period(query, at, refused),
        merchant=merchant,
        livemode=_mode(query.get("mode", ""), refused),
        currency=_currency(query.get("currency", ""), refused),
        refused=refused,
        meant=meant,
        typed=typed,
    )


def _merchant(typed: str, refused: list[str]) -> tuple[Merchant | None, list[Merchant]]:
    """By an id of ours, or by a name, or by a part of one that is nobody else's."""
    if not typed:
        return None, []
    try:
        found = Merchant.objects.filter(id=decode("mer", typed)).first()
    except InvalidId:
        named = list(Merchant.objects.filter(name__icontains=typed).order_by("name", "id")[:NAMED])
        exactly = [one for one in named if one.name.casefold() == typed.casefold()]
        if len(exactly) == 1 or len(named) == 1:
            return (exactly or named)[0], []
        if named:
            refused.append(f"More than one merchant is called like “{typed}”. Choose one.")
            return None, named
        found = None
    if found is None:
        refused.append(f"No merchant is called “{typed}”. All merchants are shown.")
    return found, []


def _mode(mode: str, refused: list[str]) -> bool | None:
    if mode and mode not in {"live", "test"}:
        refused.append("The mode is “live” or “test”.")
    return {"live": True, "test": False}.get(mode)


def _currency(typed: str, refused: list[str]) -> str | None:
    currency = typed.strip().upper()
    if currency and currency not in EXPONENTS:
        refused.append(f"“{typed[:20]}” is not a currency.")
        return None
    return currency or None


def _period(query: Mapping[str, str], at: datetime, refused: list[str]) -> Period:
    today = at.astimezone(UTC).date()
    since, until = query.get("since", "").strip(), query.get("until", "").strip()
    if since or until:
        try:
            return _chosen(since, until, at)
        except ValueError as why:
            refused.append(str(why))
    name = query.get("period", "") or "7"
    if name not in PERIODS:
        refused.append("The period is “today”, “7”, “30” or “90” days, or two dates.")
        name = "7"
    return Period(today - timedelta(days=PERIODS[name] - 1), today, at, name)


def _chosen(since: str, until: str, at: datetime) -> Period:
    """Raises ValueError, in words for people."""
    today = at.astimezone(UTC).date()
    last = _day(until) if until else today
    first = _day(since) if since else last
    if first > today:
        raise ValueError(f"{first} is still to come. Days are counted in UTC.")
    if last < first:
        raise ValueError(f"The last day, {last}, is before the first one, {first}.")
    last = min(last, today)
    if (last - first).days + 1 > LONGEST:
        raise ValueError(f"At most {LONGEST} days are shown at once.")
    return Period(first, last, at)


def _day(typed: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise ValueError(f"“{typed[:20]}” is not a day. Write it like 2026-11-25.") from None
    if not 2000 <= day.year <= 9000:
        raise ValueError(f"{day} is not a day on which anybody paid.")
    return day
