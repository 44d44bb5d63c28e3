"""An amount in another currency: exact, and rounded once, half a minor unit to the even one.

Rounding half to even is ISO 80000-1's rule and IEEE 754's; it favours neither side over many amounts. Nothing is
made or lost by it: what is converted in parts is converted as differences of the whole (paygate.fx.conversion).
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

from kernel.currencies import exponent
from kernel.money import Money

PLACES = Decimal("1e-15")  # As rates are stored.
LOWEST, HIGHEST = Decimal("1e-9"), Decimal("1e9")  # No two currencies were ever further apart.
_TEN_DIGITS = Context(prec=10)


class UnableToConvert(Exception):
    """There is no rate to convert by. `retryable`: there was one, or there may be one soon."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable


def convert(amount: Money, rate: Decimal, currency: str) -> Money:
    """`amount` in `currency`, of which `rate` major units are worth one of the amount's own.

    Exact for any amount and any rate, and monotone: more is never converted into less.
    """
    shift = exponent(currency) - exponent(amount.currency)
    return Money(round(amount.minor * Fraction(rate) * Fraction(10) ** shift), currency)


def with_spread(market: Decimal, basis_points: int) -> Decimal:
    """The rate that a merchant gets: so much below the market's, to ten significant digits.

    Raises UnableToConvert where nothing is left.
    """
    rate = _TEN_DIGITS.create_decimal(market * (10_000 - basis_points) / 10_000).quantize(PLACES)
    if not rate:
        raise UnableToConvert(
            f"{basis_points} basis points off {market} leave nothing.", retryable=False
        )
    return rate


def worth_of_minor(currency: str, rate: Decimal, reporting: str) -> Decimal:
    """What one minor unit of `currency` is in minor units of `reporting`, at that rate between the major ones."""
    return rate.scaleb(exponent(reporting) - exponent(currency))


def written(rate: Decimal) -> str:
    """As the API and the back office write a rate: "1.07", no more digits than it has."""
    return f"{rate.normalize():f}"
