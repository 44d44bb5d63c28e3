"""A file that was refused is read once more: what it means may be known by now."""

from __future__ import annotations

from kernel.db import atomic
from paygate.reconciliation.models import Statement


class NotRefused(Exception):
    """It waits already, or it is in the books."""


def read_again(statement: Statement) -> Statement:
    """Let it wait as if it had just come; the next reader takes it. Raises NotRefused."""
    with atomic():
        locked: Statement = Statement.objects.select_for_update().get(id=statement.id)
        if locked.state != Statement.State.REFUSED:
            raise NotRefused(f"It is {locked.get_state_display().lower()}.")
        locked.state = Statement.State.RECEIVED
        locked.refused_row, locked.refused_because = None, ""
        locked.save(update_fields=["state", "refused_row", "refused_because"])
    return locked
