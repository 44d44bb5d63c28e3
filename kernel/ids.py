"""Ids: a UUIDv7 in the database, a prefix and base 32 for people ("pay_01k9…").

UUIDv7 is RFC 9562; it sorts by time, so that new rows land at the end of an index. The alphabet is
Crockford's base 32 in lower case (no i, l, o, u), whose order is the order of the bits: the text
sorts by time as well.
"""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 26  # 26 letters of 5 bits hold 128 bits; the first letter holds only 3 of them.

#: An id as a bank may give it back: with a hyphen, in capitals.
_TRAVELED = re.compile(rf"([a-z]{{2,6}})[-_]([{_ALPHABET}]{{{_LENGTH}}})", re.IGNORECASE)

_lock = threading.Lock()
_last = 0


class InvalidId(ValueError):
    """Not an id of ours, or one of another kind."""

    def __init__(self, text: str, prefix: str) -> None:
        super().__init__(f"{text!r} is not an id like {prefix}_…")


def uuid7() -> UUID:
    """A new UUIDv7; strictly increasing within this process, even within one millisecond."""
    global _last
    moment = (time.time_ns() << 12) // 1_000_000  # Milliseconds with 12 more bits of precision.
    with _lock:
        _last = moment = max(moment, _last + 1)
    milliseconds, fraction = moment >> 12, moment & 0xFFF
    rest = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | rest)


def moment(id_: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, tz=UTC)


def encode(prefix: str, id_: UUID) -> str:
    """The public form: encode("pay", uuid) is "pay_01k9…"."""
    number, letters = id_.int, []
    for _ in range(_LENGTH):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return f"{prefix}_{''.join(reversed(letters))}"


def decode(prefix: str, text: str) -> UUID:
    """Back from the public form. Raises InvalidId for anything that encode() does not write."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != _LENGTH or tail[0] > "7":
        raise InvalidId(text, prefix)
    number = 0
    for letter in tail:
        value = _VALUE.get(letter)
        if value is None:
            raise InvalidId(text, prefix)
        number = number << 5 | value
    return UUID(int=number)


def homeward(text: str) -> str:
    """An id that a bank repeats ("PO-01K9…"), as we know it; what is none of ours is left as it is."""
    ours = _TRAVELED.fullmatch(text)
    return f"{ours[1]}_{ours[2]}".lower() if ours else text
