"""A card number is known however it is written, and what is none is let through."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from kernel.card_numbers import contains_card_number, mask, refuse_card_numbers
from kernel.ids import encode, uuid7
from kernel.problems import Problem

# The card networks' published test numbers, of each length.
CARDS = [
    "4222222222222",
    "30569309025904",
    "378282246310005",
    "4242424242424242",
    "5555555555554444",
    "6011111111111117",
    "6304000000000000000",
]


def check_digit(digits: str) -> str:
    """Luhn, told from the definition and not as the code under test does it."""
    return next(d for d in "0123456789" if luhn(digits + d))


def luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number // 10 + number % 10
    return total % 10 == 0


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(
    "written",
    [
        "{}",
        " {} ",
        "card: {}.",
        "card_{}_",
        "12 {}",
        "{} 12/29 123",
        "({})",
        "–{}–",
    ],
)
def test_a_card_number_is_known_in_any_text(card, written):
    assert contains_card_number(written.format(card))


@given(st.text("0123456789", min_size=12, max_size=18), st.data())
def test_any_luhn_valid_number_is_known_with_any_separators(digits, data):
    card = digits + check_digit(digits)
    written = card[0] + "".join(
        data.draw(st.sampled_from(["", " ", "-", "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"]))
        + digit
        for digit in card[1:]
    )

    assert contains_card_number(written)
    assert contains_card_number({"metadata": [{"note": written}]})


@given(st.text("0123456789", min_size=13, max_size=19).filter(lambda digits: not luhn(digits)))
def test_a_number_that_fails_luhn_is_none(digits):
    assert not contains_card_number(digits)


@pytest.mark.parametrize(
    "value",
    [
        "424242424242",  # Twelve digits.
        "42424242424242424242",  # Twenty: a longer run.
        "x4242424242424242",
        "4242424242424242x",
        "4242  4242  4242  4242",  # Two spaces are no card's.
        "4242.4242.4242.4242",
        "",
        True,
        None,
        10**12,  # The largest amount there is.
        1000,
        -1.5,
        1e300,
    ],
)
def test_what_is_no_card_number_is_let_through(value):
    assert not contains_card_number(value)
    assert not contains_card_number({"a": [value]})


@pytest.mark.parametrize(
    "value",
    [
        4242424242424242,
        -4242424242424242,
        4242424242424242.0,
        {"4242424242424242": 1},
        [[["4242424242424242"]]],
        {"a": {"b": [0, 4242424242424242]}},
    ],
)
def test_numbers_and_names_are_looked_at_too(value):
    assert contains_card_number(value)


def test_a_uuid_is_no_card_number_even_if_its_digits_say_so():
    uuid = "42424242-4242-4242-a000-000000000000"

    assert contains_card_number("42424242-4242-4242")
    assert not contains_card_number(uuid)
    assert contains_card_number(f"{uuid} 4242424242424242")


def test_our_own_ids_are_no_card_numbers():
    assert not any(contains_card_number(encode("pay", uuid7())) for _ in range(2_000))


def test_a_body_full_of_single_digits_is_read_once():
    assert not contains_card_number("1 " * 32_000)


@pytest.mark.parametrize("card", CARDS)
def test_a_log_shows_that_there_was_one_and_not_which(card):
    assert mask(f"paid with {card}, thanks") == "paid with [card number], thanks"


def test_a_log_loses_every_card_number_and_nothing_else():
    text = "a 4242 4242 4242 4242 b 5555-5555-5555-4444 c 1234567890123 d"

    assert mask(text) == "a [card number] b [card number] c 1234567890123 d"
    assert mask("nothing here") == "nothing here"


def test_overlapping_candidates_are_masked_to_the_last_digit():
    text = "0 4242424242424242"
    assert "4242" not in mask(text)


@pytest.mark.parametrize(
    "path, headers",
    [
        ("/v1/payments?user_id=4242424242424242", {}),
        ("/v1/payments?user_id=1&user_id=4242+4242+4242+4242", {}),
        ("/v1/payments?4242424242424242=1", {}),
        ("/v1/payments/4242424242424242", {}),
        ("/v1/payments", {"Idempotency-Key": "order-4242424242424242"}),
    ],
)
def test_a_card_number_beside_the_body_is_refused_and_not_repeated(path, headers):
    with pytest.raises(Problem) as refused:
        refuse_card_numbers(RequestFactory().get(path, headers=headers))

    assert refused.value.status_code == 400
    assert refused.value.error["code"] == "card_number_not_allowed"
    assert "4242" not in str(refused.value.error)


def test_an_ordinary_request_passes():
    key = {"Idempotency-Key": "5f0c5d5e-8a4c-4bb0-8d1c-0a1b2c3d4e5f"}
    refuse_card_numbers(RequestFactory().get("/v1/payments?limit=3", headers=key))
