"""What a key means: one effect for each, at every PSP, and each PSP's own way of saying so."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import Adyen
import pytest
import stripe

from tests.simulators.sdk import AdyenMerchant, BraintreeMerchant, Merchant, StripeMerchant


def received(merchant: Merchant, key: str) -> int:
    """How many requests with this key have arrived."""
    return sum(int(call["keys"].get(key, 0)) for call in merchant.simulator.calls().values())


def wait_until_received(merchant: Merchant, key: str) -> None:
    for _ in range(1000):
        if received(merchant, key):
            return
        time.sleep(0.01)
    raise AssertionError(f"{key} never arrived")


def test_a_replay_has_no_second_effect_and_is_counted(
    merchant: Merchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")

    first = merchant.hold(payment, key=key)
    again = merchant.hold(payment, key=key)

    assert again == first
    assert merchant.booked(payment) == [("authorized", 10_00)]
    assert received(merchant, key) == 2


def test_another_key_is_another_payment(merchant: Merchant, new: Callable[[str], str]) -> None:
    payment = new("pay")

    references = {merchant.hold(payment, key=new("key")).reference for _ in range(2)}

    assert len(references) == 2
    assert merchant.booked(payment) == [("authorized", 10_00)] * 2


def test_of_many_at_the_same_time_one_has_the_effect(
    merchant: Merchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(next=["late"], late_seconds=0.5)  # The first takes its time.

    def ask() -> Any:
        try:
            return merchant.hold(payment, key=key)
        except Exception as refused:
            return refused

    with ThreadPoolExecutor(8) as threads:
        answers = [asked.result() for asked in [threads.submit(ask) for _ in range(8)]]

    held = {answer for answer in answers if not isinstance(answer, Exception)}
    assert len(held) == 1
    assert {merchant.hold(payment, key=key)} == held
    assert merchant.booked(payment) == [("authorized", 10_00)]


def meanwhile(merchant: Merchant, payment: str, key: str, ask: Callable[[], Any]) -> Any:
    """What `ask` gives while a first request with the key is being worked on."""
    merchant.simulator.faults(next=["late"], late_seconds=1.5)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(merchant.hold, payment, key=key)
        wait_until_received(merchant, key)
        answer = ask()
        first.result()
    return answer


def test_stripe_answers_409_while_the_first_is_in_flight(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")

    def ask() -> None:
        with pytest.raises(stripe.APIError) as refused:
            at_stripe.hold(payment, key=key)
        error: Any = refused.value.error
        assert (refused.value.http_status, error.code) == (409, "idempotency_key_in_use")

    meanwhile(at_stripe, payment, key, ask)


def test_stripe_repeats_the_stored_answer_and_says_so(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    key = new("key")
    made = at_stripe.create(key=key)
    at_stripe.intents.cancel(made.id)

    again = at_stripe.create(key=key)

    assert again.status == "requires_capture"  # As it was then, not as it is.
    assert made.last_response is not None
    assert again.last_response is not None
    assert "Idempotent-Replayed" not in made.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Request-Id"] != made.last_response.headers["Request-Id"]


def test_stripe_repeats_a_decline_and_a_wrong_state(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, key, capture = new("pay"), new("key"), new("key")
    declined = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            at_stripe.create(
                key=key, payment_method="pm_card_chargeDeclined", metadata={"payment": payment}
            )
        error: Any = refused.value.error
        declined.append(error.payment_intent.id)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as wrong:
            at_stripe.intents.capture(declined[0], None, {"idempotency_key": capture})

    assert declined[0] == declined[1]
    assert at_stripe.booked(payment) == [("declined", 10_00)]
    assert wrong.value.headers is not None
    assert wrong.value.headers["Idempotent-Replayed"] == "true"


def test_stripe_refuses_other_parameters_and_other_addresses_under_a_key(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    key = new("key")
    made = at_stripe.create(key=key)

    with pytest.raises(stripe.IdempotencyError):
        at_stripe.create(key=key, amount=20_00)
    with pytest.raises(stripe.IdempotencyError):
        at_stripe.intents.cancel(made.id, None, {"idempotency_key": key})


def test_stripe_stores_nothing_of_a_request_that_it_refused_before_it_began(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    key = new("key")
    with pytest.raises(stripe.InvalidRequestError):
        at_stripe.create(key=key, amount=1)

    assert at_stripe.create(key=key).status == "requires_capture"


def test_adyen_answers_704_while_the_first_is_in_flight(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")

    def ask() -> None:
        with pytest.raises(Adyen.exceptions.AdyenAPIUnprocessableEntity) as refused:
            at_adyen.hold(payment, key=key)
        assert refused.value.error_code == "704"
        assert refused.value.headers["transient-error"] == "true"

    meanwhile(at_adyen, payment, key, ask)


def test_adyen_gives_the_first_answer_whatever_is_asked_under_the_key_later(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    first = at_adyen.pay(key=key, reference=payment)

    other = at_adyen.pay(key=key, reference=payment, amount={"value": 20_00, "currency": "USD"})

    assert other == first
    assert at_adyen.booked(payment) == [("authorized", 10_00)]


def test_adyen_forgets_a_request_that_it_refused(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    key = new("key")
    with pytest.raises(Adyen.exceptions.AdyenAPIUnprocessableEntity):
        at_adyen.pay(key=key, returnUrl=None)

    assert at_adyen.pay(key=key)["resultCode"] == "Authorised"


def test_adyen_tells_a_connection_never_made_from_one_that_broke(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    def ask(key: str, trouble: str) -> Any:
        return at_adyen.pay(
            key=key,
            additionalData={"manualCapture": "true", "RequestedTestErrorResponseCode": trouble},
        )

    never, broke = new("key"), new("key")
    with pytest.raises(Adyen.exceptions.AdyenAPIResponseError) as unavailable:
        ask(never, "NO_CONNECTION_AVAILABLE")
    with pytest.raises(Adyen.exceptions.AdyenAPICommunicationError) as interrupted:
        ask(broke, "IOEXCEPTION_RECEIVED")

    assert unavailable.value.headers["transient-error"] == "true"
    assert "transient-error" not in interrupted.value.headers
    assert at_adyen.pay(key=never)["resultCode"] == "Authorised"  # As if it were new.
    with pytest.raises(Adyen.exceptions.AdyenAPICommunicationError):
        at_adyen.pay(key=broke)  # The error is what the key stands for.


def test_braintree_answers_915233_while_the_first_is_in_flight(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")

    def ask() -> Any:
        result = at_braintree.sale(key=key, order_id=payment)
        return [error.code for error in result.errors.deep_errors]

    assert meanwhile(at_braintree, payment, key, ask) == ["915233"]


def test_braintree_shows_the_transaction_as_it_is_now(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment, sale, capture, void = new("pay"), new("key"), new("key"), new("key")
    made = at_braintree.sale(key=sale, order_id=payment).transaction
    key = {"api_request_key": capture}
    for _ in range(2):
        taken = at_braintree.transactions.submit_for_settlement(made.id, "4.00", key)
        assert taken.transaction.status == "submitted_for_settlement"
    for _ in range(2):
        gone = at_braintree.transactions.void(made.id, {"api_request_key": void})
        assert gone.transaction.status == "voided"

    again = at_braintree.sale(key=sale, order_id=payment).transaction

    assert (again.id, again.status) == (made.id, "voided")
    assert at_braintree.booked(payment) == [
        ("authorized", 10_00),
        ("captured", 4_00),
        ("refunded", 4_00),
    ]


def test_braintree_repeats_a_partial_settlement_and_a_decline(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    payment, part, sale = new("pay"), new("key"), new("key")
    made = at_braintree.sale(order_id=payment).transaction
    parts = {
        at_braintree.transactions.submit_for_partial_settlement(
            made.id, "4.00", {"api_request_key": part}
        ).transaction.id
        for _ in range(2)
    }
    declines = {
        at_braintree.sale(
            key=sale, order_id=payment, payment_method_token="declined"
        ).transaction.id
        for _ in range(2)
    }

    assert (len(parts), len(declines)) == (1, 1)
    assert at_braintree.booked(payment) == [
        ("authorized", 10_00),
        ("captured", 4_00),
        ("declined", 10_00),
    ]


def test_braintree_refuses_another_request_and_a_failed_one_under_a_key(
    at_braintree: BraintreeMerchant, new: Callable[[str], str]
) -> None:
    used, failed = new("key"), new("key")
    at_braintree.sale(key=used)
    at_braintree.sale(key=failed, amount="ten")

    other = at_braintree.sale(key=used, amount="20.00")
    again = at_braintree.sale(key=failed, amount="ten")

    assert [error.code for error in other.errors.deep_errors] == ["915232"]
    assert [error.code for error in again.errors.deep_errors] == ["915234"]
