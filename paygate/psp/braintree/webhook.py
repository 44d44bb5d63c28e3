"""Hears what Braintree tells: a form of a payload and its signature, which proves who wrote it and not when.

Sources, at developer.paypal.com/braintree/docs/: guides/webhooks/parse, reference/general/webhooks. Braintree gives
its notifications no id, and its SDK no notion of their age: what was once signed would verify for ever. So an old
one is refused here, and the payload itself is what a notification is known again by.
"""

from __future__ import annotations

import hashlib
import re
from base64 import decodebytes
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from paygate.psp.braintree import cases
from paygate.psp.braintree.sdk import braintree
from paygate.psp.braintree.translate import money
from paygate.psp.events import (
    Delivery,
    Disbursed,
    Irrelevant,
    Item,
    News,
    NotGenuine,
    RefundReported,
    RefundState,
    Unreadable,
)

ACKNOWLEDGEMENT = ""

#: Braintree tries for a day, in sandboxes for three hours; what it tells the last time is as old.
OLDEST = timedelta(hours=25)
CLOCKS_DIFFER = timedelta(minutes=5)

_SIGNATURE = re.compile(r"[^|&]+\|[0-9a-f]{40}(&[^|&]+\|[0-9a-f]{40})*")
_CHALLENGE = re.compile(r"[0-9a-f]{20,32}")


def receive(delivery: Delivery, configuration: Mapping[str, Any], *, now: datetime) -> list[Item]:
    """The one thing that a delivery tells. Raises NotGenuine and Unreadable."""
    signature, payload = _form(delivery.body)
    try:
        told = _sdk(configuration).webhook_notification.parse(signature, payload)
    except braintree.exceptions.invalid_signature_error.InvalidSignatureError as error:
        raise NotGenuine(str(error)) from None
    except Exception as error:  # Signed, and the SDK trips over what it says.
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    kind, timestamp = getattr(told, "kind", None), getattr(told, "timestamp", None)
    if not isinstance(kind, str) or not isinstance(timestamp, datetime):
        raise Unreadable("the notification says not what it is, or not when it was")
    at = timestamp.replace(tzinfo=UTC)  # The SDK's datetimes are UTC and do not say so.
    if not -CLOCKS_DIFFER <= now - at <= OLDEST:
        raise NotGenuine(f"a {kind} of {at:%Y-%m-%dT%H:%M:%SZ} is not told now")
    # A newline at the end is as good as none to whoever checks the signature.
    key = hashlib.sha256(payload.rstrip("\n").encode()).hexdigest()
    return [Item(key, kind, at, {"xml": _decoded(payload).decode()})]


def challenge(query: Mapping[str, str], configuration: Mapping[str, Any]) -> str:
    """What to answer when Braintree asks by GET ?bt_challenge=… whose address this is. Raises NotGenuine."""
    asked = query.get("bt_challenge", "")
    if not _CHALLENGE.fullmatch(asked):
        raise NotGenuine("no challenge, or none of Braintree's")
    answer: str = _sdk(configuration).webhook_notification.verify(asked)
    return answer


def translate(item: Item) -> News:
    """Raises Unreadable."""
    if not item.kind.startswith("dispute_") and item.kind not in ("refund_failed", "disbursement"):
        # Cards settle without a word: transaction_settled is told of bank accounts, which we have not.
        return Irrelevant(f"{item.kind} changes nothing of ours")
    try:
        told = braintree.util.xml_util.XmlUtil.dict_from_xml(item.payload["xml"])
        subject = told["notification"]["subject"]
        if item.kind == "refund_failed":
            return _refund_failed(subject["transaction"])
        if item.kind == "disbursement":
            return _disbursed(subject["disbursement"], at=item.at)
        return cases.report(braintree.Dispute(subject["dispute"]), at=item.at)
    except Exception as error:
        raise Unreadable(f"a {item.kind}: {type(error).__name__}: {error}") from error


def _refund_failed(credit: Mapping[str, Any]) -> RefundReported:
    """What is told of it need not name its currency, nor the refund as we call it."""
    order = credit.get("order_id") or ""
    return RefundReported(
        psp_reference=credit.get("refunded_transaction_id") or "",
        reference=credit["id"],
        state=RefundState.FAILED,
        refund=order if order.startswith("re_") else "",
        payment=order if order.startswith("pay_") else "",
        code=credit.get("processor_response_code") or credit.get("status") or "",
        why=credit.get("processor_response_text") or "",
    )


def _disbursed(paid: Mapping[str, Any], *, at: datetime) -> Disbursed | Irrelevant:
    """One for each merchant account and day; what was disputed is taken off it. It can never be asked for later."""
    account = paid["merchant_account"]
    reference = f"{account['id']} {paid['disbursement_date']:%Y-%m-%d}"
    if account.get("sub_merchant_account"):
        return Irrelevant(f"{reference} goes to a sub-merchant's bank")
    if not paid["success"]:  # Told again once it arrived.
        return Irrelevant(f"{reference} has not arrived: {paid.get('exception_message')}")
    amount = money(abs(Decimal(paid["amount"])), account["currency_iso_code"])
    taken = {"credit": False, "debit": True}[paid["disbursement_type"]]
    return Disbursed(reference, -amount if taken else amount, at)


def _form(body: bytes) -> tuple[str, str]:
    """The signature and the payload, each there once and nothing else. Raises NotGenuine."""
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=2
        )
    except ValueError:
        raise NotGenuine("the body is no form of two fields") from None
    form = dict(fields)
    if len(fields) != 2 or form.keys() != {"bt_signature", "bt_payload"}:
        raise NotGenuine("the form is not one of Braintree's")
    # The SDK would trip over a pair that is none.
    if not _SIGNATURE.fullmatch(form["bt_signature"]):
        raise NotGenuine("the signature does not look like one")
    # Our answers to challenges are signatures too, of what anybody may choose: hexadecimal digits, no XML.
    if not _decoded(form["bt_payload"]).startswith(b"<"):
        raise NotGenuine("the payload is no XML")
    return form["bt_signature"], form["bt_payload"]


def _decoded(payload: str) -> bytes:
    """Raises NotGenuine."""
    try:
        return decodebytes(payload.encode("ascii"))
    except ValueError:
        raise NotGenuine("the payload is not in base 64") from None


def _sdk(configuration: Mapping[str, Any]) -> Any:
    return _with_keys(
        configuration["merchant_id"], configuration["public_key"], configuration["private_key"]
    )


@lru_cache(maxsize=4)
def _with_keys(merchant_id: str, public_key: str, private_key: str) -> Any:
    """It only computes; no address is ever asked."""
    return braintree.BraintreeGateway(
        braintree.Configuration(
            braintree.Environment.Sandbox,
            merchant_id=merchant_id,
            public_key=public_key,
            private_key=private_key,
        )
    )
