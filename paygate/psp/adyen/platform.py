"""Webhooks of Adyen's balance platform: one message a delivery, its whole body signed in a header.

They come to the address of the notifications of payments, and are told apart by having no notificationItems.
Source: docs.adyen.com/development-resources/webhooks/verify-hmac-signatures (platforms).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paygate.psp.adyen.item import happened, is_signed
from paygate.psp.events import Delivery, Item, NotGenuine, Unreadable

TRANSFERS = frozenset(("balancePlatform.transfer.created", "balancePlatform.transfer.updated"))
ANOTHER_BALANCE_ACCOUNT = "ANOTHER_BALANCE_ACCOUNT"  # The kind of a transfer that is not of ours.


def is_message(body: object) -> bool:
    return isinstance(body, dict) and "notificationItems" not in body


def receive(
    delivery: Delivery,
    message: Mapping[str, Any],
    configuration: Mapping[str, Any],
    *,
    now: datetime,
) -> list[Item]:
    """`message` is the body, parsed. Raises NotGenuine, Unreadable."""
    _verify(delivery, configuration.get("platform_hmac_keys") or configuration["hmac_keys"])
    environment = "live" if configuration.get("livemode") else "test"
    if message.get("environment") != environment:
        raise NotGenuine(f"it is not of the {environment} environment")
    kind, data = message.get("type"), message.get("data")
    if not isinstance(kind, str) or not isinstance(data, Mapping):
        raise Unreadable("a message of no type, or about nothing")
    at = happened(message.get("timestamp"), now=now)
    if kind not in TRANSFERS:
        digest = hashlib.sha256(delivery.body).hexdigest()
        return [Item(key=f"platform:{digest}", kind=kind[:100], at=at, payload=message)]
    key = _key(data)
    account = data.get("balanceAccount")
    own = configuration.get("balance_account")
    if isinstance(account, Mapping) and account.get("id") not in (None, own):
        kind = ANOTHER_BALANCE_ACCOUNT
    return [Item(key=key, kind=kind, at=at, payload=message)]


def _verify(delivery: Delivery, keys: list[str]) -> None:
    signature = delivery.headers.get("hmacsignature", "").encode()
    if delivery.headers.get("protocol", "HmacSHA256") != "HmacSHA256":
        raise NotGenuine("signed by a protocol that is not Adyen's")
    if not is_signed(delivery.body, signature, map(bytes.fromhex, keys)):
        raise NotGenuine("the signature of the message does not verify")


def _key(transfer: Mapping[str, Any]) -> str:
    """Each message about a transfer has a number there; some documents show it without one."""
    id_, status, number = (transfer.get(name) for name in ("id", "status", "sequenceNumber"))
    if not isinstance(id_, str) or not isinstance(status, str) or len(id_) + len(status) > 200:
        raise Unreadable("a transfer without an id or a status")
    counted = isinstance(number, int) and not isinstance(number, bool)
    return f"transfer:{id_}:{number}:{status}" if counted else f"transfer:{id_}:{status}"
