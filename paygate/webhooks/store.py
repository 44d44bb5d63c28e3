"""Stored before believed: what a genuine delivery tells is in the table before its PSP is answered.

One statement for all that is being delivered at the moment, one commit, and only then the answers. What was
told before changes nothing and costs no write; so nobody counts in the table how often a thing was told
(the metrics do).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError, connection

from kernel.grouping import Grouped
from kernel.ids import uuid7
from paygate.metrics import PSP_EVENTS
from paygate.psp.events import Item

log = logging.getLogger(__name__)

UNREACHABLE = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class Told:
    """What one delivery tells: one thing, or with Adyen several."""

    psp: str
    livemode: bool
    items: Sequence[Item]
    at: datetime  # When it was received.


class UnableToStore(Exception):
    """The database is away: nothing of the delivery was stored, and it must be sent again."""


def store(told: Told) -> int:
    """Store what is new of it; how many items that was. Raises UnableToStore."""
    new = _store(told)
    if new is None:
        raise UnableToStore
    PSP_EVENTS.labels(told.psp, "stored").inc(new)
    PSP_EVENTS.labels(told.psp, "told_again").inc(len(told.items) - new)
    return new


def store_many(deliveries: list[Told]) -> list[int | None]:
    """Store in one commit; of each delivery how many items were new. None for each when the database is away.

    (Were that raised, each would be tried again by itself, and wait for a database that is not there.)
    """
    rows = [_row(told, item) for told in deliveries for item in told.items]
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO psp_event (id, psp, livemode, key, kind, payload, said_at, received_at, next_try_at)
                SELECT id, psp, livemode, key, kind, payload, said_at, received_at, received_at
                FROM jsonb_to_recordset(%s::jsonb) AS told (
                    id uuid, psp text, livemode boolean, key text, kind text, payload jsonb,
                    said_at timestamptz, received_at timestamptz
                )
                -- In one order for all, so that two servers that are told the same things never wait for each other.
                ORDER BY psp, livemode, key
                ON CONFLICT (psp, livemode, key) DO NOTHING
                RETURNING psp, livemode, key
                """,
                [orjson.dumps(rows).decode()],
            )
            new = set(cursor.fetchall())
    except UNREACHABLE as error:
        log.warning("psp_event.not_stored", extra={"events": len(rows), "error": repr(error)})
        connection.close()  # Whatever state it is in, the next one is sound.
        return [None] * len(deliveries)
    return [_newly(told, new) for told in deliveries]


_store = Grouped(store_many, name="store PSP events", rest=0.005)


def _newly(told: Told, new: set[tuple[Any, ...]]) -> int:
    """How many of its items were new. Of two deliveries that tell the same thing, the first one did."""
    keys = {(told.psp, told.livemode, _holdable(item.key)) for item in told.items} & new
    new -= keys
    return len(keys)


def _row(told: Told, item: Item) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "psp": told.psp,
        "livemode": told.livemode,
        "key": _holdable(item.key),
        "kind": _holdable(item.kind),
        "payload": orjson.Fragment(_as_json(item.payload)),
        "said_at": item.at,
        "received_at": told.at,
    }


def _as_json(payload: Any) -> bytes:
    """The payload as PostgreSQL can hold it: without NUL, halves of surrogate pairs and what is no number.

    No PSP writes them on purpose, but a payer may have put them into a name, and then the PSP would
    tell it again for days, and with Adyen all that comes after it would wait.
    """
    try:
        text = orjson.dumps(payload)
    except TypeError:  # Half of a pair, or an integer of more than 64 bits.
        text = json.dumps(_holdable(payload)).encode()
    return text if rb"\u0000" not in text else json.dumps(_holdable(payload)).encode()


def _holdable(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode(errors="replace").decode()
        case dict():
            return {_holdable(name): _holdable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_holdable(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
