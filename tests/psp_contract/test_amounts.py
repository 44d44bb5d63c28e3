"""Each PSP counts money in its own units; between theirs and ours nothing is rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.currencies import EXPONENTS
from kernel.money import Money
from paygate.psp.adyen import translate as adyen_words
from paygate.psp.braintree import translate as braintree_words
from paygate.psp.gateway import DeclineCode, Declined
from paygate.psp.registry import PSPS
from paygate.psp.stripe import translate as stripe_words
from paygate.psp.wire import Inexpressible, rescaled
from tests.psp_contract.conftest import adapter, authorize
from tests.psp_contract.puppet import Puppet, puppet


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


@pytest.mark.parametrize(
    "ours, stripe, adyen, braintree",
    [
        (Money(10_50, "USD"), b"amount=1050&", b'"value": 1050', b"<amount>10.50</amount>"),
        (Money(500, "JPY"), b"amount=500&", b'"value": 500', b"<amount>500</amount>"),
        (Money(12_340, "KWD"), b"amount=12340&", b'"value": 12340', b"<amount>12.340</amount>"),
        (Money(1500, "ISK"), b"amount=150000&", b'"value": 150000', b"<amount>1500</amount>"),
        (Money(9000, "CLP"), b"amount=9000&", b'"value": 900000', b"<amount>9000</amount>"),
        (Money(50_000_00, "IDR"), b"amount=5000000&", b'"value": 50000', b"<amount>50000.00</am"),
        (Money(20_000, "UGX"), b"amount=2000000&", b'"value": 20000', b"<amount>20000</amount>"),
    ],
    ids=lambda value: str(value) if isinstance(value, Money) else "",
)
@pytest.mark.parametrize("psp", PSPS)
def test_the_number_on_the_wire_is_the_psps_own(
    psp: str, ours: Money, stripe: bytes, adyen: bytes, braintree: bytes, strings: Puppet
) -> None:
    expected = {"stripe": stripe, "adyen": adyen, "braintree": braintree}[psp]
    adapter(psp, strings.url).send(authorize(psp, ours))
    assert expected in strings.asked[0]


@pytest.mark.parametrize(
    "psp, amount",
    [
        ("stripe", Money(12_345, "KWD")),  # The last of three decimals must be 0.
        ("stripe", Money(10_50, "MGA")),  # No decimals at Stripe.
        ("adyen", Money(50_000_50, "IDR")),  # No decimals at Adyen.
        ("adyen", Money(10_50, "CVE")),
    ],
    ids=str,
)
def test_what_the_psp_cannot_count_is_declined_without_a_call(
    psp: str, amount: Money, strings: Puppet
) -> None:
    outcome = adapter(psp, strings.url).send(authorize(psp, amount))
    assert isinstance(outcome, Declined)
    assert outcome.code == DeclineCode.INVALID_REQUEST
    assert strings.asked == []


def _from_stripe(amount: Money) -> Money:
    return stripe_words.money(stripe_words.units(amount), amount.currency.lower())


def _from_adyen(amount: Money) -> Money:
    return adyen_words.money(adyen_words.amount(amount))


def _from_braintree(amount: Money) -> Money:
    return braintree_words.money(Decimal(braintree_words.decimal(amount)), amount.currency)


@pytest.mark.parametrize(
    "there_and_back, currencies",
    [
        (_from_stripe, stripe_words.SUPPORTED),
        (_from_adyen, adyen_words.SUPPORTED),
        (_from_braintree, frozenset(EXPONENTS)),
    ],
    ids=["stripe", "adyen", "braintree"],
)
def test_every_amount_comes_back_as_it_went_or_does_not_go(
    there_and_back: Callable[[Money], Money], currencies: frozenset[str]
) -> None:
    for currency in sorted(currencies):
        for minor in (0, 1, 10, 99, 100, 1_230, 123_400, 99_999_999):
            amount = Money(minor, currency)
            try:
                assert there_and_back(amount) == amount
            except Inexpressible:
                assert minor % 100
        assert there_and_back(Money(10_000, currency)) == Money(10_000, currency)


@given(st.integers(0, 10**15), st.integers(0, 4), st.integers(0, 4))
def test_rescaling_is_exact_or_refused(minor: int, decimals: int, to: int) -> None:
    try:
        written = rescaled(minor, decimals=decimals, to=to)
    except Inexpressible:
        assert minor % 10 ** (decimals - to)
    else:
        assert minor * 10**to == written * 10**decimals


def test_braintrees_decimals_beyond_the_smallest_coin_are_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        braintree_words.money(Decimal("10.005"), "EUR")
