"""What Adyen tells unasked: notification items, signed one by one, and the envelopes they travel in.

Source: Webhooks-v1, OpenAPI; docs.adyen.com/development-resources/webhooks. What an item is about is signed;
its reason, its date and all of its additionalData are not.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.webhooks import Webhooks

if TYPE_CHECKING:
    from simulators.adyen.payments import Payment

KEY = "50415947415445" * 4 + "50415947"
SHARED = 4  # Of so many pairs of notices that are made in one moment, one shares an envelope.


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification item; the amount is in Adyen's minor units."""

    event: str
    account: str
    psp: str
    original: str
    reference: str
    amount: int
    currency: str
    success: bool
    reason: str
    method: str
    at: float  # Seconds since 1970, of real time.
    additional: Mapping[str, str]


class Notices:
    """Makes notices while there is somebody to send them to, and puts them into envelopes."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._made: list[Notice] = []  # In this moment: one turn of the event loop.
        self._pairs = 0

    def tell(
        self,
        event: str,
        payment: Payment,
        *,
        amount: int,
        psp: str = "",
        reference: str = "",
        success: bool = True,
        reason: str = "",
        at: float | None = None,
        additional: Mapping[str, str] | None = None,
    ) -> None:
        """Tell of something about a payment: of the payment itself, or of what has a `psp` reference of its own.

        `reference` is the merchant's of that; without one it is the payment's.
        """
        if not self._webhooks.url:
            return
        if not self._made:
            asyncio.get_running_loop().call_soon(self._send)
        self._made.append(
            Notice(
                event=event,
                account=payment.merchant_account,
                psp=psp or payment.psp,
                original=payment.psp if psp else "",
                reference=reference or payment.reference,
                amount=amount,
                currency=payment.currency,
                success=success,
                reason=reason,
                method=payment.card.brand,
                at=time.time() if at is None else at,
                additional=additional or {},
            )
        )

    def report(self, account: str, name: str, address: str) -> None:
        """Tell that a report can be downloaded; its name is signed, the address is not."""
        notice = Notice(
            event="REPORT_AVAILABLE",
            account=account,
            psp=name,
            original="",
            reference="",
            amount=0,
            currency="EUR",
            success=True,
            reason=address,
            method="",
            at=time.time(),
            additional={},
        )
        self._webhooks.tell((notice,))

    def _send(self) -> None:
        made, self._made = self._made, []
        while made:
            share = 1
            if len(made) > 1:
                self._pairs += 1
                share = 1 if self._pairs % SHARED else 2
            self._webhooks.tell(tuple(made[:share]))
            made = made[share:]


def envelope(notices: Sequence[Notice], *, secret: str) -> tuple[dict[str, str], bytes]:
    """The notices as they go over the wire. Adyen signs no time, so a stale copy is but a second one.

    A forgery has one wrong signature, the last: Adyen's own SDK looks at the first one only.
    """
    items = [{"NotificationRequestItem": _item(notice, KEY)} for notice in notices[:-1]]
    items.append({"NotificationRequestItem": _item(notices[-1], secret or KEY)})
    body = {"live": "false", "notificationItems": items}
    return {"Content-Type": "application/json"}, json.dumps(body, sort_keys=True).encode()


def _item(notice: Notice, key: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "amount": {"currency": notice.currency, "value": notice.amount},
        "eventCode": notice.event,
        "eventDate": datetime.fromtimestamp(notice.at, UTC).isoformat(timespec="seconds"),
        "merchantAccountCode": notice.account,
        "merchantReference": notice.reference,
        "paymentMethod": notice.method,
        "pspReference": notice.psp,
        "reason": notice.reason,
        "success": "true" if notice.success else "false",
    }
    if notice.original:
        item["originalReference"] = notice.original
    if notice.event == "AUTHORISATION" and notice.success:
        item["operations"] = ["CANCEL", "CAPTURE", "REFUND"]
    item["additionalData"] = {**notice.additional, "hmacSignature": _signature(item, key)}
    return item


def _signature(item: Mapping[str, Any], key: str) -> str:
    said = (
        item["pspReference"],
        item.get("originalReference", ""),
        item["merchantAccountCode"],
        item["merchantReference"],
        str(item["amount"]["value"]),
        item["amount"]["currency"],
        item["eventCode"],
        item["success"],
    )
    try:
        secret = bytes.fromhex(key)
    except ValueError:  # A forger's.
        secret = key.encode()
    digest = hmac.digest(secret, ":".join(said).encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()
