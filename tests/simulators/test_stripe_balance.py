"""Stripe's balance transactions: one for whatever moves the balance; Stripe keeps nothing until it has a price."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import stripe

from tests.simulators.sdk import StripeMerchant
from tests.simulators.test_stripe_refunds import take


@pytest.fixture
def priced(at_stripe: StripeMerchant) -> Iterator[StripeMerchant]:
    at_stripe.simulator.act("price", basis_points=290, fixed=30)
    yield at_stripe
    at_stripe.simulator.act("price", basis_points=0, fixed=0)


def of(merchant: StripeMerchant, payment: str) -> stripe.BalanceTransaction:
    listed = merchant.sdk.v1.balance_transactions.list(
        {"type": "charge", "limit": 1, "expand": ["data.source"]}
    )
    [newest] = listed.data
    assert newest.source.metadata["payment"] == payment  # type: ignore[union-attr]
    return newest


def test_without_a_price_stripe_keeps_nothing(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    take(at_stripe, payment)

    assert (of(at_stripe, payment).amount, of(at_stripe, payment).fee) == (10_00, 0)
    assert "processing_fee" not in dict(at_stripe.booked(payment))


def test_what_stripe_keeps_is_shown_at_once_and_in_its_books_when_it_is_paid_out(
    priced: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    take(priced, payment)
    found = of(priced, payment)

    assert (found.amount, found.fee, found.net) == (10_00, 59, 9_41)
    assert found.fee_details[0].amount == 59
    assert "processing_fee" not in dict(priced.booked(payment))
    priced.simulator.act("cut")
    assert dict(priced.booked(payment))["processing_fee"] == 59


def test_a_charge_has_the_same_transaction_whoever_asks(
    priced: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    take(priced, payment)
    found = of(priced, payment)

    again = priced.sdk.v1.balance_transactions.retrieve(found.id)
    assert (again.id, again.fee) == (found.id, found.fee)
    listed = priced.sdk.v1.balance_transactions.list({"source": again.source})  # type: ignore[typeddict-item]
    assert [one.id for one in listed.data] == [found.id]


def test_what_is_given_back_is_a_transaction_of_its_own(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    refund = at_stripe.sdk.v1.refunds.create({"payment_intent": take(at_stripe, new("pay")).id})
    [found] = at_stripe.sdk.v1.balance_transactions.list({"source": refund.id}).data  # type: ignore[typeddict-item]

    assert (found.id, found.type, found.amount) == (refund.balance_transaction, "refund", -10_00)


def test_nobody_else_finds_one(at_stripe: StripeMerchant) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such balance transaction"):
        at_stripe.sdk.v1.balance_transactions.retrieve("txn_of_nobody")
