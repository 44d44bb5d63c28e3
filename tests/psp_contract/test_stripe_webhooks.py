"""Stripe's events in detail: whose they are, how old they may be, and what each of them says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import WebhookSignature

from kernel.money import Money
from paygate.psp.events import (
    Became,
    Delivery,
    Irrelevant,
    Item,
    NotGenuine,
    PaymentMoved,
    RefundReported,
    RefundState,
    Unreadable,
)
from paygate.psp.stripe import webhook
from tests.psp_contract.told import SAID_AT, mode, samples

NOW = SAID_AT["stripe"]
SECRET = "whsec_sample_secret"
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 10_00,
    "currency": "eur",
    "metadata": {"payment": "pay_1", "attempt": "att_1", "merchant": "mer_1"},
    "status": "succeeded",
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 4_00,
    "currency": "eur",
    "payment_intent": "pi_1",
    "metadata": {"refund": "re_ours", "attempt": "att_2", "payment": "pay_1"},
    "status": "succeeded",
}


def event(kind: str, object_: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "created": 1_794_300_000,
        "data": {"object": object_},
        "livemode": False,
        "type": kind,
        **changes,
    }


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> Delivery:
    header = WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=int(at.timestamp())
    )
    return Delivery(body, {"stripe-signature": header})


def deliver(told: Any, **other: Any) -> Item:
    delivery = signed(json.dumps(told).encode())
    [item] = webhook.receive(delivery, mode("stripe", **other), now=NOW)
    return item


def translated(kind: str, object_: Mapping[str, Any]) -> Any:
    return webhook.translate(deliver(event(kind, object_)))


# -------------------------------------------------------------------------------------------- whose


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_within_five_minutes_either_way_it_is_fresh(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    assert webhook.receive(samples("stripe")[0], mode("stripe"), now=now)


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_outside_them_it_is_not_although_the_sdk_would_take_the_future(seconds: int) -> None:
    with pytest.raises(NotGenuine, match="not now"):
        webhook.receive(samples("stripe")[0], mode("stripe"), now=NOW + timedelta(seconds=seconds))


def header(*parts: str) -> Delivery:
    delivery = samples("stripe")[0]
    stamp, signature = delivery.headers["stripe-signature"].split(",")
    given = {"t": stamp, "right": signature, "wrong": "v1=" + "0" * 64}
    said = ",".join(given.get(part, part) for part in parts)
    return replace(delivery, headers={"stripe-signature": said})


@pytest.mark.parametrize(
    "parts",
    [("t", "wrong", "right"), ("right", "t"), ("t", "right", "v0=abc"), ("t", "right", "x")],
)
def test_one_right_signature_among_others_will_do(parts: tuple[str, ...]) -> None:
    assert webhook.receive(header(*parts), mode("stripe"), now=NOW)


@pytest.mark.parametrize(
    "parts",
    [
        ("t", "wrong"),
        ("right",),
        ("t", "t", "right"),
        ("t=1", "t", "right"),  # Else an old one could be dressed up as one of today.
        ("t", "t=1", "right"),
        ("t=-1794300000", "right"),
        ("t=" + "9" * 5000, "right"),  # More digits than Python reads.
        ("t=١٧٩٤٣٠٠٠٠٠", "right"),  # Arabic digits are digits, to Python.
        ("t", " right"),
        ("t", "v1"),
        ("t", "v1=ü"),
        ("t", "v0=right"),
    ],
)
def test_a_header_that_is_not_stripes_is_not_genuine(parts: tuple[str, ...]) -> None:
    with pytest.raises(NotGenuine):
        webhook.receive(header(*parts), mode("stripe"), now=NOW)


def test_bytes_that_are_no_text_are_not_genuine() -> None:
    delivery = samples("stripe")[0]
    with pytest.raises(NotGenuine):
        webhook.receive(replace(delivery, body=delivery.body + b"\xff"), mode("stripe"), now=NOW)


@pytest.mark.parametrize("secret", ["", " ", "whsec_other"])
def test_an_empty_secret_verifies_nothing(secret: str) -> None:
    delivery = signed(json.dumps(event("payment_intent.succeeded", INTENT)).encode(), secret=secret)
    with pytest.raises(NotGenuine):
        webhook.receive(delivery, mode("stripe", webhook_secrets=["", " ", SECRET]), now=NOW)


@pytest.mark.parametrize(
    "key, livemode, genuine",
    [
        ("sk_test_1", False, True),
        ("sk_test_1", True, False),
        ("sk_live_1", True, True),
        ("sk_live_1", False, False),
        ("rk_live_1", False, False),
        ("rk_test_1", True, False),
        ("sk_live_1", None, False),
        ("sk_test_1", "false", False),
    ],
)
def test_an_event_of_the_other_mode_is_not_genuine_whatever_signed_it(
    key: str, livemode: object, genuine: bool
) -> None:
    told = event("payment_intent.succeeded", INTENT, livemode=livemode)
    if genuine:
        assert deliver(told, api_key=key).key == "evt_1"
        return
    with pytest.raises(NotGenuine, match="mode"):
        deliver(told, api_key=key)


@pytest.mark.parametrize(
    "told",
    [
        [],
        "event",
        {"object": "v2.core.event", "id": "evt_1", "type": "v1.x", "created": "2026-11-10"},
        {**event("x", INTENT), "id": None},
        {**event("x", INTENT), "id": ""},
        {**event("x", INTENT), "id": "e" * 256},
        {**event("x", INTENT), "type": 1},
        {**event("x", INTENT), "created": "now"},
        {**event("x", INTENT), "created": 10**15},
    ],
)
def test_what_is_signed_and_no_event_is_unreadable(told: object) -> None:
    with pytest.raises(Unreadable):
        deliver(told)


@pytest.mark.parametrize("body", [b"{", b'{"amount": NaN}', b""])
def test_what_is_signed_and_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        webhook.receive(signed(body), mode("stripe"), now=NOW)


def test_an_item_is_the_event() -> None:
    told = event("payment_intent.succeeded", INTENT)
    assert deliver(told) == Item("evt_1", "payment_intent.succeeded", NOW, told)


# --------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    "kind, reason, became",
    [
        ("amount_capturable_updated", None, Became.AUTHORIZED),
        ("succeeded", None, Became.CAPTURED),
        ("payment_failed", None, Became.DECLINED),
        ("requires_action", None, Became.ACTION_REQUIRED),
        ("canceled", "requested_by_customer", Became.CANCELED),
        ("canceled", None, Became.CANCELED),
        ("canceled", "automatic", Became.EXPIRED),
        ("canceled", "expired", Became.EXPIRED),
    ],
)
def test_a_payment_intent_is_a_payment_that_moved(
    kind: str, reason: str | None, became: Became
) -> None:
    news = translated(f"payment_intent.{kind}", {**INTENT, "cancellation_reason": reason})
    assert news == PaymentMoved(
        psp_reference="pi_1",
        became=became,
        payment="pay_1",
        attempt="att_1",
        amount=Money(10_00, "EUR"),
    )


@pytest.mark.parametrize("kind", sorted(webhook.REFUNDS))
@pytest.mark.parametrize(
    "status, state",
    [
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.CANCELED),
    ],
)
def test_a_refund_says_how_it_stands_by_whatever_event(
    kind: str, status: str, state: RefundState
) -> None:
    assert translated(kind, {**REFUND, "status": status}) == RefundReported(
        psp_reference="pi_1",
        reference="re_1",
        state=state,
        amount=Money(4_00, "EUR"),
        refund="re_ours",
        payment="pay_1",
    )


def test_a_refund_from_the_dashboard_names_none_of_ours() -> None:
    news = translated("refund.created", {**REFUND, "metadata": {}})
    assert (news.refund, news.payment, news.psp_reference) == ("", "", "pi_1")


def test_what_is_expanded_is_the_same() -> None:
    news = translated("refund.created", {**REFUND, "payment_intent": INTENT})
    assert news.psp_reference == "pi_1"


@pytest.mark.parametrize(
    "currency, units, minor",
    [
        ("jpy", 500, 500),
        ("kwd", 12_340, 12_340),
        ("isk", 1500_00, 1500),
        ("ugx", 20_000_00, 20_000),
    ],
)
def test_amounts_come_in_stripes_units(currency: str, units: int, minor: int) -> None:
    told = {**INTENT, "amount": units, "currency": currency}
    assert translated("payment_intent.succeeded", told).amount == Money(minor, currency.upper())


@pytest.mark.parametrize(
    "kind, object_",
    [
        ("payment_intent.succeeded", REFUND),
        ("payment_intent.succeeded", {**INTENT, "amount": None}),
        ("payment_intent.succeeded", {**INTENT, "amount": "1000"}),
        ("payment_intent.succeeded", {**INTENT, "amount": True}),
        ("payment_intent.succeeded", {**INTENT, "currency": "xxx"}),
        ("payment_intent.succeeded", {**INTENT, "currency": "isk", "amount": 1501}),
        ("refund.created", INTENT),
        ("refund.created", {**REFUND, "status": "reconsidered"}),
        ("refund.created", {**REFUND, "payment_intent": None}),
        ("charge.dispute.created", REFUND),
    ],
)
def test_a_known_kind_that_is_not_as_documented_is_unreadable(
    kind: str, object_: dict[str, Any]
) -> None:
    with pytest.raises(Unreadable):
        translated(kind, object_)


@pytest.mark.parametrize(
    "kind",
    [
        "charge.refunded",
        "charge.succeeded",
        "payout.reconciliation_completed",
        "charge.dispute.teleported",
        "ping",
    ],
)
def test_the_rest_is_irrelevant_whatever_is_in_it(kind: str) -> None:
    assert translated(kind, {"anything": 1}) == Irrelevant(kind)
    assert webhook.translate(Item("evt_1", kind, datetime.now(UTC), {})) == Irrelevant(kind)
