"""Once a day each book's positions are valued by the last rates: what they gained or lost is ours, and is booked.

Afterwards the positions of a book, valued at those rates, sum to zero up to half a minor unit.
"""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection

from kernel.db import atomic, call
from paygate.fx.exchange import worth_of_minor
from paygate.fx.market import last_known

log = logging.getLogger(__name__)

CHUNK = 5_000  # Merchants in one commit.


def revalue_daily(*, now: datetime) -> int:
    """Value the positions of all books for the UTC day of `now`; how many books changed. Again is nothing."""
    currencies = _currencies()
    worth = _worth(currencies, settings.FX_REPORTING_CURRENCY)
    if unknown := sorted(set(currencies) - set(worth)):
        log.error("fx.position_without_rate", extra={"currencies": unknown})
    changed, after = 0, None  # From the first merchant on.
    while True:
        with atomic():
            rows = call(
                "fx_revalue",
                after,
                CHUNK,
                now.date(),
                settings.FX_REPORTING_CURRENCY,
                list(worth),
                list(worth.values()),
                now,
            )
        if not rows:
            return changed
        after, valued = rows[0]
        changed += valued


def _worth(currencies: list[str], reporting: str) -> dict[str, Decimal]:
    """A minor unit of each currency in minor units of the reporting one, by the last known rates."""
    worth = {reporting: Decimal(1)}
    for currency in currencies:
        known = last_known(currency, reporting) if currency != reporting else None
        if known:
            worth[currency] = worth_of_minor(currency, known.rate, reporting)
    return worth


def _currencies() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT currency FROM ledger_account WHERE code LIKE 'equity:fx:%'")
        return [currency for (currency,) in cursor.fetchall()]
