"""Rounding that never makes or loses a minor unit: any currency, any rate, in any parts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.currencies import EXPONENTS, exponent
from kernel.ids import uuid7
from kernel.money import Money
from ledger import chart
from ledger.recipes.payments import capture_reversed, payment_captured
from ledger.recipes.refunds import refund_failed, refund_succeeded
from ledger.transaction import Side
from paygate.fx.conversion import CURRENT, ORIGINAL, Conversion, follow
from paygate.fx.exchange import UnableToConvert, convert, with_spread

CURRENCIES = sorted(EXPONENTS)
MERCHANT: UUID = uuid7()

pairs = st.permutations(CURRENCIES).map(lambda some: (some[0], some[1]))
rates = st.decimals("0.000001", "100000", places=9, allow_nan=False)
amounts = st.integers(1, 10**12)


@pytest.mark.parametrize(
    ("amount", "rate", "becomes"),
    [
        (Money(100_00, "EUR"), "1.07", Money(107_00, "USD")),
        (Money(100_00, "EUR"), "162.5", Money(16250, "JPY")),
        (Money(16250, "JPY"), "0.0061538", Money(100_00, "EUR")),
        (Money(10_00, "EUR"), "0.33", Money(3_300, "KWD")),
        (Money(1, "EUR"), "0.5", Money(0, "USD")),  # Half a cent to the even one: down …
        (Money(3, "EUR"), "0.5", Money(2, "USD")),  # … and up.
        (Money(10**12, "USD"), "0.333333333333333", Money(333_333_333_333, "EUR")),
    ],
)
def test_an_amount_in_another_currency(amount, rate, becomes):
    assert convert(amount, Decimal(rate), becomes.currency) == becomes


def test_a_spread_that_leaves_nothing_is_no_rate():
    assert with_spread(Decimal("1.08"), 100) == Decimal("1.0692")
    with pytest.raises(UnableToConvert):
        with_spread(Decimal("1.08"), 10_000)


@given(pairs, rates, amounts)
@settings(max_examples=200, deadline=None)
def test_a_conversion_is_never_off_by_more_than_half_a_minor_unit(pair, rate, minor):
    sold, bought = pair
    exact = Fraction(rate) * minor * Fraction(10) ** (exponent(bought) - exponent(sold))
    assert abs(convert(Money(minor, sold), rate, bought).minor - exact) <= Fraction(1, 2)


@given(pairs, rates, amounts, amounts)
@settings(max_examples=100, deadline=None)
def test_more_is_never_converted_into_less(pair, rate, one, other):
    less, more = sorted((one, other))
    assert convert(Money(less, pair[0]), rate, pair[1]) <= convert(
        Money(more, pair[0]), rate, pair[1]
    )


class Story:
    """A converted payment and what happens to it, without a database."""

    def __init__(self, currency, to, rate, market, refund_rate=ORIGINAL):
        self.currency = currency
        self.conversion = Conversion(to=to, rate=rate, market=market, refund_rate=refund_rate)
        self.market = market
        self.books: dict[tuple[str, str], int] = {}

    def happens(self, one):
        self.conversion, companions = follow(
            self.conversion, [one], currency=self.currency, market_now=lambda *_: self.market
        )
        for posted in (one, *companions):
            for entry in posted.entries:
                sign = 1 if entry.type is Side.CREDIT else -1
                key = (entry.account, entry.amount.currency)
                self.books[key] = self.books.get(key, 0) + sign * entry.amount.minor

    def _of(self, source):
        return {"merchant": MERCHANT, "livemode": False, "psp": "stripe", "source": source}

    def takes(self, number, minor, fee=0):
        gross, cost = Money(minor, self.currency), Money(fee, self.currency)
        self.happens(payment_captured(**self._of(f"att_{number}"), gross=gross, fee=cost))

    def loses(self, number, minor):
        money, nothing = Money(minor, self.currency), Money(0, self.currency)
        self.happens(capture_reversed(**self._of(f"att_{number}"), gross=money, fee=nothing))

    def gives(self, number, minor):
        self.happens(
            refund_succeeded(**self._of(f"re_{number}"), amount=Money(minor, self.currency))
        )

    def gets_back(self, number, minor):
        self.happens(refund_failed(**self._of(f"re_{number}"), amount=Money(minor, self.currency)))

    def has(self, currency):
        return sum(
            self.books.get((account, currency), 0)
            for account in (chart.merchant_pending(), chart.merchant_available())
        )

    def balanced(self):
        sums: dict[str, int] = {}
        for (_, currency), minor in self.books.items():
            sums[currency] = sums.get(currency, 0) + minor
        return not any(sums.values()) and self.has(self.currency) == 0


parts = st.lists(st.integers(1, 10**9), min_size=1, max_size=12)


@given(pairs, rates, rates, parts)
@settings(max_examples=200, deadline=None)
def test_captures_in_any_parts_become_exactly_what_the_whole_would(pair, rate, market, taken):
    story = Story(*pair, rate, market)
    for number, minor in enumerate(taken):
        story.takes(number, minor)

    assert story.has(pair[1]) == convert(Money(sum(taken), pair[0]), rate, pair[1]).minor
    assert story.balanced()


@given(pairs, rates, rates, rates, parts, st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_is_refunded_and_comes_back_all_of_it_refunded_is_all_of_it(
    pair, rate, market, today, taken, data
):
    story = Story(*pair, rate, market)
    for number, minor in enumerate(taken):
        story.takes(number, minor)
    story.market = today
    left, given_back, number = sum(taken), [], 0
    for _ in range(data.draw(st.integers(0, 10))):
        if given_back and data.draw(st.booleans()):
            undone = given_back.pop(data.draw(st.integers(0, len(given_back) - 1)))
            story.gets_back(*undone)
            left += undone[1]
        elif left:
            minor = data.draw(st.integers(1, left))
            story.gives(number, minor)
            given_back.append((number, minor))
            left, number = left - minor, number + 1
        assert story.balanced()
    if left:
        story.gives("rest", left)

    assert story.has(pair[1]) == 0
    assert story.conversion.settled == Money(0, pair[1])
    assert story.balanced()


@given(pairs, rates, rates, parts, st.sampled_from([ORIGINAL, CURRENT]), st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_undone_in_any_order_leaves_no_trace_in_the_books(
    pair, rate, market, taken, refund_rate, data
):
    story = Story(*pair, rate, market, refund_rate)
    for number, minor in enumerate(taken):
        story.takes(number, minor)
    for number, minor in enumerate(taken):
        story.market = data.draw(rates)
        story.gives(number, minor)
    for number in data.draw(st.permutations(range(len(taken)))):
        story.market = data.draw(rates)
        story.gets_back(number, taken[number])
    for number in data.draw(st.permutations(range(len(taken)))):
        story.loses(number, taken[number])

    assert not any(story.books.values())
