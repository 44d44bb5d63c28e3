"""Write down that something happened; the relay tells it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

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
