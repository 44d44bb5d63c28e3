"""The months of statements: where a merchant's month begins, and whether it is over.

A month is one of posting (posted_at), not of happening: nothing is ever posted into the past, so what a closed
month says stays said, and what is heard of late stands in the month in which it was heard. posted_at is the
database's clock, so here it is the clock on the wall that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from merchants.funds.terms import terms_in_effect

#: After a month's end, before it is final: what was posted in it may not be committed yet.
SETTLING = timedelta(hours=1)

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class NoSuchMonth(ValueError):
    """Not a month as statements are named by."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar: "2026-11"."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises NoSuchMonth for what is none from 2000-01 to 2099-12."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise NoSuchMonth(text)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month in whose time zone `moment` is given."""
        return cls(moment.year, moment.month)

    @property
    def next(self) -> Self:
        years, number = divmod(self.number, 12)
        return type(self)(self.year + years, number + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class Period:
    """A merchant's month, from `since` to before `until`, in UTC."""

    month: Month
    since: datetime
    until: datetime
    time_zone: ZoneInfo  # The merchant's when it began.

    def final(self, *, at: datetime) -> bool:
        """Can nothing be added to it any more? `at` is now, by the clock on the wall."""
        return at >= self.until + SETTLING


def period(merchant_id: UUID, month: Month) -> Period:
    """The merchant's month. Each begins when the one before it ends, whatever became of their time zone."""
    zone, since = _beginning(merchant_id, month)
    return Period(month, since, _beginning(merchant_id, month.next)[1], zone)


def periods(merchant_id: UUID, *, since: datetime, at: datetime) -> Iterator[Period]:
    """From the month in which `since` was to the one in which `at` is, in order."""
    month = Month.of((since - timedelta(days=1)).astimezone(UTC))
    while True:
        found = period(merchant_id, month)
        if found.since > at:
            return
        if found.until > since:
            yield found
        month = month.next


def _beginning(merchant_id: UUID, month: Month) -> tuple[ZoneInfo, datetime]:
    """Midnight of the first where the merchant is, by the terms of the day before.

    A day earlier, so that terms agreed after a month's end never move it, however far east they are.
    """
    first = datetime(month.year, month.number, 1, tzinfo=UTC)
    terms = terms_in_effect(merchant_id, at=first - timedelta(days=1))
    return ZoneInfo(terms.time_zone), terms.start_of(first.date())
