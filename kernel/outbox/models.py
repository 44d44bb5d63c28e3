"""The outbox: one row for every change of an object, kept after it was told."""

from __future__ import annotations

from django.db import models

from kernel.ids import encode, uuid7


class OutboxEvent(models.Model):
    """Something that happened to `subject`; `sequence` counts the changes of that subject from 1."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merchant_id = models.UUIDField()
    livemode = models.BooleanField()
    topic = models.TextField()  # "payment.captured"
    subject = models.TextField()  # "pay_…"
    sequence = models.IntegerField()
    body = models.JSONField()  # The object as it was right after the change.
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    position = models.BigIntegerField()  # Order of writing; of one subject's events also of commit.

    class Meta:
        db_table = "outbox_event"

    def __str__(self) -> str:
        return f"{encode('evt', self.id)} {self.topic} {self.subject} #{self.sequence}"
