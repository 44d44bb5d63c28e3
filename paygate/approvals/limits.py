"""What a person may give back without a second person: the most that any of the person's roles allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Max, Sum

from kernel.money import Money
from paygate.approvals.models import Limit, Spending

Person: TypeAlias = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a person may, in one currency."""

    single: Money  # At once.
    daily: Money  # In a day.


def bounds_of(person: Person, currency: str) -> Bounds:
    """The largest of the person's roles; nothing where no role has a limit in this currency."""
    roles = person.groups.values("name")
    found = Limit.objects.filter(role__in=roles, currency=currency).aggregate(
        single=Max("single"), daily=Max("daily")
    )
    return Bounds(Money(found["single"] or 0, currency), Money(found["daily"] or 0, currency))


def left_today(person: Person, currency: str, *, livemode: bool, at: datetime) -> Money:
    """What is left of a person's budget of the day. To be shown: what begins meanwhile may take it."""
    spent = Spending.objects.filter(
        person=person.get_username(),
        day=day_of(at),
        currency=currency,
        livemode=livemode,
        given_back_at=None,
    ).aggregate(sum=Sum("amount"))["sum"]
    left = bounds_of(person, currency).daily - Money(int(spent or 0), currency)
    return max(left, Money.zero(currency))


def day_of(at: datetime) -> date:
    """The day to whose budget a moment belongs: UTC's, for everybody."""
    return at.astimezone(UTC).date()
