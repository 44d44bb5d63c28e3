"""What Stripe tells us unasked: events, each with a snapshot of one object.

The official verifier compares signatures; what it lacks is here: it takes a moment in the future for a fresh
one, and looks at the present by itself. Sources, at docs.stripe.com: /webhooks, /api/events/types.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import stripe

from paygate.psp.events import (
    Became,
    Delivery,
    Irrelevant,
    Item,
    News,
    NotGenuine,
    PaymentMoved,
    Unreadable,
)
from paygate.psp.stripe import cases, payouts, refunds, reports
from paygate.psp.stripe import translate as words

ACKNOWLEDGEMENT = "ok"
TOLERANCE = timedelta(seconds=300)  # Stripe's own, and here both ways.

PAYMENTS = {
    "payment_intent.amount_capturable_updated": Became.AUTHORIZED,
    "payment_intent.canceled": Became.CANCELED,
    "payment_intent.payment_failed": Became.DECLINED,
    "payment_intent.requires_action": Became.ACTION_REQUIRED,
    "payment_intent.succeeded": Became.CAPTURED,
}
LAPSED = frozenset(("automatic", "expired"))  # Reasons of a cancellation that nobody asked for.
REFUNDS = frozenset(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"))
DISPUTES = frozenset(
    f"charge.dispute.{what}"
    for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
PAYOUTS = frozenset(
    f"payout.{what}" for what in ("created", "updated", "paid", "failed", "canceled")
)
REPORTS = frozenset(("reporting.report_run.succeeded", "reporting.report_run.failed"))
OTHER_MODE = "OTHER_MODE"  # The kind of an event that is a test, and came to the live endpoint.

# --------------------------------------------------------------------------------------- receiving


def receive(delivery: Delivery, configuration: Mapping[str, Any], *, now: datetime) -> list[Item]:
    """The one event of a delivery. Raises NotGenuine, Unreadable.

    An event of the other mode is not genuine here, whatever signed it: were the two secrets mixed up, money of
    tests must not pass for money. Only of connected accounts (they have `account`) does Stripe send test events
    under a live secret; those are taken, and mean nothing. Source: docs.stripe.com/connect/webhooks.
    """
    _verify(delivery, configuration["webhook_secrets"], now)
    event = _event(delivery.body)
    live, kind = _mode(configuration["api_key"]), event["type"]
    if live is not None and event.get("livemode") is not live:
        if not (event.get("livemode") is False and event.get("account")):
            raise NotGenuine(f"{event['id']} is of the other mode")
        kind = OTHER_MODE
    try:
        at = datetime.fromtimestamp(event["created"], UTC)
    except (OverflowError, OSError, ValueError):
        raise Unreadable(f"{event['id']} was created at no time") from None
    return [Item(key=event["id"], kind=kind, at=at, payload=event)]


def _verify(delivery: Delivery, secrets: list[str], now: datetime) -> None:
    header = delivery.headers.get("stripe-signature", "")
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if len(stamps) != 1 or not (header.isascii() and stamps[0].isdigit() and len(stamps[0]) < 20):
        raise NotGenuine("the signature has no time, or several")
    if abs(int(now.timestamp()) - int(stamps[0])) > TOLERANCE.total_seconds():
        raise NotGenuine(f"signed at {stamps[0]}, which is not now")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(delivery.body, header, secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        return
    raise NotGenuine("no secret of ours gives that signature")


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise Unreadable("something else than an event")
    for name, type_ in (("id", str), ("type", str), ("created", int)):
        if not isinstance(event.get(name), type_):
            raise Unreadable(f"an event whose {name} is {event.get(name)!r}")
    if not 0 < len(event["id"]) <= 255:
        raise Unreadable("an event with such an id")
    return event


def _mode(api_key: str) -> bool | None:
    """Is it a live key? None where it does not say."""
    _, _, rest = api_key.partition("_")
    return {"live": True, "test": False}.get(rest.partition("_")[0])


# ------------------------------------------------------------------------------------- translating


def translate(item: Item) -> News:
    """What the event says. Raises Unreadable."""
    if item.kind in PAYMENTS:
        return _payment(item.kind, _object(item))
    if item.kind in REFUNDS:
        return refunds.reported(_object(item))
    if item.kind in DISPUTES:
        return cases.report(_object(item), at=item.at)
    if item.kind in PAYOUTS:
        return payouts.reported(_object(item))
    if item.kind in REPORTS:
        return reports.reported(_object(item))
    return Irrelevant(item.kind)


def _object(item: Item) -> Mapping[str, Any]:
    data = item.payload.get("data")
    object_ = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(object_, Mapping):
        raise Unreadable(f"a {item.kind} about nothing")
    return object_


def _payment(kind: str, intent: Mapping[str, Any]) -> PaymentMoved:
    if intent.get("object") != "payment_intent" or not intent.get("id"):
        raise Unreadable(f"a {kind} about something else than a PaymentIntent")
    became = PAYMENTS[kind]
    if became == Became.CANCELED and intent.get("cancellation_reason") in LAPSED:
        became = Became.EXPIRED
    metadata = intent.get("metadata") or {}
    return PaymentMoved(
        psp_reference=str(intent["id"]),
        became=became,
        payment=str(metadata.get("payment", "")),
        attempt=str(metadata.get("attempt", "")),
        amount=words.told_money(intent.get("amount"), intent.get("currency")),
    )
