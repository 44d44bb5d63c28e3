"""What a payment should cost us by the PSP's price list."""

from __future__ import annotations

from datetime import datetime

from kernel.money import Money
from merchants.briefly import Briefly
from merchants.pricing.scope import Use, in_effect, most_specific
from paygate.costs.models import PspPrice

REMEMBERED = 10.0  # Seconds for which a process believes the price lists.


def expected(captured: Money, captures: int, use: Use, *, home: str, at: datetime) -> Money | None:
    """The cost of `captured`, taken in so many captures, by the list in effect `at` that moment.

    The share is of the sum, half a minor unit rounded up; the fixed part is of each capture. The most specific line
    counts, as of fee plans; `home` is the merchant's country. None where no line does.
    """
    lines = in_effect(_prices((use.psp, use.currency)) or (), at=at)
    price = most_specific(lines, use, home=home)
    if price is None:
        return None
    fixed = Money(price.fixed_minor * captures, captured.currency) if captured else captured
    return captured.share(price.basis_points) + fixed


def forget() -> None:
    """Forget the price lists that this process knows."""
    _prices.forget()


def _load(key: tuple[str, str]) -> tuple[PspPrice, ...]:
    psp, currency = key
    return tuple(PspPrice.objects.filter(psp=psp, currency=currency).order_by("effective_from"))


_prices = Briefly(_load, seconds=lambda: REMEMBERED)
