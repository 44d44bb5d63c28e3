"""Adyen's webhooks: whether an envelope is genuine, item by item, and what an item of it says.

The SDK's own check looks at the first item of an envelope only, so every signature is made here again. It covers
what an item is about (references, account, amount, event, success) and nothing else: no reason, no date, nothing
of additionalData. What that means for us is in docs/decisions/0015. Sources: Webhooks-v1.json of github.com/
Adyen/adyen-openapi; docs.adyen.com/development-resources/webhooks (verify-hmac-signatures, handle-webhook-events).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paygate.psp.adyen import downloads, payouts, platform, reports
from paygate.psp.adyen.item import (
    Payload,
    additional,
    amount,
    flag,
    happened,
    is_signed,
    needed,
    ours,
    text,
)
from paygate.psp.adyen.translate import NUMBERS, REFUSALS, UNSAID
from paygate.psp.events import (
    Became,
    CaptureFailed,
    Delivery,
    Irrelevant,
    Item,
    News,
    NotGenuine,
    PaymentMoved,
    Recaptured,
    RefundReported,
    RefundState,
    Unreadable,
)
from paygate.psp.gateway import Approved, DeclineCode, Declined, Outcome

ACKNOWLEDGEMENT = "[accepted]"  # Some configurations still wait for it, all are content with it.

ANOTHER_ACCOUNT = "ANOTHER_MERCHANT_ACCOUNT"  # The kind of an item that is not about ours.

# --------------------------------------------------------------------------------------- receiving


def receive(delivery: Delivery, configuration: Mapping[str, Any], *, now: datetime) -> list[Item]:
    """The items of an envelope. Raises NotGenuine: one forged item refuses them all.

    Or the one of a message of the balance platform's, which has no envelope; of these it raises Unreadable too.
    """
    _knows_the_password(delivery, configuration.get("webhook_login") or "")
    envelope = _parsed(delivery.body)
    if platform.is_message(envelope):
        return platform.receive(delivery, envelope, configuration, now=now)
    keys = [bytes.fromhex(key) for key in configuration["hmac_keys"]]
    try:
        payloads = [entry["NotificationRequestItem"] for entry in envelope["notificationItems"]]
        genuine = [_is_genuine(payload, keys) for payload in payloads]
        live = flag(envelope, "live")
        items = [_item(payload, configuration["merchant_account"], now) for payload in payloads]
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        Unreadable,
    ) as error:
        raise NotGenuine(f"no envelope of Adyen's: {type(error).__name__}") from error
    if not items or not all(genuine):
        raise NotGenuine("the signature of an item does not verify")
    if live is not bool(configuration.get("livemode")):
        raise NotGenuine(f"it is of the {'live' if live else 'test'} environment")
    return items


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotGenuine(f"no envelope of Adyen's: {type(error).__name__}") from error


def _knows_the_password(delivery: Delivery, login: str) -> None:
    if not login:
        return
    scheme, _, given = delivery.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), base64.b64encode(login.encode()))
    if scheme.lower() != "basic" or not right:
        raise NotGenuine("the user and password of the endpoint are not given")


def _is_genuine(payload: Payload, keys: list[bytes]) -> bool:
    signature = payload["additionalData"]["hmacSignature"].encode()
    return is_signed(signed_text(payload).encode(), signature, keys)


def signed_text(payload: Payload) -> str:
    """What Adyen signs of an item: eight values, nothing escaped, what is missing empty.

    Raises TypeError for a value that is neither text nor a whole number: then nobody signed it.
    """
    about = payload.get("amount") or {}
    return ":".join(
        _as_signed(value)
        for value in (
            payload.get("pspReference"),
            payload.get("originalReference"),
            payload.get("merchantAccountCode"),
            payload.get("merchantReference"),
            about.get("value"),
            about.get("currency"),
            payload.get("eventCode"),
            payload.get("success"),
        )
    )


def _as_signed(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():  # Documented as text; should one come, it was signed as JSON writes it.
            return "true" if value else "false"
        case int():
            return str(value)
    raise TypeError(f"a signed value is a {type(value).__name__}")


def _item(payload: Payload, account: str, now: datetime) -> Item:
    at = happened(payload.get("eventDate"), now=now)  # Of reports the latest counts.
    is_ours = payload.get("merchantAccountCode") == account
    kind = text(payload, "eventCode") if is_ours else ANOTHER_ACCOUNT
    return Item(key=_key(payload), kind=kind, at=at, payload=payload)


#: Under one reference there is more than one of them: a dispute's steps, a report that was made anew.
_TOLD_AGAIN = {*reports.EVENTS, "REPORT_AVAILABLE"}


def _key(payload: Payload) -> str:
    """What makes two items the same thing told twice; docs/decisions/0015 says why just this."""
    parts = [payload.get("pspReference"), payload.get("eventCode"), payload.get("success")]
    if payload.get("eventCode") in _TOLD_AGAIN:
        parts.append(payload.get("eventDate"))
    elif _is_recapture(payload):
        parts.append("recaptured")
    key = ":".join(_as_signed(part) for part in parts)
    return key if len(key) <= 255 else hashlib.sha256(key.encode()).hexdigest()


def _is_recapture(payload: Payload) -> bool:
    """Adyen writes "Transaction Recaptured" or "Transaction Auto-recaptured"."""
    reason = payload.get("reason")
    captured = payload.get("eventCode") == "CAPTURE" and isinstance(reason, str)
    return captured and "recaptured" in str(reason).lower()


# -------------------------------------------------------------------------------------- translating

#: They move money in ways for which there is nothing here.
FOR_A_PERSON = frozenset(("PAIDOUT_REVERSED", "VOID_PENDING_REFUND"))


def translate(item: Item) -> News:
    """What it says. Raises Unreadable."""
    payload, event = item.payload, item.kind
    match event:
        case "AUTHORISATION":
            return _authorisation(payload)
        case "CAPTURE" | "CAPTURE_FAILED":
            return _capture(event, payload)
        case "CANCELLATION" | "TECHNICAL_CANCEL":
            return _cancellation(payload)
        case "EXPIRE":
            psp = text(payload, "originalReference") or needed(payload, "pspReference")
            return PaymentMoved(psp, Became.EXPIRED, payment=ours(payload, "pay"))
        case "REFUND" | "REFUND_FAILED" | "REFUNDED_REVERSED" | "POSTPONED_REFUND":
            return _refund(event, payload)
        case "CANCEL_OR_REFUND":
            return _reversal(payload)
        case _ if event in reports.EVENTS:
            return reports.report(item)
        case "REPORT_AVAILABLE":
            return downloads.announced(payload)
        case _ if event in platform.TRANSFERS:
            return payouts.reported(payload["data"])
        case _ if event == ANOTHER_ACCOUNT:
            raise Unreadable(
                f"of the merchant account {payload.get('merchantAccountCode')!r}, which is not ours"
            )
        case _ if event in FOR_A_PERSON:
            raise Unreadable(f"{event} moves money, and nothing here knows how")
    return Irrelevant(f"{event or 'an event without a name'} changes nothing here")


def _authorisation(payload: Payload) -> News:
    """Whether the amount was taken at once it does not say: the payment was made so or not."""
    psp, about = needed(payload, "pspReference"), amount(payload)
    outcome: Outcome
    if flag(payload, "success"):
        became, outcome = Became.AUTHORIZED, Approved(psp, about)
    else:
        reason = text(payload, "reason")
        number = NUMBERS.get(reason, "")
        code = REFUSALS.get(number, DeclineCode.CARD_DECLINED)
        became, outcome = Became.DECLINED, Declined(code, number, reason, psp)
    return PaymentMoved(psp, became, payment=ours(payload, "pay"), amount=about, outcome=outcome)


def _capture(event: str, payload: Payload) -> News:
    """The `success` of CAPTURE_FAILED is that of the notification: the capture has none."""
    psp, capture = needed(payload, "originalReference"), needed(payload, "pspReference")
    about, payment, attempt = amount(payload), ours(payload, "pay"), ours(payload, "att")
    if event == "CAPTURE_FAILED" or not flag(payload, "success"):
        why = text(payload, "reason")
        return CaptureFailed(psp, capture, about, payment=payment, attempt=attempt, why=why)
    if _is_recapture(payload):
        return Recaptured(psp, capture, about, payment=payment, attempt=attempt)
    return PaymentMoved(
        psp,
        Became.CAPTURED,
        payment=payment,
        attempt=attempt,
        outcome=Approved(capture, about),
    )


def _cancellation(payload: Payload) -> News:
    """A payment canceled by our reference, before it had one of Adyen's, has no originalReference."""
    own = needed(payload, "pspReference")
    outcome: Outcome = Approved(own, UNSAID)
    if not flag(payload, "success"):
        why = text(payload, "reason")
        outcome = Declined(DeclineCode.INVALID_STATE, psp_message=why, psp_reference=own)
    original, payment = text(payload, "originalReference"), ours(payload, "pay")
    attempt = ours(payload, "att")
    return PaymentMoved(
        original, Became.CANCELED, payment=payment, attempt=attempt, outcome=outcome
    )


def _refund(event: str, payload: Payload) -> News:
    """REFUND_FAILED and REFUNDED_REVERSED say, with success true, that the money came back to us."""
    state = RefundState.SUCCEEDED
    if event in ("REFUND_FAILED", "REFUNDED_REVERSED") or not flag(payload, "success"):
        state = RefundState.FAILED
    elif event == "POSTPONED_REFUND":
        state = RefundState.PENDING
    return RefundReported(
        psp_reference=needed(payload, "originalReference"),
        reference=needed(payload, "pspReference"),
        state=state,
        amount=amount(payload),
        refund=ours(payload, "re"),
        payment=ours(payload, "pay"),
        code=event if state == RefundState.FAILED else "",
        why=text(payload, "reason") if state == RefundState.FAILED else "",
    )


def _reversal(payload: Payload) -> News:
    """Somebody at Adyen's screen asked for whichever is possible; which it was is not signed."""
    match additional(payload).get("modification.action"):
        case "cancel":
            return _cancellation(payload)
        case "refund":
            return _refund("REFUND", payload)
    if not flag(payload, "success"):
        return Irrelevant("a reversal came to nothing")
    raise Unreadable("CANCEL_OR_REFUND does not say which of them was done")
