"""The binding of a merchant's key to what it set going. The binding is for ever, the stored reply 30 days."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """Primary key in the database: (merchant_id, livemode, key)."""

    key = models.TextField(primary_key=True)
    merchant_id = models.UUIDField()
    livemode = models.BooleanField()
    fingerprint = models.BinaryField()  # SHA-256 of method, path and canonical body.
    subject = models.UUIDField()  # The attempt that this key set going.
    status = models.SmallIntegerField(
        null=True
    )  # HTTP status of the stored reply, once there is one.
    body = models.TextField(null=True)  # The reply to the byte.
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "idempotency_key"

    def __str__(self) -> str:
        return f"{self.key} -> {self.subject}"
