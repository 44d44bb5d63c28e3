"""A fee is between its least and its most, never over the amount, and to the minor unit in every currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from kernel.currencies import EXPONENTS
from kernel.money import Money
from merchants.pricing.rate import check_tiers, fee_on, rate_at


@dataclass(frozen=True)
class Plan:
    basis_points: int = 0
    fixed_minor: int = 0
    minimum_minor: int = 0
    maximum_minor: int | None = None
    tiers: list[dict[str, int]] = field(default_factory=list)


def tier(volume, basis_points, fixed=0):
    return {"from": volume, "basis_points": basis_points, "fixed": fixed}


def fee(minor, *, volume=0, **terms):
    return fee_on(Money(minor, "USD"), Plan(**terms), volume=volume).minor


def test_at_least_the_least_and_at_most_the_most_is_taken():
    terms = {"basis_points": 100, "fixed_minor": 10, "minimum_minor": 50, "maximum_minor": 300}

    assert [fee(minor, **terms) for minor in (10_00, 100_00, 10_000_00)] == [50, 110, 300]


def test_the_least_is_no_more_than_the_amount():
    assert fee(20, minimum_minor=50) == 20


def test_nothing_is_taken_of_a_plan_whose_most_is_nothing():
    assert fee(100_00, basis_points=290, maximum_minor=0) == 0


@pytest.mark.parametrize(
    "volume, taken", [(0, 300), (999, 300), (1_000, 205), (4_999, 205), (5_000, 100), (10**12, 100)]
)
def test_a_tier_counts_from_its_volume_on_for_the_whole_capture(volume, taken):
    tiers = [tier(1_000, 200, 5), tier(5_000, 100)]

    assert fee(100_00, basis_points=300, tiers=tiers, volume=volume) == taken


plans = st.builds(
    Plan,
    basis_points=st.integers(0, 10_000),
    fixed_minor=st.integers(0, 10**6),
    minimum_minor=st.integers(0, 10**4),
    maximum_minor=st.none() | st.integers(10**4, 10**9),
    tiers=st.lists(
        st.tuples(st.integers(1, 10**9), st.integers(0, 10_000), st.integers(0, 10**6)),
        unique_by=lambda one: one[0],
        max_size=4,
    ).map(lambda some: [tier(*one) for one in sorted(some)]),
)
currencies = st.sampled_from(sorted(EXPONENTS))
parts = st.lists(st.integers(1, 10**9), min_size=1, max_size=8)


@given(plans, currencies, st.integers(0, 10**12), st.integers(0, 10**10))
def test_a_fee_is_never_below_nothing_nor_above_the_amount(plan, currency, minor, volume):
    taken = fee_on(Money(minor, currency), plan, volume=volume)

    assert taken.currency == currency
    assert 0 <= taken.minor <= minor


@given(plans, currencies, st.integers(0, 10**12), st.integers(0, 10**10))
def test_a_fee_is_the_exact_one_half_up_within_its_limits(plan, currency, minor, volume):
    rate = rate_at(plan, volume)
    exact = floor(Fraction(minor * rate.basis_points, 10_000) + Fraction(1, 2)) + rate.fixed_minor
    limited = max(exact, plan.minimum_minor)
    if plan.maximum_minor is not None:
        limited = min(limited, plan.maximum_minor)

    assert fee_on(Money(minor, currency), plan, volume=volume).minor == min(limited, minor)


@given(plans, currencies, parts)
def test_captures_in_parts_cost_together_what_the_whole_costs(plan, currency, parts):
    """The fee on the sum so far, less what was paid: always a part of the capture itself."""
    captured = paid = 0
    for part in parts:
        captured += part
        fee = fee_on(Money(captured, currency), plan).minor - paid
        assert 0 <= fee <= part
        paid += fee

    assert paid == fee_on(Money(sum(parts), currency), plan).minor


@pytest.mark.parametrize("tiers", [[], [tier(1, 0)], [tier(1, 10_000), tier(2, 0, 5)]])
def test_tiers_that_rise_are_tiers(tiers):
    check_tiers(tiers)


WRONG_TIERS = [
    {},
    [5],
    [{}],
    [tier(0, 100)],
    [tier(-1, 100)],
    [tier(1, 10_001)],
    [tier(1, -1)],
    [tier(1, 100, -5)],
    [tier(2, 100), tier(1, 100)],
    [tier(1, 100), tier(1, 90)],
    [tier("1", 100)],
    [tier(1.5, 100)],
    [tier(True, 100)],
    [tier(1, 100) | {"more": 1}],
    [{"from": 1, "basis_points": 100}],
    [tier(1, 100) | {"fixed": None}],
]


@pytest.mark.parametrize("tiers", WRONG_TIERS)
def test_other_tiers_are_refused(tiers):
    with pytest.raises(ValidationError):
        check_tiers(tiers)
