"""Braintree through its SDK: every act, every refusal, and what the books say afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.sdk import BraintreeMerchant, braintree

DAYS = 86400
By = braintree.TransactionSearch


def code(result: Any) -> str:
    """The one validation error of a result that failed."""
    assert not result.is_success
    (error,) = result.errors.deep_errors
    return str(error.code)


def test_a_sale_is_held_or_taken_at_once(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    held, taken, key = new("pay"), new("pay"), new("key")

    made = at_braintree.sale(order_id=held).transaction
    at_once = at_braintree.sale(
        key=key, order_id=taken, options={"submit_for_settlement": True}
    ).transaction

    assert (made.status, at_once.status) == ("authorized", "submitted_for_settlement")
    assert (made.amount, made.currency_iso_code) == (Decimal("10.00"), "USD")
    assert made.authorization_expires_at - made.created_at == timedelta(days=8)
    assert made.credit_card_details.card_type == "Visa"
    assert made.processor_response_code == "1000"
    assert at_braintree.booked(held) == [("authorized", 10_00)]
    assert at_braintree.booked(taken) == [("authorized", 10_00), ("captured", 10_00)]
    entries = at_braintree.simulator.books()["entries"]
    assert {e["attempt"] for e in entries if e["payment"] == taken} == {key}


@pytest.mark.parametrize(("amount", "taken"), [(None, 10_00), ("4.00", 4_00)])
def test_a_capture_happens_once_and_the_rest_is_released(
    at_braintree: BraintreeMerchant, new: Callable[[str], str], amount: str | None, taken: int
) -> None:
    payment = new("pay")
    made = at_braintree.sale(order_id=payment).transaction
    submit = at_braintree.transactions.submit_for_settlement

    assert code(submit(made.id, "10.01")) == "91522"
    submitted = submit(made.id, amount).transaction

    assert submitted.status == "submitted_for_settlement"
    assert int(submitted.amount * 100) == taken
    assert [event.status for event in submitted.status_history] == [
        "authorized",
        "submitted_for_settlement",
    ]
    assert code(submit(made.id)) == "91507"
    assert at_braintree.booked(payment) == [("authorized", 10_00), ("captured", taken)]


def test_partial_settlements_are_transactions_of_their_own(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_braintree.sale(order_id=payment).transaction
    part = at_braintree.transactions.submit_for_partial_settlement

    first = part(made.id, "4.00", {"order_id": "cap_1"}).transaction
    assert code(at_braintree.transactions.submit_for_settlement(made.id)) == "91507"
    assert code(part(made.id, "6.01")) == "91522"
    last = part(made.id, "5.00", {"final_capture": True}).transaction
    parent = at_braintree.transactions.find(made.id)

    assert first.authorized_transaction_id == made.id
    assert (first.order_id, first.status) == ("cap_1", "submitted_for_settlement")
    assert parent.partial_settlement_transaction_ids == [first.id, last.id]
    assert parent.status == "settlement_pending"
    assert code(part(made.id, "1.00")) == "915103"
    assert at_braintree.booked(payment) == [
        ("authorized", 10_00),
        ("captured", 4_00),
        ("captured", 5_00),
    ]
    references = [e["reference"] for e in at_braintree.simulator.books()["entries"][-2:]]
    assert references == [first.id, last.id]


def test_a_void_releases_until_it_is_settled(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_braintree.sale(order_id=payment).transaction
    settled = at_braintree.sale(options={"submit_for_settlement": True}).transaction
    at_braintree.sdk.testing.settle_transaction(settled.id)

    assert at_braintree.transactions.void(made.id).transaction.status == "voided"

    assert code(at_braintree.transactions.void(made.id)) == "91504"
    assert code(at_braintree.transactions.void(settled.id)) == "91504"
    assert at_braintree.transactions.find(settled.id).status == "settled"
    assert at_braintree.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"payment_method_token": "declined"}, "processor_declined", "2000"),
        ({"payment_method_token": "insufficient_funds"}, "processor_declined", "2001"),
        ({"payment_method_token": "expired"}, "processor_declined", "2004"),
        ({"amount": "2038.00"}, "processor_declined", "2038"),
        ({"amount": "3000.50"}, "failed", "3000"),
        ({"amount": "5001.00"}, "gateway_rejected", "application_incomplete"),
        (
            {"payment_method_nonce": "fake-processor-declined-visa-nonce"},
            "processor_declined",
            "2000",
        ),
        ({"payment_method_nonce": "fake-processor-failure-jcb-nonce"}, "failed", "3000"),
        (
            {"payment_method_nonce": "fake-gateway-rejected-fraud-nonce"},
            "gateway_rejected",
            "fraud",
        ),
        ({"options": {"three_d_secure": {"required": True}}}, "gateway_rejected", "three_d_secure"),
    ],
)
def test_a_sale_that_fails_leaves_a_transaction_without_an_error_code(
    at_braintree: BraintreeMerchant,
    new: Callable[[str], str],
    changes: dict[str, Any],
    status: str,
    reason: str,
) -> None:
    payment = new("pay")
    if "payment_method_nonce" in changes:
        changes = {"payment_method_token": None, **changes}

    result = at_braintree.sale(order_id=payment, **changes)

    assert not result.is_success
    assert result.errors.deep_errors == []
    made = result.transaction
    assert made.status == status
    assert reason in (made.processor_response_code, made.gateway_rejection_reason)
    assert at_braintree.transactions.find(made.id).status == status
    assert [kind for kind, _ in at_braintree.booked(payment)] == ["declined"]


@pytest.mark.parametrize(
    ("nonce", "brand", "authenticated"),
    [
        ("fake-valid-nonce", "Visa", False),
        ("fake-valid-mastercard-nonce", "MasterCard", False),
        ("fake-valid-amex-nonce", "American Express", False),
        ("fake-three-d-secure-visa-full-authentication-nonce", "Visa", True),
    ],
)
def test_a_nonce_works_again_and_again_and_may_carry_an_authentication(
    at_braintree: BraintreeMerchant, nonce: str, brand: str, authenticated: bool
) -> None:
    options = {"three_d_secure": {"required": authenticated}}
    for _ in range(2):
        made = at_braintree.sale(
            payment_method_token=None, payment_method_nonce=nonce, options=options
        ).transaction

        assert (made.status, made.credit_card_details.card_type) == ("authorized", brand)
        assert (made.three_d_secure_info is not None) is authenticated


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": None}, "81502"),
        ({"amount": "ten"}, "81503"),
        ({"amount": "10.001"}, "81503"),
        ({"amount": "-1.00"}, "81501"),
        ({"amount": "0.00"}, "81531"),
        ({"amount": "500.5", "merchant_account_id": "paygate_jpy"}, "81503"),
        ({"merchant_account_id": "paygate"}, "91513"),
        ({"payment_method_token": None}, "91508"),
        ({"payment_method_token": "nobodys"}, "91518"),
        ({"payment_method_token": None, "payment_method_nonce": "nobodys"}, "91565"),
        ({"payment_method_token": None, "payment_method_nonce": "fake-consumed-nonce"}, "91564"),
        (
            {"payment_method_token": None, "payment_method_nonce": "fake-luhn-invalid-nonce"},
            "81715",
        ),
        ({"api_request_key": "k" * 256}, "915230"),
        ({"order_id": "o" * 256}, "91501"),
    ],
)
def test_what_braintree_would_refuse_is_refused(
    at_braintree: BraintreeMerchant, changes: dict[str, Any], expected: str
) -> None:
    before = len(at_braintree.simulator.books()["entries"])

    result = at_braintree.sale(**changes)

    assert code(result) == expected
    assert result.transaction is None
    assert len(at_braintree.simulator.books()["entries"]) == before


@pytest.mark.parametrize(
    ("currency", "sent", "booked"),
    [("usd", "10.5", 10_50), ("eur", "10", 10_00), ("jpy", "500", 500), ("kwd", "1.234", 1_234)],
)
def test_the_merchant_account_fixes_the_currency(
    at_braintree: BraintreeMerchant,
    new: Callable[[str], str],
    currency: str,
    sent: str,
    booked: int,
) -> None:
    payment = new("pay")

    made = at_braintree.sale(
        order_id=payment, amount=sent, merchant_account_id=f"paygate_{currency}"
    ).transaction

    assert (made.amount, made.currency_iso_code) == (Decimal(sent), currency.upper())
    assert at_braintree.booked(payment) == [("authorized", booked)]


def test_a_sale_is_found_by_our_order_id_and_by_when_it_was_made(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    now = datetime.fromisoformat(at_braintree.simulator.clock()).astimezone(UTC)
    begun = now.replace(tzinfo=None, microsecond=0)  # As the SDK writes times: naive, in UTC.
    made = [at_braintree.sale(order_id=payment).transaction.id for _ in range(2)]

    def found(*terms: Any) -> list[str]:
        return [
            each.id for each in at_braintree.transactions.search(By.order_id == payment, *terms)
        ]

    assert found() == list(reversed(made))
    assert found(By.created_at >= begun) == list(reversed(made))
    assert found(By.created_at <= begun - timedelta(days=1)) == []
    assert found(By.status == "voided") == []
    at_braintree.simulator.faults(search_lag_seconds=60)
    assert found() == []
    at_braintree.simulator.clock(advance=61)
    assert found() == list(reversed(made))


def test_more_than_a_page_is_found_page_by_page(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = {at_braintree.sale(order_id=payment).transaction.id for _ in range(51)}

    found = at_braintree.transactions.search(By.order_id == payment)

    assert {each.id for each in found.items} == made


def test_an_authorization_expires_without_a_word(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_braintree.sale(order_id=payment).transaction

    at_braintree.simulator.clock(advance=8 * DAYS - 60)
    assert at_braintree.transactions.find(made.id).status == "authorized"
    at_braintree.simulator.clock(advance=60)

    assert at_braintree.transactions.find(made.id).status == "authorization_expired"
    assert code(at_braintree.transactions.submit_for_settlement(made.id)) == "91507"
    assert at_braintree.booked(payment) == [("authorized", 10_00), ("expired", 10_00)]


def test_an_unknown_transaction_is_not_found(at_braintree: BraintreeMerchant) -> None:
    with pytest.raises(braintree.exceptions.not_found_error.NotFoundError):
        at_braintree.transactions.find("nobodys")
