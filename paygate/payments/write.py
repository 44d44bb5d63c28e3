"""Write one beat of a payment's saga: state, attempt, books, event and reply, in one commit.

A `Step` is computed in Python from the payment as it was read; the database writes it whole or, when the
payment has moved on since or the merchant's key is already bound, not at all. Concurrent steps of one
process share a commit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from django.db import OperationalError

from kernel.db import call
from kernel.grouping import Grouped
from kernel.idempotency.replay import Key, Reply
from kernel.outbox.record import Event
from ledger.transaction import Transaction
from paygate.payments.models import Attempt, Payment, Refund


class Written(StrEnum):
    """What became of a step."""

    WRITTEN = "written"
    KEY_TAKEN = "key_taken"  # The merchant's key is bound to something else; nothing was written.
    STALE = "stale"  # The payment changed since it was read; nothing was written.


class Stale(Exception):
    """The payment changed since it was read; nothing was written. Read it again, and do it again."""


@dataclass(frozen=True, slots=True)
class BindKey:
    """Bind a merchant's key to an attempt, in the same commit as the attempt."""

    key: Key
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What one beat writes. `expected` is the sequence the change was computed from; None: a new payment."""

    payment: Payment
    expected: int | None
    at: datetime
    bind: BindKey | None = None
    opens: Attempt | None = None
    closes: Attempt | None = None
    refund: Refund | None = None  # New, or changed with this step.
    transactions: list[Transaction] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    said: Reply | None = None  # What whoever waits for this step is told.
    reply: tuple[Key, Reply] | None = None  # What is stored under the key, for ever the same.

    def as_item(self, ord_: int) -> dict[str, Any]:
        attempt = self.opens or self.closes
        return {
            "ord": ord_,
            "merchant_id": self.payment.merchant_id,
            "key": self.bind
            and attempt
            and {
                "livemode": self.bind.key.livemode,
                "key": self.bind.key.key,
                "fingerprint": self.bind.fingerprint.hex(),
                "subject": attempt.id,
                "created_at": self.at,
            },
            "expected": self.expected,
            "payment": row(self.payment),
            "opens": self.opens and row(self.opens),
            "closes": self.closes and row(self.closes),
            "refund": self.refund and row(self.refund),
            "transactions": [t.as_item(effective_at=self.at) for t in self.transactions],
            "events": [event.as_item() for event in self.events],
            "reply": self.reply
            and {
                "livemode": self.reply[0].livemode,
                "key": self.reply[0].key,
                "status": self.reply[1].status,
                "body": self.reply[1].body,
                "finished_at": self.at,
            },
        }


def row(instance: Payment | Attempt | Refund) -> dict[str, Any]:
    """A model's columns by name."""
    return {name: instance.__dict__[name] for name in _columns(type(instance))}


def _columns(model: type[Payment | Attempt | Refund]) -> tuple[str, ...]:
    return _COLUMNS[model]


_COLUMNS = {
    model: tuple(f.attname for f in model._meta.concrete_fields)
    for model in (Payment, Attempt, Refund)
}


def write_many(steps: list[Step]) -> list[Written]:
    """Write the steps in one commit; what became of each. A deadlock is tried again: nothing was written."""
    items = orjson.dumps([step.as_item(ord_) for ord_, step in enumerate(steps)]).decode()
    for pause in (0.01, 0.05, None):
        try:
            rows = call("payment_write", items)
        except OperationalError as error:
            if pause is None or getattr(error.__cause__, "sqlstate", "") != "40P01":
                raise
            time.sleep(pause)
        else:
            became = dict(rows)
            return [Written(became[ord_]) for ord_ in range(len(steps))]
    raise AssertionError("unreachable")


write = Grouped(write_many, name="write", rest=0.02)
