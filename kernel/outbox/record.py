"""Write down that something happened; the relay tells it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from kernel.db import require_transaction
from kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one object, as it goes into the outbox with the change itself."""

    merchant_id: UUID
    livemode: bool
    topic: str  # "payment.captured"
    subject: str  # "pay_…"
    sequence: int
    body: dict[str, Any]
    at: datetime
    id: UUID = field(default_factory=uuid7)

    def as_item(self) -> dict[str, Any]:
        """As the SQL functions that write it take it."""
        return {
            "merchant_id": self.merchant_id,
            "id": self.id,
            "livemode": self.livemode,
            "topic": self.topic,
            "subject": self.subject,
            "sequence": self.sequence,
            "body": self.body,
            "created_at": self.at,
        }


def record(events: Sequence[Event]) -> None:
    """Write the events, in this order, into the transaction of the change they tell of.

    For what is written row by row; a function of the database that writes a whole change writes its events too.
    Raises NoTransaction.
    """
    require_transaction("An event")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO outbox_event (merchant_id, id, livemode, topic, subject, sequence, body, created_at)
            SELECT e.merchant_id, e.id, e.livemode, e.topic, e.subject, e.sequence, e.body, e.created_at
            FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS (
                merchant_id uuid, id uuid, livemode boolean, topic text, subject text, sequence integer, body jsonb,
                created_at timestamptz
            )) WITH ORDINALITY
                AS e (merchant_id, id, livemode, topic, subject, sequence, body, created_at, place)
            ORDER BY e.place
            """,
            [orjson.dumps([event.as_item() for event in events]).decode()],
        )
