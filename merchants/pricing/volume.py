"""How much a merchant took in a calendar month (UTC), by currency: what tiers go by.

Counted after the fact from the outbox (paygate.costs.hear), once for each capture and less what PSPs took back: exact
as soon as all events are told. A capture is priced by the volume as it was known some seconds before, so around the
step from one tier to the next a few captures still pay the earlier tier's rate; that stays so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from django.db import connection

from merchants.briefly import Briefly

REMEMBERED = 10.0  # Seconds for which a process believes a volume.


def volume(merchant_id: UUID, *, livemode: bool, currency: str, at: datetime) -> int:
    """Captured so far in the month of `at`, in minor units, as far as it is known."""
    return _volumes((merchant_id, livemode, currency, month_of(at))) or 0


def month_of(moment: datetime) -> date:
    """The first day of its calendar month in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def forget() -> None:
    """Forget the volumes that this process knows."""
    _volumes.forget()


def _load(key: tuple[UUID, bool, str, date]) -> int:
    merchant_id, livemode, currency, month = key
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT captured FROM merchant_volume"
            " WHERE merchant_id = %s AND livemode = %s AND currency = %s AND month = %s",
            [merchant_id, livemode, currency, month],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0  # Nothing is remembered, too.


_volumes = Briefly(_load, seconds=lambda: REMEMBERED)
