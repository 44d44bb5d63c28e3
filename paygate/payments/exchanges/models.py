"""One request to a PSP and its answer, redacted before it was written. Nothing of it is needed for anything."""

from __future__ import annotations

from django.db import models

from kernel.ids import uuid7
from kernel.rows import MerchantRow


class Exchange(MerchantRow):
    """In ink, for as long as it is kept (settings.PSP_EXCHANGES_KEPT_DAYS)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    attempt_id = models.UUIDField()
    psp = models.TextField()
    at = models.DateTimeField()
    milliseconds = models.IntegerField()  # Until the answer began.
    method = models.TextField()
    path = models.TextField()
    query = models.TextField(default="")  # Redacted, as JSON; so are the next two but one.
    status = models.SmallIntegerField(
        null=True
    )  # Null where there was no answer: `error` says why.
    error = models.TextField(default="")
    asked = models.TextField()
    answered = models.TextField()

    class Meta:
        app_label = "payments"
        db_table = "psp_exchange"
        ordering = ["id"]
        default_permissions = ()  # Seen with payments.view_wire, and that is written down.

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status or self.error}"
