"""What was agreed with a merchant about their money, what is due of it when, and the calendars it is counted by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from kernel.ids import uuid7
from kernel.money import Money
from kernel.rows import MerchantRow
from merchants.funds.calendars import Calendar, add_business_days


class RefundRate(models.TextChoices):
    """At which rate of exchange a converted payment is given back."""

    ORIGINAL = "original"  # The payment's own: a change of rates since is ours.
    CURRENT = "current"  # The refund's moment's: it is the merchant's.


class Terms(MerchantRow):
    """When a merchant's money becomes available, what of it is held back, how it is converted.

    Never changed, only superseded. `terms_in_effect` says which count.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calendar = models.TextField(choices=[(calendar.value, calendar.value) for calendar in Calendar])
    time_zone = models.TextField(
        default="UTC", help_text='By its name: "Europe/Berlin". Days begin and end there.'
    )
    cutoff = models.TimeField(
        null=True,
        blank=True,
        help_text="Local time after which a capture counts as the next day's. Empty: midnight.",
    )
    delay_days = models.SmallIntegerField(
        default=2,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
        help_text="Business days from the capture's day until it is available: T+n.",
    )
    reserve_basis_points = models.IntegerField(
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
        help_text="The part held back of what becomes available, in 1/100 %.",
    )
    reserve_days = models.SmallIntegerField(
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(730)],
        help_text="Calendar days for which it is held back.",
    )
    refund_rate = models.TextField(choices=RefundRate.choices, default=RefundRate.ORIGINAL)
    convert = models.BooleanField(
        default=False,
        help_text="Convert each payment in another currency into the settlement currency.",
    )
    fx_spread_basis_points = models.IntegerField(
        default=100,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
        help_text="What the merchant's rate is worse than the market's, in 1/100 %.",
    )
    effective_from = models.DateTimeField()

    class Meta:
        db_table = "merchant_terms"
        ordering = ["-effective_from"]
        verbose_name = verbose_name_plural = "terms"

    def __str__(self) -> str:
        held = f", {self.reserve_basis_points} bp held {self.reserve_days} days"
        return f"T+{self.delay_days} {self.calendar}{held if self.reserve_basis_points else ''}"

    def due_on(self, happened_at: datetime) -> date:
        """The local day on which money of that moment becomes available. The database counts alike; a test compares."""
        local = happened_at.astimezone(ZoneInfo(self.time_zone))
        late = self.cutoff is not None and local.time() > self.cutoff
        return add_business_days(
            local.date() + timedelta(days=late), self.delay_days, self.calendar
        )

    def start_of(self, day: date) -> datetime:
        """The moment, in UTC, at which a day begins where the merchant is."""
        return datetime.combine(day, time(), tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)


class BusinessDay(models.Model):
    """A day of a calendar. `ordinal` is the number of business days up to and with it."""

    calendar = models.TextField(choices=[(calendar.value, calendar.value) for calendar in Calendar])
    day = models.DateField()
    is_open = models.BooleanField()
    ordinal = models.IntegerField()
    name = models.TextField(blank=True)  # What closes it.

    class Meta:
        db_table = "business_day"
        ordering = ["calendar", "day"]

    def __str__(self) -> str:
        return f"{self.calendar} {self.day}"


class Due(MerchantRow):
    """What becomes available on a day, as read from the books, and what of it has. Written by SQL alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    due_at = models.DateTimeField()  # When that day begins where the merchant is.
    amount = models.BigIntegerField()  # Below zero where more was undone than was captured.
    released = models.BigIntegerField(default=0)
    releases = models.IntegerField(default=0)
    settled = models.GeneratedField(
        expression=models.ExpressionWrapper(
            models.Q(amount=models.F("released")), output_field=models.BooleanField()
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        db_table = "funds_due"
        ordering = ["due_at"]
        verbose_name = verbose_name_plural = "due funds"

    def __str__(self) -> str:
        return f"{self.due_on}: {Money(self.amount, self.currency)}"


class Reserve(MerchantRow):
    """What was held back of one release, and until when. Written by SQL alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    source = models.TextField()  # Of the release in the books: "2026-12-01 USD test 1".
    amount = models.BigIntegerField()
    due_on = models.DateField()
    due_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "funds_reserve"
        ordering = ["due_at"]

    def __str__(self) -> str:
        return f"{Money(self.amount, self.currency)} until {self.due_on}"
