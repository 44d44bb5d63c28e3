"""What the console keeps of its own: the figures of the dashboard."""

from __future__ import annotations

from django.db import models


class Figure(models.Model):
    """How often something happened in an hour or on a day (UTC), and how much it was about, in minor units.

    `merchant_id` is ledger.chart.HOUSE for all merchants together. Counted by paygate.console.figures.
    """

    pk = models.CompositePrimaryKey(
        "merchant_id", "livemode", "currency", "span", "what", "starts", "psp", "reason"
    )
    merchant_id = models.UUIDField()
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    span = models.TextField()  # "hour" or "day".
    what = models.TextField()  # As kernel.facts.Facts name it: "captured".
    starts = models.DateTimeField()
    psp = models.TextField()
    reason = models.TextField()  # Of a decline, of a dispute; else "".
    number = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "figure"
        default_permissions = ()
        permissions = [("view_dashboard", "Can see the dashboard's figures")]

    def __str__(self) -> str:
        return f"{self.starts} {self.span} {self.what} {self.reason}: {self.number}"
