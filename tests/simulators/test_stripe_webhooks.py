"""What Stripe tells of all that happens, signed as its own SDK verifies it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stripe

from simulators import run
from tests.simulators.browser import press
from tests.simulators.listener import Listener, listener
from tests.simulators.sdk import StripeMerchant
from tests.simulators.test_stripe_disputes import answer, open_
from tests.simulators.test_stripe_refunds import give_back, take

SECRET = "whsec_paygate_test"
DAYS = 86400


@dataclass
class Ears:
    """What arrives."""

    heard: Listener

    def about(self, id_: str) -> list[dict[str, Any]]:
        """Events about an object, or of one that belongs to that PaymentIntent; by when they happened."""
        events = [json.loads(body) for body in list(self.heard.bodies)]
        mine = [
            event
            for event in events
            if id_ in (event["data"]["object"]["id"], event["data"]["object"].get("payment_intent"))
        ]
        return list({event["id"]: event for event in mine}.values())

    def hear(self, id_: str, *kinds: str) -> list[dict[str, Any]]:
        """Exactly these, in whatever order; returned in this one."""
        self.heard.wait(lambda: len(self.about(id_)) >= len(kinds))
        found = self.about(id_)
        assert sorted(event["type"] for event in found) == sorted(kinds)
        return sorted(found, key=lambda event: kinds.index(event["type"]))


@pytest.fixture
def at_stripe(tmp_path: Path) -> Iterator[StripeMerchant]:
    """With a simulator of the test's own: what happened in another is not heard here."""
    with run.start("stripe", folder=tmp_path) as simulator:
        merchant = StripeMerchant(simulator)
        yield merchant
        merchant.close()


@pytest.fixture
def ears(at_stripe: StripeMerchant) -> Iterator[Ears]:
    with listener() as heard:
        at_stripe.simulator.webhooks(url=heard.url)
        yield Ears(heard)


def test_an_event_is_signed_and_shaped_as_the_sdk_expects(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    key = new("key")
    made = at_stripe.create(key=key, metadata={"payment": new("pay")})
    ears.hear(made.id, "payment_intent.amount_capturable_updated")
    header = ears.heard.headers[0]["stripe-signature"]

    event = at_stripe.sdk.construct_event(ears.heard.bodies[0], header, SECRET)

    assert (event.type, event.api_version) == (
        "payment_intent.amount_capturable_updated",
        "2026-10-28.endive",
    )
    assert event.request is not None
    assert (event.request.idempotency_key, event.livemode) == (key, False)
    assert event.data.object == at_stripe.intents.retrieve(made.id)
    with pytest.raises(stripe.SignatureVerificationError):
        at_stripe.sdk.construct_event(ears.heard.bodies[0], header, "whsec_another")


def test_times_on_the_wire_are_real_however_far_the_clock_has_run(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    at_stripe.simulator.clock(advance=400 * DAYS)
    made = take(at_stripe, new("pay"))

    [event] = ears.hear(made.id, "payment_intent.succeeded")

    assert abs(event["created"] - time.time()) < 60
    stamps = [int(headers["stripe-signature"][2:12]) for headers in ears.heard.headers]
    assert all(abs(stamp - time.time()) < 60 for stamp in stamps)


def test_every_turn_of_a_payment_is_told(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    held = at_stripe.create(metadata={"payment": new("pay")})
    at_stripe.intents.capture(held.id)
    gone = at_stripe.create(metadata={"payment": new("pay")})
    at_stripe.intents.cancel(gone.id)
    lapsed = at_stripe.create(metadata={"payment": new("pay")})
    at_stripe.simulator.clock(advance=7 * DAYS)
    with pytest.raises(stripe.CardError) as no:
        at_stripe.create(payment_method="pm_card_chargeDeclined")
    declined: Any = no.value.json_body
    parts = {"card": {"request_multicapture": "if_available"}}
    several = at_stripe.create(payment_method_options=parts)
    at_stripe.intents.capture(several.id, {"amount_to_capture": 3_00, "final_capture": False})

    held_, _, taken = ears.hear(
        held.id,
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    )
    assert held_["data"]["object"]["status"] == "requires_capture"  # As it was then.
    assert taken["data"]["object"]["amount_received"] == 10_00
    ears.hear(gone.id, "payment_intent.amount_capturable_updated", "payment_intent.canceled")
    _, ended = ears.hear(
        lapsed.id, "payment_intent.amount_capturable_updated", "payment_intent.canceled"
    )
    assert ended["data"]["object"]["cancellation_reason"] == "expired"
    ears.hear(declined["error"]["payment_intent"]["id"], "payment_intent.payment_failed")
    ears.hear(several.id, *["payment_intent.amount_capturable_updated"] * 2)


@pytest.mark.parametrize(
    ("result", "then"),
    [("complete", "amount_capturable_updated"), ("fail", "payment_failed")],
)
def test_a_customer_on_the_way_and_what_came_of_it_is_told(
    at_stripe: StripeMerchant, ears: Ears, result: str, then: str
) -> None:
    made = at_stripe.create(
        payment_method="pm_card_authenticationRequired",
        automatic_payment_methods={"enabled": True, "allow_redirects": "always"},
        return_url="http://shop.example/back",
    )
    action: Any = made.next_action
    press(action.redirect_to_url.url, result)

    ears.hear(made.id, "payment_intent.requires_action", f"payment_intent.{then}")


def test_every_turn_of_a_refund_is_told(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    fails = take(at_stripe, new("pay"), payment_method="pm_card_refundFail")
    waits = take(at_stripe, new("pay"), payment_method="pm_card_pendingRefund")
    give_back(at_stripe, fails.id, amount=4_00, metadata={"refund": "re_1"})
    give_back(at_stripe, waits.id)
    at_stripe.simulator.clock(advance=60)

    _, made, charge, failed, _ = ears.hear(
        fails.id,
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
        "refund.failed",
        "charge.refund.updated",
    )
    assert made["data"]["object"]["metadata"] == {"refund": "re_1"}
    assert charge["data"]["object"]["amount_refunded"] == 4_00
    assert charge["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert failed["data"]["object"]["failure_reason"] == "expired_or_canceled_card"
    _, pending, _, done, _ = ears.hear(
        waits.id,
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    )
    states = [event["data"]["object"]["status"] for event in (pending, done)]
    assert states == ["pending", "succeeded"]


def test_every_turn_of_a_dispute_is_told(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    dispute = open_(at_stripe, new("pay"))
    answer(at_stripe, dispute, evidence={"uncategorized_text": "winning_evidence"})
    at_stripe.simulator.clock(advance=30 * DAYS)

    told = ears.hear(
        dispute.id,
        *(
            f"charge.dispute.{what}"
            for what in ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated")
        ),
    )

    seen = [
        (event["data"]["object"]["status"], len(event["data"]["object"]["balance_transactions"]))
        for event in told
    ]
    assert seen == [
        ("needs_response", 1),
        ("needs_response", 1),
        ("under_review", 1),
        ("won", 1),  # The money is news of its own.
        ("won", 2),
    ]


def test_an_inquiry_is_told_without_money(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    inquiry = open_(at_stripe, new("pay"), kind="inquiry")
    at_stripe.simulator.act("escalate", dispute=inquiry.id)

    asked, _, taken = ears.hear(
        inquiry.id,
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
    )
    assert asked["data"]["object"]["balance_transactions"] == []
    assert taken["data"]["object"]["balance_transactions"][0]["amount"] == -10_00


def test_an_event_told_again_is_the_same_event(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    ears.heard.statuses = [500, 503, 200]
    made = take(at_stripe, new("pay"))
    ears.heard.wait(lambda: len(ears.heard.bodies) == 3)

    assert len(set(ears.heard.bodies)) == 1
    ears.hear(made.id, "payment_intent.succeeded")


@pytest.mark.parametrize("fault", ["forged", "stale", "tampered"])
def test_what_is_not_genuine_does_not_verify(
    at_stripe: StripeMerchant, ears: Ears, new: Callable[[str], str], fault: str
) -> None:
    at_stripe.simulator.webhooks(next=[fault])
    take(at_stripe, new("pay"))
    ears.heard.wait(lambda: len(ears.heard.bodies) == 2)
    verdicts = []
    for body, headers in zip(ears.heard.bodies, ears.heard.headers, strict=True):
        try:
            at_stripe.sdk.construct_event(body, headers["stripe-signature"], SECRET)
        except stripe.SignatureVerificationError:
            verdicts.append(False)
        else:
            verdicts.append(True)

    assert verdicts == [False, True]


def test_nothing_is_told_while_nobody_listens(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    before = at_stripe.simulator.told()["counts"]
    take(at_stripe, new("pay"))
    assert at_stripe.simulator.told()["counts"] == before
