"""The audit log: one entry for each thing that a person asked for, and one for how it ended.

PostgreSQL numbers the entries without a gap and chains them: each digest covers the entry and the digest before it
(0005_audit.up.sql). Nothing is ever changed or taken out.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Entry(models.Model):
    """One line of the log."""

    class Outcome(models.TextChoices):
        ASKED = "asked"  # Written before it is done: what dies in the middle is here, too.
        DONE = "done"
        REFUSED = "refused"  # By a rule; `details["said"]` is what the person was told.
        FAILED = "failed"  # By a mistake of ours.
        SEEN = "seen"  # Something private was looked at.

    position = models.BigIntegerField(primary_key=True)  # 1, 2, 3, … without a gap.
    at = models.DateTimeField()
    by = models.TextField()  # The login; empty where nobody was logged in.
    roles = ArrayField(models.TextField())  # What groups that person was in.
    act = models.TextField()  # Such as "refund", "refund.approve", "log_in".
    outcome = models.TextField(choices=Outcome.choices)
    answers = models.BigIntegerField(null=True)  # The entry that asked for what this one ends.
    kind = models.TextField()  # What it was done to: the model's name, "payment".
    subject = models.TextField()  # And which: its public id, or what else names it.
    merchant_id = models.UUIDField(null=True)
    because = models.TextField()
    before = models.JSONField(null=True)  # Of the columns that changed.
    after = models.JSONField(null=True)
    details = models.JSONField(default=dict)
    request_id = models.TextField()
    address = models.TextField()  # Where the request came from.
    digest = models.BinaryField()

    class Meta:
        app_label = "kernel"
        db_table = "audit_entry"
        ordering = ["-position"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.position}: {self.act} {self.subject} by {self.by}"
