"""Stripe through its SDK: every act, every refusal, and what the books say afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import stripe

from tests.simulators.browser import press
from tests.simulators.sdk import StripeMerchant

ASKS = "pm_card_authenticationRequired"
PARTS = {"card": {"request_multicapture": "if_available"}}


def test_a_manual_authorization_is_held_for_seven_days(at_stripe: StripeMerchant) -> None:
    made = at_stripe.create(expand=["latest_charge"])

    assert made.status == "requires_capture"
    assert (made.amount_capturable, made.amount_received) == (10_00, 0)
    charge: Any = made.latest_charge
    assert charge.payment_method_details.card.brand == "visa"
    assert charge.payment_method_details.card.capture_before == charge.created + 7 * 86400
    assert not charge.captured


def test_an_automatic_capture_holds_and_takes_at_once(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")

    made = at_stripe.create(key=key, capture_method="automatic", metadata={"payment": payment})

    assert (made.status, made.amount_received) == ("succeeded", 10_00)
    entries = [e for e in at_stripe.simulator.books()["entries"] if e["payment"] == payment]
    assert [(e["kind"], e["amount"], e["currency"], e["attempt"]) for e in entries] == [
        ("authorized", 10_00, "USD", key),
        ("captured", 10_00, "USD", key),
    ]
    assert {e["reference"] for e in entries} == {made.id}


def test_a_partial_capture_releases_the_rest(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_stripe.create(metadata={"payment": payment})

    taken = at_stripe.intents.capture(
        made.id, {"amount_to_capture": 4_00, "metadata": {"capture": "cap_1"}}
    )

    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 4_00, 0)
    assert taken.metadata["capture"] == "cap_1"
    assert at_stripe.booked(payment) == [("authorized", 10_00), ("captured", 4_00)]
    with pytest.raises(stripe.InvalidRequestError) as again:
        at_stripe.intents.capture(made.id)
    assert again.value.code == "payment_intent_unexpected_state"


def test_several_captures_take_up_to_what_is_held(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_stripe.create(payment_method_options=PARTS, metadata={"payment": payment})

    first = at_stripe.intents.capture(made.id, {"amount_to_capture": 3_00, "final_capture": False})
    assert (first.status, first.amount_capturable) == ("requires_capture", 7_00)
    with pytest.raises(stripe.InvalidRequestError) as more:
        at_stripe.intents.capture(made.id, {"amount_to_capture": 7_01, "final_capture": False})
    assert more.value.code == "amount_too_large"
    last = at_stripe.intents.capture(made.id, {"amount_to_capture": 5_00})

    assert (last.status, last.amount_received, last.amount_capturable) == ("succeeded", 8_00, 0)
    assert at_stripe.booked(payment) == [
        ("authorized", 10_00),
        ("captured", 3_00),
        ("captured", 5_00),
    ]


def test_a_second_capture_has_to_be_asked_for_at_the_authorization(
    at_stripe: StripeMerchant,
) -> None:
    made = at_stripe.create()

    with pytest.raises(stripe.InvalidRequestError, match="request_multicapture"):
        at_stripe.intents.capture(made.id, {"amount_to_capture": 3_00, "final_capture": False})


def test_a_cancel_releases_what_is_held_and_cannot_be_repeated(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_stripe.create(metadata={"payment": payment})

    gone = at_stripe.intents.cancel(made.id, {"cancellation_reason": "requested_by_customer"})

    assert (gone.status, gone.cancellation_reason) == ("canceled", "requested_by_customer")
    assert at_stripe.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]
    for act in (at_stripe.intents.cancel, at_stripe.intents.capture):
        with pytest.raises(stripe.InvalidRequestError) as again:
            act(made.id)
        assert again.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_decline_still_makes_a_payment_intent(
    at_stripe: StripeMerchant,
    new: Callable[[str], str],
    token: str,
    code: str,
    decline_code: str | None,
) -> None:
    payment = new("pay")

    with pytest.raises(stripe.CardError) as declined:
        at_stripe.create(payment_method=token, metadata={"payment": payment})

    error: Any = declined.value.error
    assert (declined.value.code, getattr(error, "decline_code", None)) == (code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    found = at_stripe.intents.retrieve(error.payment_intent.id, {"expand": ["latest_charge"]})
    charge: Any = found.latest_charge
    assert (charge.status, charge.failure_code) == ("failed", code)
    assert at_stripe.booked(payment) == [("declined", 10_00)]


def test_a_declined_payment_intent_can_be_confirmed_with_another_card(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    with pytest.raises(stripe.CardError) as declined:
        at_stripe.create(payment_method="pm_card_chargeDeclined", metadata={"payment": payment})
    error: Any = declined.value.error

    confirmed = at_stripe.intents.confirm(
        error.payment_intent.id, {"payment_method": "pm_card_mastercard"}
    )

    assert confirmed.status == "requires_capture"
    assert at_stripe.booked(payment) == [("declined", 10_00), ("authorized", 10_00)]


@pytest.mark.parametrize(
    ("token", "result", "status", "redirected", "booked"),
    [
        (ASKS, "complete", "requires_capture", "succeeded", "authorized"),
        (ASKS, "fail", "requires_payment_method", "failed", "declined"),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            "complete",
            "requires_payment_method",
            "failed",
            "declined",
        ),
    ],
)
def test_the_customer_authenticates_and_the_payment_intent_moves_by_itself(
    at_stripe: StripeMerchant,
    new: Callable[[str], str],
    token: str,
    result: str,
    status: str,
    redirected: str,
    booked: str,
) -> None:
    payment = new("pay")
    made = at_stripe.create(
        payment_method=token,
        return_url="http://shop.example/back?order=1",
        metadata={"payment": payment},
    )
    assert made.status == "requires_action"
    assert at_stripe.booked(payment) == []
    action: Any = made.next_action

    back = press(action.redirect_to_url.url, result)
    press(action.redirect_to_url.url, "complete")  # Pressing again changes nothing.

    assert back.query == {
        "order": "1",
        "payment_intent": made.id,
        "payment_intent_client_secret": made.client_secret,
        "redirect_status": redirected,
    }
    assert at_stripe.intents.retrieve(made.id).status == status
    assert at_stripe.booked(payment) == [(booked, 10_00)]


def test_without_the_customer_a_card_that_asks_is_declined(at_stripe: StripeMerchant) -> None:
    with pytest.raises(stripe.CardError) as declined:
        at_stripe.create(payment_method=ASKS, off_session=True)

    error: Any = declined.value.error
    assert error.decline_code == "authentication_required"


def test_an_authorization_expires_when_its_time_is_over(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_stripe.create(metadata={"payment": payment})

    at_stripe.simulator.clock(advance=6 * 86400)
    assert at_stripe.intents.retrieve(made.id).status == "requires_capture"
    at_stripe.simulator.clock(advance=86400)

    found = at_stripe.intents.retrieve(made.id)
    assert (found.status, found.cancellation_reason) == ("canceled", "expired")
    assert at_stripe.booked(payment) == [("authorized", 10_00), ("expired", 10_00)]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", None),
        ({"bogus": "1"}, "parameter_unknown", "bogus"),
        (
            {"payment_method_options": {"card": {"bogus": "1"}}},
            "parameter_unknown",
            "payment_method_options[card][bogus]",
        ),
        ({"amount": 10.5}, "parameter_invalid_integer", "amount"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 10**12}, "amount_too_large", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"currency": "isk", "amount": 1550}, None, "amount"),  # Half a króna.
        ({"currency": "kwd", "amount": 1005}, None, "amount"),  # The third decimal must be 0.
        ({"payment_method": "pm_card_nobodys"}, "resource_missing", "payment_method"),
        ({"statement_descriptor": "SHOP"}, None, "statement_descriptor"),
        ({"statement_descriptor_suffix": "X" * 23}, None, "statement_descriptor_suffix"),
        ({"metadata": {"note": "x" * 501}}, None, "metadata"),
        ({"automatic_payment_methods": {"enabled": True}}, None, "return_url"),
        ({"expand": ["owner"]}, None, "expand"),
    ],
)
def test_what_stripe_would_refuse_is_refused(
    at_stripe: StripeMerchant, changes: dict[str, Any], code: str | None, param: str | None
) -> None:
    before = len(at_stripe.simulator.books()["entries"])

    with pytest.raises(stripe.InvalidRequestError) as refused:
        at_stripe.create(**changes)

    assert refused.value.http_status == 400
    assert refused.value.code == code
    assert param is None or refused.value.param == param
    assert len(at_stripe.simulator.books()["entries"]) == before


@pytest.mark.parametrize(
    ("currency", "sent", "booked"),
    [
        ("usd", 10_00, 10_00),
        ("jpy", 500, 500),
        ("kwd", 1_230, 1_230),
        ("isk", 15_00, 15),
        ("ugx", 50000_00, 50000),
        ("clp", 500, 500),
        ("mga", 5000, 5000_00),
        ("idr", 10000_00, 10000_00),
    ],
)
def test_the_books_count_in_iso_minor_units_whatever_stripe_counts_in(
    at_stripe: StripeMerchant, new: Callable[[str], str], currency: str, sent: int, booked: int
) -> None:
    payment = new("pay")

    made = at_stripe.create(amount=sent, currency=currency, metadata={"payment": payment})

    assert made.amount == sent
    assert at_stripe.booked(payment) == [("authorized", booked)]


def test_the_list_is_consistent_newest_first_and_can_be_walked(at_stripe: StripeMerchant) -> None:
    since = int(datetime.fromisoformat(at_stripe.simulator.clock()).timestamp())
    made = [at_stripe.create().id for _ in range(5)]

    page = at_stripe.intents.list({"created": {"gte": since}, "limit": 2})
    walked = [intent.id for intent in page.auto_paging_iter()]

    assert page.has_more
    assert walked[:5] == list(reversed(made))
    assert at_stripe.intents.list({"created": {"lte": since - 86400 * 365}}).data == []


def test_the_search_finds_by_metadata_and_may_lag_behind(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    made = at_stripe.create(metadata={"payment": payment})

    def found() -> list[str]:
        query = f"metadata['payment']:'{payment}' AND status:'requires_capture'"
        return [intent.id for intent in at_stripe.intents.search({"query": query}).data]

    assert found() == [made.id]
    at_stripe.simulator.faults(search_lag_seconds=60)
    assert found() == []
    at_stripe.simulator.clock(advance=61)
    assert found() == [made.id]


def test_nobody_is_served_without_a_key(at_stripe: StripeMerchant) -> None:
    with pytest.raises(stripe.AuthenticationError):
        at_stripe.intents.retrieve("pi_1", None, {"api_key": "pk_test_public"})


def test_an_unknown_payment_intent_is_not_found(at_stripe: StripeMerchant) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        at_stripe.intents.retrieve("pi_nobodys")

    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
