"""Spend of a person's budget of the day, before anything is given back; and give the budget back when nothing was.

The budget is held by PostgreSQL: of two that spend at once the second waits for the first (approval_spending's
trigger). What is spent is under the idempotency key of what it is spent on. Whoever gives it back takes that key first,
in the same commit; so nothing can be done under it any more, however late somebody else still tries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

from kernel.db import atomic
from kernel.idempotency.replay import Key, bind
from kernel.ids import uuid7
from kernel.money import Money
from paygate.approvals.limits import Person, bounds_of, day_of
from paygate.approvals.models import Spending

TOO_MUCH = "PG156"


@dataclass(frozen=True, slots=True)
class Above:
    """It takes a second person; `why` says it to people."""

    why: str


def spend(person: Person, money: Money, *, key: Key, at: datetime) -> Spending | Above:
    """Take it off the person's budget, once under one key: asked again, it is what was taken before."""
    if before := spent_before(key):
        return before
    bounds = bounds_of(person, money.currency)
    if not bounds.single:
        return Above(f"You have no limit of your own in {money.currency}.")
    if money > bounds.single:
        return Above(f"{money} is above your limit of {bounds.single}.")
    new = Spending(
        id=uuid7(),
        merchant_id=key.merchant_id,
        livemode=key.livemode,
        key=key.key,
        person=person.get_username(),
        day=day_of(at),
        currency=money.currency,
        amount=money.minor,
        single=bounds.single.minor,
        daily=bounds.daily.minor,
        spent_at=at,
    )
    try:
        with atomic():
            Spending.objects.bulk_create([new], ignore_conflicts=True)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != TOO_MUCH:
            raise
        return Above(f"With {money} you would be above your {bounds.daily} of today.")
    kept = spent_before(key)
    assert kept is not None
    return kept


def give_back(spending: Spending, *, mark: bytes, at: datetime) -> bool:
    """Nothing was given back for it, and nothing will be; False where its key has set something going.

    `mark` is the fingerprint of what was asked for under the key.
    """
    key = Key(spending.merchant_id, spending.livemode, spending.key)
    with atomic():
        if not bind(key, mark=mark, subject=spending.id, at=at):
            return False
        Spending.objects.filter(
            merchant_id=spending.merchant_id, id=spending.id, given_back_at=None
        ).update(given_back_at=at)
    return True


def spent_before(key: Key) -> Spending | None:
    """What was spent under a key."""
    found: Spending | None = Spending.objects.filter(
        merchant_id=key.merchant_id, livemode=key.livemode, key=key.key
    ).first()
    return found
