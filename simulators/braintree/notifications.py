"""What Braintree tells of itself: a form with a payload and its signature, made with the merchant's keys.

A notification bears the moment at which it was told, and keeps it through all its tries: it has no id, and the
payload is all by which the merchant can know it again. So only a copy that is said to be signed before that
moment bears another one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from simulators.braintree import xml

MERCHANT, PUBLIC_KEY, PRIVATE_KEY = "paygate", "bt_public", "bt_private"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Notification:
    """`subject` is XML, a snapshot; `at` is when it was told, in seconds of real time since 1970."""

    kind: str
    subject: str
    at: float


def notification(kind: str, tag: str, content: dict[str, Any], *, at: float) -> Notification:
    return Notification(kind, xml.element(tag, content), at)


def envelope(told: Notification, *, at: float, secret: str) -> tuple[dict[str, str], bytes]:
    """As it goes over the wire at that moment; `secret` takes the place of the private key."""
    moment = datetime.fromtimestamp(min(told.at, at), UTC)
    document = (
        f"<notification>{xml.element('timestamp', moment)}<kind>{told.kind}</kind>"
        f"<source-merchant-id>{MERCHANT}</source-merchant-id><subject>{told.subject}</subject>"
        "</notification>"
    )
    payload = base64.encodebytes(document.encode())  # A newline after every 76 characters.
    key = hashlib.sha1((secret or PRIVATE_KEY).encode()).digest()
    signature = hmac.new(key, payload, hashlib.sha1).hexdigest()
    body = {"bt_signature": f"{PUBLIC_KEY}|{signature}", "bt_payload": payload}
    return dict(_FORM), urlencode(body).encode()
