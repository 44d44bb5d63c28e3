"""Amounts as people type them become minor units exactly, or are sent back with what would be right."""

from __future__ import annotations

import pytest

from paygate.payments.back_office.typed import NotAnAmount, in_minor


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("22.40", "EUR", 2240),
        ("22.4", "EUR", 2240),
        ("22", "EUR", 2200),
        (" 0.01 ", "EUR", 1),
        ("1000", "JPY", 1000),
        ("1.234", "KWD", 1234),
        ("9007199254740.93", "EUR", 900719925474093),  # More than a float holds exactly.
    ],
)
def test_it_is_exact(typed, currency, minor):
    assert in_minor(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency", "said"),
    [
        ("22,40", "EUR", "Write the amount in EUR with a point, not a comma, such as 22.40."),
        ("1,000.00", "EUR", "Write the amount in EUR with a point, not a comma, such as 22.40."),
        ("22.405", "EUR", "EUR has at most 2 decimals: write it such as 22.40."),
        ("10.5", "JPY", "JPY has no decimals: write it such as 1000."),
        ("0.00", "EUR", "An amount is more than nothing."),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_an_example(typed, currency, said):
    with pytest.raises(NotAnAmount) as refused:
        in_minor(typed, currency)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "typed",
    ["", "-5", "+5", "5.", ".5", "1e3", "0x10", "NaN", "12 34", "٢٢", "22.40 EUR", "9" * 20],
)
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(NotAnAmount):
        in_minor(typed, "EUR")
