"""What a currency is worth in another one, by the newest rates that we believe.

A provider gives every rate against one currency; any two others meet through it. Both legs must be fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext

from django.conf import settings
from django.db.models import Q

from merchants.briefly import Briefly
from paygate.fx.exchange import HIGHEST, LOWEST, PLACES, UnableToConvert
from paygate.fx.models import Rate
from paygate.fx.providers import provider

REMEMBERED = 30.0  # Seconds: rates change once a day, and what a person decided is to count soon.


@dataclass(frozen=True, slots=True)
class Market:
    """One unit of a currency in another one, and the day of the older of the two rates behind it."""

    rate: Decimal
    as_of: date

    def fresh(self, *, at: datetime) -> bool:
        since = datetime.combine(self.as_of, time(), UTC)
        return at - since <= timedelta(days=settings.FX_RATES_STALE_AFTER)


def market(sold: str, bought: str, *, at: datetime) -> Market:
    """What one unit of `sold` is worth in `bought`, by fresh rates. Raises UnableToConvert."""
    found = last_known(sold, bought)
    if found is not None and not found.fresh(at=at):
        forget()  # Another process may have fetched since this one looked: nobody is refused for that.
        found = last_known(sold, bought)
    if found is None:
        nothing = not _rates(provider().name)
        raise UnableToConvert(
            "No rates are known yet."
            if nothing
            else f"We have no rate between {sold} and {bought}.",
            retryable=nothing,
        )
    if not found.fresh(at=at):
        raise UnableToConvert(
            f"The last rate between {sold} and {bought} is of {found.as_of}.", retryable=True
        )
    return found


def last_known(sold: str, bought: str) -> Market | None:
    """The same, however old; None for currencies of which there is no rate, or none that could be true."""
    rates = _rates(provider().name) or {}
    one, other = _leg(sold, rates), _leg(bought, rates)
    if one is None or other is None:
        return None
    with localcontext() as context:
        context.prec = 50
        rate = (other.rate / one.rate).quantize(PLACES)
    return Market(rate, min(one.as_of, other.as_of)) if LOWEST <= rate <= HIGHEST else None


def newest(name: str, *, base: str = "", settled_on: date | None = None) -> dict[str, Rate]:
    """The newest rate of each currency that is believed, straight from the database.

    `settled_on`: only what that day's sheets cannot have moved, so of earlier days or decided by a person.
    """
    rates = Rate.objects.filter(provider=name, state=Rate.State.ACCEPTED)
    if base:
        rates = rates.filter(base=base)
    if settled_on:
        rates = rates.filter(Q(as_of__lt=settled_on) | ~Q(decided_by=""))
    rates = rates.order_by("quote", "-as_of", "-fetched_at", "-id").distinct("quote")
    return {rate.quote: rate for rate in rates}


def forget() -> None:
    """Forget the rates that this process knows."""
    _rates.forget()


def _leg(currency: str, rates: dict[str, Rate]) -> Market | None:
    """The currency against the provider's own."""
    rate = rates.get(currency)
    if rate is not None:
        return Market(rate.rate, rate.as_of)
    if any(rate.base == currency for rate in rates.values()):
        return Market(Decimal(1), date.max)
    return None


_rates: Briefly[str, dict[str, Rate]] = Briefly(
    lambda name: newest(name) or None, seconds=lambda: REMEMBERED
)
