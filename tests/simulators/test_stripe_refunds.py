"""Stripe gives back: at once, later, or only seemingly; and what its books say afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.simulators.sdk import StripeMerchant

MINUTE = 60


def take(merchant: StripeMerchant, payment: str, **changes: Any) -> stripe.PaymentIntent:
    """Ten dollars, taken."""
    return merchant.create(capture_method="automatic", metadata={"payment": payment}, **changes)


def give_back(
    merchant: StripeMerchant, intent: str, *, key: str = "", **changes: Any
) -> stripe.Refund:
    options: Any = {"idempotency_key": key} if key else {}
    return merchant.sdk.v1.refunds.create({"payment_intent": intent, **changes}, options)  # type: ignore[typeddict-item]


def charge_of(merchant: StripeMerchant, intent: str) -> Any:
    return merchant.intents.retrieve(intent, {"expand": ["latest_charge"]}).latest_charge


def back(merchant: StripeMerchant, payment: str) -> list[tuple[str, int]]:
    return [entry for entry in merchant.booked(payment) if entry[0].startswith("refund")]


def test_a_refund_without_an_amount_gives_back_what_is_left(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    intent = take(at_stripe, payment)

    part = give_back(at_stripe, intent.id, key=key, amount=3_00, metadata={"refund": "re_1"})
    rest = give_back(at_stripe, intent.id, reason="requested_by_customer")

    assert (part.status, part.amount, part.currency) == ("succeeded", 3_00, "usd")
    assert part.payment_intent == intent.id
    assert part.to_dict()["metadata"] == {"refund": "re_1"}
    assert (rest.amount, rest.reason) == (7_00, "requested_by_customer")
    assert back(at_stripe, payment) == [("refunded", 3_00), ("refunded", 7_00)]
    [entry] = [e for e in at_stripe.simulator.books()["entries"] if e["reference"] == part.id]
    assert (entry["attempt"], entry["currency"]) == (key, "USD")


def test_the_charge_says_what_was_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    intent = take(at_stripe, new("pay"))
    seen = []
    for amount in (0, 4_00, 6_00):
        if amount:
            give_back(at_stripe, intent.id, amount=amount)
        charge = charge_of(at_stripe, intent.id)
        seen.append((charge.amount_refunded, charge.refunded))

    assert seen == [(0, False), (4_00, False), (10_00, True)]


def test_a_charge_can_be_named_instead(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    intent = take(at_stripe, new("pay"))

    made = at_stripe.sdk.v1.refunds.create({"charge": str(intent.latest_charge)})

    assert made.payment_intent == intent.id
    assert at_stripe.sdk.v1.refunds.retrieve(made.id) == made


def test_what_is_not_there_is_not_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    intent = take(at_stripe, payment)
    give_back(at_stripe, intent.id, amount=4_00)

    with pytest.raises(stripe.InvalidRequestError) as more:
        give_back(at_stripe, intent.id, amount=6_01)
    give_back(at_stripe, intent.id)
    with pytest.raises(stripe.InvalidRequestError) as again:
        give_back(at_stripe, intent.id)

    assert (more.value.param, more.value.code) == ("amount", None)
    assert again.value.code == "charge_already_refunded"
    assert back(at_stripe, payment) == [("refunded", 4_00), ("refunded", 6_00)]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"reason": "because"}, "reason"),
        ({"why": "because"}, "why"),
    ],
)
def test_a_refund_that_makes_no_sense_is_refused_and_uses_no_key_up(
    at_stripe: StripeMerchant, new: Callable[[str], str], changes: dict[str, Any], param: str
) -> None:
    intent, key = take(at_stripe, new("pay")), new("key")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        give_back(at_stripe, intent.id, key=key, **changes)

    assert refused.value.param == param
    assert give_back(at_stripe, intent.id, key=key).status == "succeeded"


def test_what_was_not_taken_is_not_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    held = at_stripe.create(metadata={"payment": payment})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        give_back(at_stripe, held.id)

    assert refused.value.code == "payment_intent_unexpected_state"
    assert back(at_stripe, payment) == []


def test_of_a_part_that_was_taken_no_more_than_that_is_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    intent = at_stripe.create(metadata={"payment": new("pay")})
    at_stripe.intents.capture(intent.id, {"amount_to_capture": 4_00})

    assert give_back(at_stripe, intent.id).amount == 4_00


def test_the_same_key_is_one_refund(at_stripe: StripeMerchant, new: Callable[[str], str]) -> None:
    payment, key = new("pay"), new("key")
    intent = take(at_stripe, payment)

    first = give_back(at_stripe, intent.id, key=key, amount=4_00)
    again = give_back(at_stripe, intent.id, key=key, amount=4_00)

    assert first.id == again.id
    assert back(at_stripe, payment) == [("refunded", 4_00)]
    with pytest.raises(stripe.IdempotencyError):
        give_back(at_stripe, intent.id, key=key, amount=5_00)


def test_the_refunds_of_a_payment_are_listed_newest_first(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    intent, other = take(at_stripe, new("pay")), take(at_stripe, new("pay"))
    made = [give_back(at_stripe, intent.id, amount=1_00).id for _ in range(5)]
    give_back(at_stripe, other.id)

    page = at_stripe.sdk.v1.refunds.list({"payment_intent": intent.id, "limit": 2})
    of_charge = at_stripe.sdk.v1.refunds.list({"charge": str(intent.latest_charge)})

    assert page.has_more
    assert [refund.id for refund in page.auto_paging_iter()] == made[::-1]
    assert [refund.id for refund in of_charge.data] == made[::-1]


def test_a_pending_refund_succeeds_after_a_while(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    intent = take(at_stripe, payment, payment_method="pm_card_pendingRefund")

    made = give_back(at_stripe, intent.id, amount=4_00)
    assert made.status == "pending"
    assert back(at_stripe, payment) == []
    with pytest.raises(stripe.InvalidRequestError):  # It is on its way, all the same.
        give_back(at_stripe, intent.id, amount=6_01)
    at_stripe.simulator.clock(advance=MINUTE)

    assert at_stripe.sdk.v1.refunds.retrieve(made.id).status == "succeeded"
    assert back(at_stripe, payment) == [("refunded", 4_00)]


def test_a_refund_that_succeeded_may_fail(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    intent = take(at_stripe, payment, payment_method="pm_card_refundFail")

    made = give_back(at_stripe, intent.id, key=key)
    assert made.status == "succeeded"
    at_stripe.simulator.clock(advance=MINUTE)

    failed = at_stripe.sdk.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert str(failed.failure_balance_transaction).startswith("txn_")
    assert back(at_stripe, payment) == [("refunded", 10_00), ("refund_failed", 10_00)]
    assert (
        give_back(at_stripe, intent.id, key=key).status == "succeeded"
    )  # Under its key, as it was.
    assert give_back(at_stripe, intent.id).id != made.id


def test_people_at_stripe_refund_and_refunds_of_theirs_fail(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, simulator = new("pay"), at_stripe.simulator
    intent = take(at_stripe, payment)
    ours = give_back(at_stripe, intent.id, amount=1_00)

    theirs = simulator.act("refund", payment=payment, amount=4_00)["id"]
    assert at_stripe.sdk.v1.refunds.retrieve(theirs).to_dict()["metadata"] == {}
    assert simulator.act("fail_refund", payment=payment)["id"] == theirs
    for _ in range(2):  # The second time it has failed already.
        assert simulator.act("fail_refund", refund=ours.id)["id"] == ours.id
    simulator.act("refund", payment=payment)

    assert back(at_stripe, payment) == [
        ("refunded", 1_00),
        ("refunded", 4_00),
        ("refund_failed", 4_00),
        ("refund_failed", 1_00),
        ("refunded", 10_00),
    ]


def test_a_pending_refund_that_fails_was_never_made(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    intent = take(at_stripe, payment, payment_method="pm_card_pendingRefund")
    made = give_back(at_stripe, intent.id)

    at_stripe.simulator.act("fail_refund", refund=made.id)
    at_stripe.simulator.clock(advance=MINUTE)

    assert at_stripe.sdk.v1.refunds.retrieve(made.id).status == "failed"
    assert back(at_stripe, payment) == []


@pytest.mark.parametrize(
    ("currency", "units", "minor"),
    [("jpy", 500, 500), ("kwd", 12_340, 12_340), ("isk", 1500_00, 1500)],
)
def test_the_books_count_in_iso_units(
    at_stripe: StripeMerchant, new: Callable[[str], str], currency: str, units: int, minor: int
) -> None:
    payment = new("pay")
    take(at_stripe, payment, amount=units, currency=currency)

    at_stripe.simulator.act("refund", payment=payment, amount=minor)

    assert back(at_stripe, payment) == [("refunded", minor)]


def test_people_at_stripe_cancel(at_stripe: StripeMerchant, new: Callable[[str], str]) -> None:
    payment = new("pay")
    held = at_stripe.create(metadata={"payment": payment})

    assert at_stripe.simulator.act("cancel", payment=payment)["id"] == held.id

    assert at_stripe.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]
