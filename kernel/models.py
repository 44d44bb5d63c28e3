"""Django looks for an app's models here."""

from kernel.audit.models import Entry
from kernel.idempotency.models import IdempotencyKey
from kernel.lists.models import SavedList
from kernel.outbox.models import OutboxEvent

__all__ = ["Entry", "IdempotencyKey", "OutboxEvent", "SavedList"]
