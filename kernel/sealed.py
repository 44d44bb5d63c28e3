"""What must not be readable in the database: sealed with AES-256-GCM, bound to its table and row.

    4 bytes   which key: the beginning of the key's SHA-256, so that several can be in use while one is rolled
    12 bytes  nonce, random
    the rest  ciphertext and tag; table and row are its associated data, so that moved elsewhere it does not open

Keys come from settings.SEALING_KEYS (base64 of 32 bytes each): the first one seals, all of them open. To roll:
put a new key in front, reseal what `is_newest` says no to, take the old key away.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
_ID, _NONCE, _TAG = 4, 12, 16  # Bytes.


class UnableToUnseal(ValueError):
    """Sealed under a key that is gone, for another row, or tampered with. The text holds nothing of it."""


def seal(plain: bytes, *, table: str, row: UUID) -> bytes:
    """`plain` as it may lie in that row of that table."""
    key_id, key = next(iter(_keys(tuple(settings.SEALING_KEYS)).items()))
    nonce = os.urandom(_NONCE)
    return key_id + nonce + key.encrypt(nonce, plain, _place(table, row))


def unseal(sealed: bytes | memoryview, *, table: str, row: UUID) -> bytes:
    """What was sealed for that row of that table. Raises UnableToUnseal."""
    sealed = bytes(sealed)
    key = _keys(tuple(settings.SEALING_KEYS)).get(sealed[:_ID])
    if key is None or len(sealed) < _ID + _NONCE + _TAG:
        raise UnableToUnseal(f"{table} {row}: there is no key for this")
    try:
        return key.decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], _place(table, row))
    except InvalidTag:
        raise UnableToUnseal(
            f"{table} {row}: this was not sealed here, or not left as it was"
        ) from None


def is_newest(sealed: bytes | memoryview) -> bool:
    """Was it sealed under the key that seals now?"""
    return bytes(sealed[:_ID]) == next(iter(_keys(tuple(settings.SEALING_KEYS))))


def older_keys() -> list[bytes]:
    """How what was sealed under keys that seal no longer begins."""
    return list(_keys(tuple(settings.SEALING_KEYS)))[1:]


def read_key(text: str) -> bytes:
    """A key as the settings give it. Raises ImproperlyConfigured, without repeating it."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"A key of SEALING_KEYS is not the base64 of {KEY_BYTES} bytes.")
    return key


@cache
def _keys(texts: tuple[str, ...]) -> dict[bytes, AESGCM]:
    keys = {sha256(key).digest()[:_ID]: AESGCM(key) for key in map(read_key, texts)}
    if not keys or len(keys) < len(set(texts)):
        raise ImproperlyConfigured(
            "SEALING_KEYS holds no key, or two of which one cannot tell which is which."
        )
    return keys


def _place(table: str, row: UUID) -> bytes:
    return f"{table}:{row}".encode()
