"""API keys: made, rolled with an overlap, revoked. The secret is shown once and kept nowhere.

    sk_test_ 8Kq…33 letters…f0 1x9Qab
    |        |                 '- CRC32 of all before it: a typo, or a guess, is refused without a query
    |        '------------------- 24 random bytes in base 62
    '---------------------------- kind and mode

With 192 random bits a plain SHA-256 is enough to store: there is nothing to guess (ASVS 11.5.1).
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase, digits
from uuid import UUID

from django.db.transaction import atomic

from merchants.models import ApiKey

RESOURCES = (
    "account",
    "balance",
    "customers",
    "disputes",
    "events",
    "fx",
    "payment_methods",
    "payments",
    "payouts",
    "refunds",
    "webhook_endpoints",
)
SCOPES = frozenset(f"{resource}:{verb}" for resource in RESOURCES for verb in ("read", "write"))

PREFIXES = {
    (ApiKey.Kind.SECRET, False): "sk_test_",
    (ApiKey.Kind.SECRET, True): "sk_live_",
    (ApiKey.Kind.RESTRICTED, False): "rk_test_",
    (ApiKey.Kind.RESTRICTED, True): "rk_live_",
}

LONGEST_OVERLAP = timedelta(days=7)

_BASE62 = digits + ascii_uppercase + ascii_lowercase
_RANDOM_BYTES, _RANDOM_LETTERS, _CHECK_LETTERS = 24, 33, 6  # 62^33 > 2^192 and 62^6 > 2^32.


class UnknownScope(ValueError):
    """A scope that no endpoint asks for; a typo in it must not make a key that can do nothing."""


class UnableToRoll(ValueError):
    """The key is revoked, already rolled, or the overlap is not between nothing and a week."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new key and its secret. This is the only time that anybody sees the secret."""

    key: ApiKey
    secret: str = field(repr=False)  # So that no log and no traceback shows it either.


def make(
    merchant_id: UUID,
    *,
    livemode: bool,
    at: datetime,
    kind: ApiKey.Kind = ApiKey.Kind.SECRET,
    scopes: Collection[str] = (),
) -> Made:
    """A new key. `scopes` are for a restricted key alone. Raises UnknownScope."""
    if not SCOPES.issuperset(scopes) or (kind == ApiKey.Kind.SECRET and scopes):
        raise UnknownScope(f"{', '.join(sorted(scopes))}: not scopes of a {kind} key")
    secret = _new_secret(PREFIXES[kind, livemode])
    key = ApiKey.objects.create(
        merchant_id=merchant_id,
        kind=kind,
        livemode=livemode,
        scopes=sorted(scopes),
        sha256=digest(secret),
        last4=secret[-4:],
        created_at=at,
    )
    return Made(key, secret)


@atomic
def roll(key_id: UUID, *, overlap: timedelta, at: datetime) -> Made:
    """A new key that may do the same; the old one ends when the overlap does. Raises UnableToRoll."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise UnableToRoll(f"an overlap of {overlap} is not between nothing and {LONGEST_OVERLAP}")
    old = ApiKey.objects.select_for_update().get(id=key_id)
    if old.revoked_at is not None or old.expires_at is not None:
        raise UnableToRoll(f"{old} is revoked or rolled already")
    old.expires_at = at + overlap
    old.save(update_fields=["expires_at"])
    return make(
        old.merchant_id,
        livemode=old.livemode,
        at=at,
        kind=ApiKey.Kind(old.kind),
        scopes=old.scopes,
    )


def revoke(key_id: UUID, *, at: datetime) -> None:
    """End the key; every process knows within API_KEY_CACHE_SECONDS. Revoking twice is revoking once."""
    ApiKey.objects.filter(id=key_id, revoked_at__isnull=True).update(revoked_at=at)


def digest(secret: str) -> bytes:
    """What the database knows of a secret."""
    return sha256(secret.encode()).digest()


def well_formed(secret: str) -> bool:
    """Could we have made this? Told without the database, by prefix, length and checksum."""
    body, check = secret[:-_CHECK_LETTERS], secret[-_CHECK_LETTERS:]
    return (
        secret.isascii()
        and secret[:8] in PREFIXES.values()
        and len(secret) == 8 + _RANDOM_LETTERS + _CHECK_LETTERS
        and _checksum(body) == check
    )


def _new_secret(prefix: str) -> str:
    random = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES), "big")
    body = prefix + _base62(random, _RANDOM_LETTERS)
    return body + _checksum(body)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_LETTERS)


def _base62(number: int, letters: int) -> str:
    text = ""
    for _ in range(letters):
        number, place = divmod(number, 62)
        text = _BASE62[place] + text
    return text
