"""Django looks for an app's models here."""

from kernel.idempotency.models import IdempotencyKey
from kernel.outbox.models import OutboxEvent

__all__ = ["IdempotencyKey", "OutboxEvent"]
