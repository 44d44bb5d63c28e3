"""What to answer when a key comes again, and how two requests are known to be the same.

Redis says quickly, PostgreSQL says truly: a stored reply found in Redis is the reply; finding nothing
there means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from kernel.db import require_transaction
from kernel.idempotency.models import IdempotencyKey
from kernel.shortcuts import shortcut

KEPT_IN_REDIS = timedelta(hours=24)
BODY_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Key:
    """A merchant's key; its scope is merchant, mode and key."""

    merchant_id: UUID
    livemode: bool
    key: str

    @property
    def redis_name(self) -> str:
        mode = "live" if self.livemode else "test"
        return f"idem:{self.merchant_id}:{mode}:{self.key}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply to the byte."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Bound:
    """What a key is bound to: the attempt it set going, and the reply once there is one."""

    fingerprint: bytes
    subject: UUID
    reply: Reply | None


def fingerprint(method: str, path: str, body: dict[str, Any]) -> bytes:
    """SHA-256 over method, path and the canonical JSON of the validated body.

    Order, white space and defaults do not matter; the key itself is to be left out of `body`.
    """
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return sha256(b"\0".join([method.encode(), path.encode(), canonical])).digest()


def remember(key: Key, bound: Bound) -> None:
    """Put a finished reply where the next request finds it quickly."""
    if bound.reply is None:
        return
    packed = b"\n".join(
        [
            bound.fingerprint.hex().encode(),
            str(bound.subject).encode(),
            str(bound.reply.status).encode(),
            bound.reply.body.encode(),
        ]
    )
    shortcut(lambda r: r.set(key.redis_name, packed, ex=KEPT_IN_REDIS), otherwise=None)


def recall_quickly(key: Key) -> Bound | None:
    """A finished reply, if Redis knows one. What cannot be read there is as good as nothing."""
    packed = shortcut(lambda r: r.get(key.redis_name), otherwise=None)
    if not isinstance(packed, bytes):
        return None
    try:
        mark, subject, status, body = packed.decode().split("\n", 3)
        return Bound(bytes.fromhex(mark), UUID(subject), Reply(int(status), body))
    except ValueError:
        return None


def recall(key: Key) -> Bound | None:
    """What the key is bound to, from PostgreSQL; None for a key that is free."""
    row = IdempotencyKey.objects.filter(
        merchant_id=key.merchant_id, livemode=key.livemode, key=key.key
    ).first()
    if row is None:
        return None
    stored = row.status is not None and row.body is not None
    reply = Reply(row.status, row.body) if stored else None  # type: ignore[arg-type]
    return Bound(bytes(row.fingerprint), row.subject, reply)


def bind(key: Key, *, mark: bytes, subject: UUID, at: datetime) -> bool:
    """Bind the key to what it sets going, in the transaction that writes that; False for a key that is bound.

    For what is written row by row; a function of the database that writes a whole change binds its keys too.
    Waits for another transaction that is just binding the same key. Raises NoTransaction.
    """
    require_transaction("The binding of an idempotency key")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO idempotency_key (merchant_id, livemode, key, fingerprint, subject, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [key.merchant_id, key.livemode, key.key, mark, subject, at],
        )
        written: int = cursor.rowcount
    return written == 1


def store(key: Key, reply: Reply, *, at: datetime) -> None:
    """Store the final reply of what the key set going, in the transaction that ended it. Raises NoTransaction."""
    require_transaction("A stored reply")
    IdempotencyKey.objects.filter(
        merchant_id=key.merchant_id, livemode=key.livemode, key=key.key, status__isnull=True
    ).update(status=reply.status, body=reply.body, finished_at=at)
