"""Rates as providers told them, how each feed is doing, and the rates that merchants were promised."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow
from paygate.fx.exchange import written


class Rate(models.Model):
    """What one unit of `base` was worth in `quote` on a day, as a provider told it. Never changed, only judged."""

    class State(models.TextChoices):
        ACCEPTED = "accepted"  # We convert by it.
        QUARANTINED = "quarantined"  # Too far from the last one: a person decides.
        REFUSED = "refused"  # A person looked, and did not believe it.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.TextField()
    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=30, decimal_places=15)
    as_of = models.DateField()  # The provider's day.
    fetched_at = models.DateTimeField()
    state = models.TextField(choices=State.choices)
    against = models.DecimalField(max_digits=30, decimal_places=15, null=True)  # The last one then.
    decided_by = models.TextField(default="")
    reason = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "fx_rate"
        ordering = ["-as_of", "quote"]

    def __str__(self) -> str:
        return f"1 {self.base} = {written(self.rate)} {self.quote} on {self.as_of}"


class Feed(models.Model):
    """How it goes with a provider: when it was asked, when it answered well, and what was wrong if it did not."""

    provider = models.TextField(primary_key=True)
    asked_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    problem = models.TextField(default="")  # Of the last time; "": it went well.

    class Meta:
        db_table = "fx_feed"

    def __str__(self) -> str:
        return f"{self.provider}: {self.problem or 'well'}"


class Quote(MerchantRow):
    """A rate that a merchant was promised for some minutes, for one payment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    from_currency = models.CharField(max_length=3)
    to_currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=30, decimal_places=15)  # The merchant's.
    market = models.DecimalField(max_digits=30, decimal_places=15)  # Then and there.
    amount = models.BigIntegerField(null=True)  # At most so much, in minor units of from_currency.
    converted_amount = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    payment_id = models.UUIDField(null=True)  # Written with the payment that used it.

    class Meta:
        db_table = "fx_quote"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.from_currency} to {self.to_currency}"

    @property
    def public_id(self) -> str:
        return encode("fxq", self.id)

    def status(self, *, at: datetime) -> str:
        """Of the public API: open, used or expired."""
        if self.payment_id is not None:
            return "used"
        return "open" if at < self.expires_at else "expired"

    @property
    def bound(self) -> Money | None:
        """The most that it is good for."""
        return None if self.amount is None else Money(self.amount, self.from_currency)
