"""Ask the provider for its newest sheet when it is time to, and keep what it said.

A rate that jumped is kept, and not converted by: it waits for a person, and the last one that was believed counts
until it is stale. A day's corrections are held against the day before together, or many small steps would go where
one large one may not. A sheet in which something is nonsense is not believed at all.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection

from kernel.db import outside_transaction
from paygate.fx import market
from paygate.fx.models import Feed, Rate
from paygate.fx.providers import FeedGarbled, FeedUnavailable, Sheet, provider

log = logging.getLogger(__name__)

State = Rate.State


@outside_transaction
def fetch(*, now: datetime, at_once: bool = False) -> int:
    """Look at the feed if it is time, or `at_once`; how many rates were new. A feed that fails is asked again soon."""
    source = provider()
    if not _claimed(source.name, now=now, at_once=at_once):
        return 0
    try:
        sheet = source.fetch(today=now.date())
    except (FeedUnavailable, FeedGarbled) as error:
        problem = f"{type(error).__name__}: {error}"
        log.error("fx.feed_failed", extra={"provider": source.name, "problem": problem})
        Feed.objects.filter(provider=source.name).update(problem=problem)
        return 0
    new = keep(source.name, sheet, now=now)
    Feed.objects.filter(provider=source.name).update(heard_at=now, problem="")
    return new


def keep(provider: str, sheet: Sheet, *, now: datetime) -> int:
    """Write a sheet's rates down, each accepted or quarantined; how many were new."""
    last = market.newest(provider, base=sheet.base)
    last |= market.newest(provider, base=sheet.base, settled_on=sheet.as_of)
    rates = [
        _judged(
            Rate(
                provider=provider,
                base=sheet.base,
                quote=currency,
                rate=rate,
                as_of=sheet.as_of,
                fetched_at=now,
            ),
            last[currency].rate if currency in last else None,
        )
        for currency, rate in sorted(sheet.rates.items())
    ]
    known = set(
        Rate.objects.filter(provider=provider, base=sheet.base, as_of=sheet.as_of).values_list(
            "quote", "rate"
        )
    )
    new = [rate for rate in rates if (rate.quote, rate.rate) not in known]
    Rate.objects.bulk_create(new, ignore_conflicts=True)
    for rate in new:
        if rate.state == State.QUARANTINED:
            log.error(
                "fx.rate_quarantined", extra={"rate": str(rate), "against": str(rate.against)}
            )
    market.forget()
    return len(new)


def decide(rate: Rate, *, accept: bool, by: str, reason: str, now: datetime) -> bool:
    """A person believes a quarantined rate, or does not; False when somebody has decided already."""
    decided = Rate.objects.filter(id=rate.id, state=State.QUARANTINED).update(
        state=State.ACCEPTED if accept else State.REFUSED,
        decided_by=by,
        reason=reason,
        decided_at=now,
    )
    market.forget()
    return bool(decided)


def _judged(rate: Rate, last: Decimal | None) -> Rate:
    rate.state, rate.against = State.ACCEPTED, last
    if last is not None:
        low, high = sorted((last, rate.rate))
        if (high - low) * 100 > low * settings.FX_IMPLAUSIBLE_JUMP:
            rate.state = State.QUARANTINED
    return rate


def _claimed(name: str, *, now: datetime, at_once: bool) -> bool:
    """Is it time, and is it us who ask? Of all workers one is."""
    well, ill = (
        timedelta(seconds=seconds)
        for seconds in (settings.FX_FETCH_EVERY, settings.FX_FETCH_AGAIN_AFTER)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO fx_feed AS f (provider, asked_at, problem) VALUES (%(name)s, %(now)s, '')
            ON CONFLICT (provider) DO UPDATE SET asked_at = excluded.asked_at
            WHERE %(at_once)s OR f.asked_at <= CASE
                WHEN f.problem = '' AND f.heard_at IS NOT NULL THEN %(well)s::timestamptz
                ELSE %(ill)s::timestamptz END""",
            {
                "name": name,
                "now": now,
                "at_once": at_once,
                "well": now - well,
                "ill": now - ill,
            },
        )
        return bool(cursor.rowcount)
