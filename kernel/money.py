"""An amount that knows its currency: integer minor units, never a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from kernel.currencies import exponent


class CurrencyMismatch(TypeError):
    """Two amounts of different currencies were added, subtracted or compared."""

    def __init__(self, left: Money, right: Money) -> None:
        super().__init__(f"{left} and {right} are not of one currency")


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` is in minor units of the ISO 4217 `currency`: Money(1050, "USD") is 10.50 dollars.

    Raises TypeError for anything but an int (a bool is not an amount), UnknownCurrency for a
    currency that ISO 4217 does not list.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {self.minor!r}")
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"{other!r} is not Money")
        if other.currency != self.currency:
            raise CurrencyMismatch(self, other)
        return other.minor

    def __add__(self, other: Money) -> Self:
        return type(self)(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Self:
        return type(self)(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def split(self, weights: Sequence[int]) -> list[Self]:
        """Share out by weight; the parts always add up to the whole.

        Raises ValueError when no weight is positive or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError(f"cannot split by weights {list(weights)}")
        shares, paid, seen = [], 0, 0
        for weight in weights:
            seen += weight
            upto = self.minor * seen // total  # Cumulative, so no cent is lost or invented.
            shares.append(type(self)(upto - paid, self.currency))
            paid = upto
        return shares

    def share(self, basis_points: int) -> Self:
        """That many basis points (1/100 %) of the amount, half a minor unit rounded up."""
        return type(self)((self.minor * basis_points + 5_000) // 10_000, self.currency)

    @property
    def major(self) -> str:
        """In major units with the currency's decimals, as people write it: "10.50", "500", "-0.05"."""
        places = exponent(self.currency)
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return f"-{text}" if self.minor < 0 else text

    def __str__(self) -> str:
        return f"{self.major} {self.currency}"
