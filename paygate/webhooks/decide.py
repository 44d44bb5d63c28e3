"""What a person decides about an event that could not be applied: again, or never. By name, and for a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.db import atomic
from paygate.webhooks.models import PspEvent, State


class NotQuarantined(Exception):
    """Nobody has to decide about this event; the message says how it stands."""


def apply_again(event: UUID, *, by: str, why: str, now: datetime) -> PspEvent:
    """Give it another turn, at once: what it contradicted has changed. Raises NotQuarantined."""
    with atomic():
        found = _locked(event)
        found.apply_again()
        found.why, found.tries, found.next_try_at = "", 0, now
        return _decided(found, by=by, why=why, now=now)


def set_aside(event: UUID, *, by: str, why: str, now: datetime) -> PspEvent:
    """Never apply it: what it tells was seen to in another way. Raises NotQuarantined."""
    with atomic():
        found = _locked(event)
        found.set_aside()
        found.settled_at = now
        return _decided(found, by=by, why=why, now=now)


def apply_all_again(*, by: str, why: str, now: datetime) -> int:
    """Give all that is quarantined another turn: a mistake of ours that kept it there is mended. How many."""
    return PspEvent.objects.filter(state=State.QUARANTINED).update(
        state=State.RECEIVED,
        why="",
        tries=0,
        next_try_at=now,
        decided_by=by,
        decided_why=why,
        decided_at=now,
    )


def _locked(event: UUID) -> PspEvent:
    found = PspEvent.objects.select_for_update().get(id=event)
    if found.state != State.QUARANTINED:
        raise NotQuarantined(f"{found.public_id} is {found.state}")
    return found


def _decided(event: PspEvent, *, by: str, why: str, now: datetime) -> PspEvent:
    event.decided_by, event.decided_why, event.decided_at = by, why, now
    event.save(
        update_fields=[
            *("state", "why", "tries", "next_try_at", "settled_at"),
            *("decided_by", "decided_why", "decided_at"),
        ]
    )
    return event
