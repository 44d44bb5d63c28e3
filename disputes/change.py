"""Write what changed about a dispute: its row, what belongs to it, an event for each change; in one commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError

from disputes.estimate import Past, estimate, history
from disputes.find import Parts, parts_of
from disputes.models import Act, Dispute
from disputes.render import render
from kernel.db import atomic, step_aside
from kernel.outbox.record import Event, record
from paygate.payments.write import Stale

TRIES = 50  # Of a change that another one came before.
CROSSED = {"23505", "40P01"}  # Somebody wrote the very row first; a deadlock. Both undo the whole.

R = TypeVar("R")


class Busy(Exception):
    """It changed again and again while this was being written; nothing was."""


def until_written(work: Callable[[], R]) -> R:
    """Do it in one transaction; and all of it again when something else came first. Raises Busy.

    Locks are taken in one order: the dispute, then its payment, then the accounts of the books.
    """
    for turn in range(TRIES):
        try:
            with atomic():
                return work()
        except Stale:
            pass
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", "") not in CROSSED:
                raise
        step_aside(turn, pace=0.005)
    raise Busy


def lock(merchant_id: UUID, dispute_id: UUID) -> Dispute:
    """The dispute, for this transaction alone to change."""
    dispute: Dispute = (
        Dispute.objects.filter(merchant_id=merchant_id, id=dispute_id)
        .select_for_update(no_key=True)
        .get()
    )
    return dispute


@dataclass(slots=True)
class Change:
    """Changes of one locked dispute, each saved and told as it is made."""

    dispute: Dispute
    parts: Parts
    at: datetime
    told: int = 0  # How many changes.
    closed: list[Act] = field(default_factory=list)  # Acts that ended with it.
    _history: list[Past] | None = None

    @classmethod
    def of(cls, dispute: Dispute, *, at: datetime) -> Change:
        return cls(dispute, parts_of(dispute), at)

    def tell(self, topic: str) -> None:
        """The dispute has changed: save it and record the event, with the dispute as it is now."""
        self.dispute.sequence += 1
        self.dispute.updated_at = self.at
        self.dispute.save(force_update=True)
        self._record(topic)

    def tell_created(self) -> None:
        """The same of a dispute whose row has just been inserted."""
        self._record("dispute.created")

    def shown(self) -> dict[str, Any]:
        """The dispute as the API shows it now."""
        return render(self.dispute, self.parts, estimate=self._estimate(), at=self.at)

    def _record(self, topic: str) -> None:
        self.told += 1
        record(
            [
                Event(
                    merchant_id=self.dispute.merchant_id,
                    livemode=self.dispute.livemode,
                    topic=topic,
                    subject=self.dispute.public_id,
                    sequence=self.dispute.sequence,
                    body=self.shown(),
                    at=self.at,
                )
            ]
        )

    def _estimate(self) -> dict[str, Any] | None:
        if self.dispute.decided:
            return None
        if self._history is None:
            self._history = history(self.dispute.merchant_id, livemode=self.dispute.livemode)
        return estimate(self.dispute, self.parts.kinds, self._history)
