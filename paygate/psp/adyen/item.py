"""The fields of one of Adyen's notification items, each as it is documented or not at all; and who signed them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kernel.money import Money
from paygate.psp.adyen import translate
from paygate.psp.events import Unreadable

Payload = Mapping[str, Any]
CLOCKS_DIFFER = timedelta(minutes=5)


def text(payload: Payload, name: str) -> str:
    """Empty where it is missing or null. Raises Unreadable for anything but text."""
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{name} is no text")
    return value


def needed(payload: Payload, name: str) -> str:
    """A text that must be there. Raises Unreadable."""
    if value := text(payload, name):
        return value
    raise Unreadable(f"{payload.get('eventCode')} without {name}")


def ours(payload: Payload, prefix: str) -> str:
    """merchantReference, where it is an id of ours of that kind; else empty.

    Of a modification it is the modification's reference or the payment's: Adyen's documents leave it open.
    """
    reference = text(payload, "merchantReference")
    return reference if reference.startswith(f"{prefix}_") else ""


def additional(payload: Payload) -> Payload:
    """additionalData, none of which is signed."""
    found = payload.get("additionalData")
    return found if isinstance(found, Mapping) else {}


def flag(payload: Payload, name: str) -> bool:
    """Adyen's booleans are texts; a real one means the same. Raises Unreadable."""
    match payload.get(name):
        case "true" | True:
            return True
        case "false" | False:
            return False
    raise Unreadable(f"{name} is neither true nor false")


def amount(payload: Payload) -> Money:
    """Raises Unreadable, also for an amount with a fraction that no currency of ours has."""
    said = payload.get("amount")
    if not isinstance(said, Mapping) or type(said.get("value")) is not int:
        raise Unreadable("amount is none")
    try:
        return translate.money(said)
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable(f"amount is none: {error}") from error


def moment(value: object) -> datetime | None:
    """A time as Adyen writes it, with its offset; in UTC. None for anything else, and for one that UTC has not."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        return read.astimezone(UTC) if read is not None and read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def happened(said: object, *, now: datetime) -> datetime:
    """When something was, by a time that nobody signed: now, where there is none, or one that is not yet."""
    at = moment(said)
    return now if at is None or at > now + CLOCKS_DIFFER else at


def is_signed(said: bytes, signature: bytes, keys: Iterable[bytes]) -> bool:
    """Does any of the keys give that signature (HMAC-SHA256, base64)?"""
    fits = False
    for key in keys:  # All of them, so that the time tells nothing.
        made = base64.b64encode(hmac.digest(key, said, hashlib.sha256))
        fits |= hmac.compare_digest(made, signature)
    return fits
