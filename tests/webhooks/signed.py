"""Deliveries as the PSPs would send them at this moment, signed by their own SDKs and never by our code."""

from __future__ import annotations

import itertools
import json
from base64 import encodebytes
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import stripe as stripe_sdk
from Adyen.util import generate_notification_sig
from django.conf import settings
from django.test import Client

from paygate.psp.braintree.sdk import braintree as braintree_sdk

PSPS = ("stripe", "adyen", "braintree")
numbers = itertools.count(1)


@dataclass(frozen=True)
class Letter:
    """A delivery, and the key under which what it tells is kept (of Braintree's: found by us, so not said)."""

    psp: str
    body: bytes
    headers: dict[str, str]

    def send(self, client: Client | None = None) -> Any:
        client = client or Client(raise_request_exception=False)
        kind = self.headers.get("Content-Type", "application/json")
        return client.post(
            f"/webhooks/{self.psp}", self.body, content_type=kind, headers=self.headers
        )

    def with_byte_changed(self) -> Letter:
        """One digit of what was signed says something else."""
        at = next(
            i for i in range(len(self.body) // 2, len(self.body)) if chr(self.body[i]).isalnum()
        )
        if self.psp == "adyen":  # Not every byte is signed; the amount is.
            at = self.body.index(b'"value": ') + len(b'"value": ')
        other = b"1" if self.body[at : at + 1] != b"1" else b"2"
        return replace(self, body=self.body[:at] + other + self.body[at + 1 :])


def letter(psp: str, **about: Any) -> Letter:
    """An event of the PSP's about nothing that we act upon, unless the test says what about."""
    return {"stripe": stripe, "adyen": adyen, "braintree": braintree}[psp](**about)


def stripe(
    kind: str = "product.created",
    *,
    id: str = "",
    object: dict[str, Any] | None = None,
    signed_at: datetime | None = None,
    secret: str = "whsec_paygate_test",
    livemode: bool = False,
    created: datetime | None = None,
) -> Letter:
    event = {
        "id": id or f"evt_{next(numbers)}",
        "object": "event",
        "created": int((created or datetime.now(UTC)).timestamp()),
        "livemode": livemode,
        "type": kind,
        "data": {"object": object or {"id": "prod_1", "object": "product"}},
    }
    body = json.dumps(event)
    header = stripe_sdk.WebhookSignature.generate_signature_header(
        body, secret, int((signed_at or datetime.now(UTC)).timestamp())
    )
    return Letter(
        "stripe",
        body.encode(),
        {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"},
    )


def intent(payment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The PaymentIntent of a payment of ours, as Stripe tells of it."""
    return {
        "id": payment["psp_reference"],
        "object": "payment_intent",
        "amount": payment["amount"],
        "currency": payment["currency"].lower(),
        "metadata": {"payment": payment["id"]},
        **changes,
    }


def adyen_item(kind: str = "OFFER_CLOSED", **changes: Any) -> dict[str, Any]:
    return {
        "amount": {"currency": "EUR", "value": 1000},
        "eventCode": kind,
        "eventDate": datetime.now(UTC).isoformat(timespec="seconds"),
        "merchantAccountCode": "PaygateECOM",
        "merchantReference": "ref-1",
        "pspReference": f"PSP{next(numbers)}",
        "reason": "",
        "success": "true",
        **changes,
    }


def adyen(
    kind: str = "OFFER_CLOSED",
    *,
    items: list[dict[str, Any]] | None = None,
    key: str = "",
    live: bool = False,
    **changes: Any,
) -> Letter:
    key = key or settings.PSPS["adyen"]["test"]["hmac_keys"][0]
    entries = []
    for item in items or [adyen_item(kind, **changes)]:
        signature = generate_notification_sig(item, key).decode()
        told = {"additionalData": {"hmacSignature": signature}, **item}
        entries.append({"NotificationRequestItem": told})
    envelope = {"live": str(live).lower(), "notificationItems": entries}
    return Letter("adyen", json.dumps(envelope).encode(), {"Content-Type": "application/json"})


def braintree(
    kind: str = "check",
    *,
    subject: str = '<check type="boolean">true</check>',
    at: datetime | None = None,
    private_key: str = "bt_private",
    public_key: str = "bt_public",
) -> Letter:
    moment = (at or datetime.now(UTC)) - timedelta(milliseconds=next(numbers))
    xml = (
        f'<notification><timestamp type="datetime">{moment:%Y-%m-%dT%H:%M:%S.%fZ}</timestamp>'
        f"<kind>{kind}</kind><source-merchant-id>paygate</source-merchant-id>"
        f"<subject>{subject}</subject></notification>"
    )
    payload = encodebytes(xml.encode()).decode()
    mac = braintree_sdk.util.crypto.Crypto.sha1_hmac_hash(private_key, payload)
    form = {"bt_signature": f"{public_key}|{mac}", "bt_payload": payload}
    return Letter(
        "braintree",
        urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )


#: The same, under secrets that no mode of ours has.
FORGED = {
    "stripe": {"secret": "whsec_wrong"},
    "adyen": {"key": "00" * 32},
    "braintree": {"private_key": "bt_wrong"},
}


def without_signature(psp: str) -> Letter:
    whole = letter(psp)
    if psp == "stripe":
        return replace(whole, headers={"Content-Type": "application/json"})
    if psp == "adyen":
        return replace(whole, body=whole.body.replace(b"hmacSignature", b"hmacSignaturf"))
    return replace(whole, body=whole.body.partition(b"&")[2])
