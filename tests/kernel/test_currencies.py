"""ISO 4217, where it differs from what one would guess."""

from __future__ import annotations

import pytest

from kernel.currencies import EXPONENTS, UnknownCurrency, exponent


@pytest.mark.parametrize(
    "currency, decimals",
    [
        ("USD", 2),
        ("HUF", 2),
        ("IDR", 2),
        ("TWD", 2),
        ("CVE", 2),
        ("MRU", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("UGX", 0),
        ("CLP", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("JOD", 3),
        ("IQD", 3),
    ],
)
def test_the_decimals_are_those_of_iso(currency, decimals):
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "BOV", "CHE", "HRK", "ZWL", "usd"])
def test_what_no_card_is_charged_in_is_not_a_currency(code):
    with pytest.raises(UnknownCurrency, match=code):
        exponent(code)


def test_every_code_is_three_upper_case_letters():
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in EXPONENTS)
