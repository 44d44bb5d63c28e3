"""What is private of a person: under that person's own key, which lies beside it, sealed (kernel.sealed).

sealed_key   the person's key (AES-256), sealed under the newest of settings.SEALING_KEYS, bound to the row
details      12 bytes of nonce, then JSON under the person's key by AES-256-GCM, bound to the row
email_hash   HMAC-SHA256 of the e-mail address, under a key that is made from the sealing key: equal addresses are
             equal, and nobody without the key can try addresses out
"""

from __future__ import annotations

import hmac
import os
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from kernel.sealed import KEY_BYTES, UnableToUnseal, read_key, seal, unseal

TABLE = "customer"
_NONCE = 12  # Bytes.


@dataclass(frozen=True, slots=True)
class Person:
    """What we are told of somebody; each may be missing ("")."""

    name: str = ""
    email: str = ""
    phone: str = ""
    address: dict[str, str] = field(
        default_factory=dict
    )  # line1, line2, postal_code, city, state, country.


def new_key(customer: UUID) -> bytes:
    """A key for one person, sealed for that row."""
    return seal(os.urandom(KEY_BYTES), table=TABLE, row=customer)


def write(person: Person, sealed_key: bytes, *, customer: UUID) -> bytes:
    """What is private, under the person's key. Raises UnableToUnseal."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(sealed_key, customer).encrypt(
        nonce, orjson.dumps(asdict(person)), customer.bytes
    )


def read(details: bytes, sealed_key: bytes, *, customer: UUID) -> Person:
    """What is private, read again. Raises UnableToUnseal."""
    details = bytes(details)
    try:
        plain = _cipher(sealed_key, customer).decrypt(
            details[:_NONCE], details[_NONCE:], customer.bytes
        )
    except InvalidTag:
        raise UnableToUnseal(f"{TABLE} {customer}: not written under this person's key") from None
    return Person(**orjson.loads(plain))


def hashes_of(email: str) -> list[bytes]:
    """What an e-mail address is found by: under each sealing key, the newest first. Case does not matter."""
    normal = email.strip().casefold().encode()
    return [
        hmac.digest(_finding_key(read_key(text)), normal, sha256) for text in settings.SEALING_KEYS
    ]


def _finding_key(sealing_key: bytes) -> bytes:
    """Another key for another purpose: what finds must not be what seals."""
    return hmac.digest(sealing_key, b"customers are found by this", sha256)


def _cipher(sealed_key: bytes, customer: UUID) -> AESGCM:
    return AESGCM(unseal(sealed_key, table=TABLE, row=customer))
