"""A run of the proof, as it ended."""

from __future__ import annotations

from django.db import models

from kernel.clock import rfc3339
from kernel.ids import uuid7


class Run(models.Model):
    """Kept in ink: who was told what, and when."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    seconds = models.FloatField()
    by = models.TextField(default="")  # The person who wanted it; "" where it was the night.
    holds = models.BooleanField()
    discrepancies = models.BigIntegerField()
    payments = models.BigIntegerField()
    heads = models.JSONField()  # The newest roll of each mode (ledger.seals), when it ran.
    result = models.JSONField()  # Proof.as_json().

    class Meta:
        db_table = "proof_run"
        ordering = ["-at"]
        verbose_name = "proof"
        verbose_name_plural = "proofs"
        default_permissions = ("view",)
        permissions = [("run", "Can have the proof run")]

    def __str__(self) -> str:
        return f"{rfc3339(self.at)}: {'holds' if self.holds else 'does not hold'}"
