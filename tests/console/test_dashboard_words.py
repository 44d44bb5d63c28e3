"""Numbers as people read them, and what cannot be divided."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from paygate.console.dashboard.words import (
    age,
    amount,
    change,
    count,
    percent,
    plain,
    points,
    share,
)


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123_456_780, "EUR", "1,234,567.80 EUR"),
        (-50, "EUR", "−0.50 EUR"),
        (-123_456, "EUR", "−1,234.56 EUR"),
        (1_000_000, "JPY", "1,000,000 JPY"),
        (1_234_567, "KWD", "1,234.567 KWD"),
        (0, "USD", "0.00 USD"),
    ],
)
def test_an_amount_has_its_currencys_places(minor, currency, shown):
    assert amount(minor, currency) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "–"),
        (0, 9, "0.0 %"),
        (9, 9, "100.0 %"),
        (2, 3, "66.7 %"),
        (99_999, 100_000, "99.9 %"),  # Not all of them.
        (1, 100_000, "0.1 %"),  # Not none of them.
        (1, -5, "–"),
    ],
)
def test_a_share_of_nothing_is_none_and_all_is_all(part, whole, shown):
    assert percent(share(part, whole)) == shown


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (0, 0, "None yesterday either"),
        (5, 0, "▲ None yesterday"),
        (5, 5, "As much as yesterday"),
        (112, 100, "▲ 12.0 % more than yesterday"),
        (50, 100, "▼ 50.0 % less than yesterday"),
        (0, 100, "▼ 100.0 % less than yesterday"),
        (5000, 100, "▲ 50 times as much as yesterday"),
        (-5, 100, "▼ 105.0 % less than yesterday"),
        (5, -100, "▲ None yesterday"),
    ],
)
def test_a_change_is_said_with_a_sign_and_in_words(now, before, said):
    assert change(now, before, "yesterday") == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (None, None, "Nothing to compare with yesterday"),
        ("90", None, "Nothing to compare with yesterday"),
        (None, "90.0", "90.0 % yesterday"),
        ("90", "90", "The same as yesterday"),
        ("91.0", "90.0", "▲ 1.0 point higher than yesterday"),
        ("88.8", "90.0", "▼ 1.2 points lower than yesterday"),
    ],
)
def test_shares_are_compared_in_points(now, before, said):
    of = [None if one is None else Decimal(one) for one in (now, before)]
    assert points(*of, "yesterday") == said


def test_ages_counts_and_codes_are_words():
    assert age(timedelta(days=3, hours=5)) == "3 days"
    assert age(timedelta(hours=1, minutes=59)) == "1 hour"
    assert age(timedelta(seconds=-1)) == "0 seconds"
    assert (count(1, "payment"), count(1200, "payment")) == ("1 payment", "1,200 payments")
    assert count(2, "late batch", "late batches") == "2 late batches"
    assert (plain("do_not_honor"), plain("")) == ("Do not honor", "No reason given")
