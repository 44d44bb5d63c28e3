"""Amounts know their currency, and dividing them loses nothing."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.currencies import EXPONENTS, UnknownCurrency
from kernel.money import CurrencyMismatch, Money

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_the_parts_of_a_split_add_up_to_the_whole(minor, weights):
    parts = Money(minor, "USD").split(weights)

    assert sum(part.minor for part in parts) == minor
    assert len(parts) == len(weights)


@given(AMOUNTS, WEIGHTS)
def test_no_part_of_a_split_is_a_minor_unit_or_more_away_from_its_share(minor, weights):
    for part, weight in zip(Money(minor, "USD").split(weights), weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


@given(AMOUNTS, WEIGHTS)
def test_a_weight_of_nothing_gets_nothing(minor, weights):
    for part, weight in zip(Money(minor, "USD").split(weights), weights, strict=True):
        assert weight or not part


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [3, -1], [-1]])
def test_weights_that_share_nothing_out_are_refused(weights):
    with pytest.raises(ValueError, match="cannot split"):
        Money(100, "USD").split(weights)


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_a_share_is_the_exact_one_with_half_a_minor_unit_rounded_up(minor, basis_points):
    exact = Fraction(minor * basis_points, 10_000)

    assert Money(minor, "USD").share(basis_points).minor == floor(exact + Fraction(1, 2))


def test_half_a_cent_is_rounded_up():
    assert Money(50, "USD").share(100) == Money(1, "USD")
    assert Money(49, "USD").share(100) == Money(0, "USD")


@pytest.mark.parametrize("minor", [True, 1.0, "1", None])
def test_only_an_integer_is_an_amount(minor):
    with pytest.raises(TypeError):
        Money(minor, "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "EURO"])
def test_a_currency_that_iso_does_not_list_is_refused(currency):
    with pytest.raises(UnknownCurrency):
        Money(1, currency)


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_two_currencies_are_never_added_or_compared(operation):
    with pytest.raises(CurrencyMismatch):
        operation(Money(1, "USD"), Money(1, "EUR"))
    with pytest.raises(TypeError):
        operation(Money(1, "USD"), 1)


@given(AMOUNTS, AMOUNTS)
def test_adding_and_taking_away_is_arithmetic_on_minor_units(left, right):
    a, b = Money(left, "JPY"), Money(right, "JPY")

    assert (a + b).minor == left + right
    assert (a - b).minor == left - right
    assert -a + a == Money.zero("JPY")
    assert (a < b, a <= b, a > b, a >= b) == (
        left < right,
        left <= right,
        left > right,
        left >= right,
    )


@pytest.mark.parametrize(
    "minor, currency, text",
    [
        (1050, "USD", "10.50 USD"),
        (500, "JPY", "500 JPY"),
        (-5, "EUR", "-0.05 EUR"),
        (1, "KWD", "0.001 KWD"),
        (12345, "KWD", "12.345 KWD"),
        (0, "USD", "0.00 USD"),
    ],
)
def test_it_is_written_with_the_decimals_of_its_currency(minor, currency, text):
    assert str(Money(minor, currency)) == text


@given(AMOUNTS, st.sampled_from(sorted(EXPONENTS)))
def test_what_is_written_can_be_read_back(minor, currency):
    assert Fraction(Money(minor, currency).major) * 10 ** EXPONENTS[currency] == minor
