"""What was read of the platform last, and how attempts at PSPs ended, by the minute."""

from __future__ import annotations

from django.db import models


class Taken(models.Model):
    """The last answer of one gauge: `samples` is a list of [labels' values, number]."""

    name = models.TextField(primary_key=True)
    samples = models.JSONField()
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "reading"

    def __str__(self) -> str:
        return f"{self.name} {self.taken_at}"


class SuccessMinute(models.Model):
    """How many attempts of a kind ended so in one minute, and how much they were about (minor units).

    An attempt that was unknown is counted in the minute of that, and once more where its end became known.
    """

    psp = models.TextField()
    livemode = models.BooleanField()
    operation = models.TextField()
    minute = models.DateTimeField()
    outcome = models.TextField()
    decline_code = models.TextField()  # Empty unless declined.
    currency = models.CharField(max_length=3)
    attempts = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "success_minute"
        unique_together = [
            (
                *("minute", "psp", "livemode", "operation"),
                *("outcome", "decline_code", "currency"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.minute} {self.psp} {self.operation} {self.outcome}: {self.attempts}"
