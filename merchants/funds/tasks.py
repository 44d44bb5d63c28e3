"""What beat sets going. Two at once are harmless: each day of a merchant's is released by one of them."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from kernel.clock import now
from merchants.funds import calendars, owing, release


@shared_task(name="funds.release")
def release_due(**_: Any) -> None:
    """Make available what is due. Queue: default."""
    release.release_due(at=now())


@shared_task(name="funds.owing")
def watch_owing(**_: Any) -> None:
    """Say who owes us. Queue: default."""
    owing.watch()


@shared_task(name="funds.calendars")
def fill_calendars(**_: Any) -> None:
    """Bring the business days to what the calendars say: a holiday may have been declared. Queue: default."""
    calendars.fill(until=max(calendars.FILLED_UNTIL, now().year + calendars.YEARS_AHEAD))
