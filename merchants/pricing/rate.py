"""From an amount to the fee on it: a share, a fixed part, a least and a most; and what changes by volume."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from django.core.exceptions import ValidationError

from kernel.money import Money


class Rates(Protocol):
    """What a plan says of money, in minor units of its currency."""

    @property
    def basis_points(self) -> int: ...
    @property
    def fixed_minor(self) -> int: ...
    @property
    def minimum_minor(self) -> int: ...
    @property
    def maximum_minor(self) -> int | None: ...
    @property
    def tiers(self) -> list[dict[str, int]]: ...


@dataclass(frozen=True, slots=True)
class Rate:
    """A share and a fixed part."""

    basis_points: int
    fixed_minor: int


def rate_at(plan: Rates, volume: int) -> Rate:
    """What counts when that much (minor units) was captured in the month already.

    Tiers are whole steps, not slices of one capture: a capture is charged the rate of the tier in which the month
    stood before it, and no fee already taken changes when the next tier is reached. So are acquirers' tiers usual.
    """
    rate = Rate(plan.basis_points, plan.fixed_minor)
    for tier in plan.tiers:  # Rising; the database refuses others.
        if volume < tier["from"]:
            break
        rate = Rate(tier["basis_points"], tier["fixed"])
    return rate


def fee_on(amount: Money, plan: Rates, *, volume: int = 0) -> Money:
    """The fee on `amount`: half a minor unit rounded up, between the plan's least and most, never over the amount."""
    rate = rate_at(plan, volume)
    fee = amount.share(rate.basis_points).minor + rate.fixed_minor
    fee = max(fee, plan.minimum_minor)
    if plan.maximum_minor is not None:
        fee = min(fee, plan.maximum_minor)
    return min(Money(fee, amount.currency), amount)


def check_tiers(tiers: Any) -> None:
    """Raises ValidationError for tiers that the database would refuse: they are whole numbers, and rise."""
    names = {"from", "basis_points", "fixed"}
    if not isinstance(tiers, list) or not all(
        isinstance(tier, dict)
        and tier.keys() == names
        and all(type(part) is int and part >= 0 for part in tier.values())
        and tier["basis_points"] <= 10_000
        for tier in tiers
    ):
        raise ValidationError(
            'Tiers are a list of {"from": 1000, "basis_points": 190, "fixed": 25}.'
        )
    if not all(a < b for a, b in pairwise([0, *(tier["from"] for tier in tiers)])):
        raise ValidationError("Each tier begins at a higher volume than the one before it.")
