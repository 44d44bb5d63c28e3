"""What PSPs say that a payment costs us, what we expect by that, and what they did charge."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from kernel.ids import encode, uuid7
from kernel.money import Money
from kernel.rows import MerchantRow


class PspPrice(models.Model):
    """A line of a PSP's price list: what it charges us for a capture. Never changed, only superseded."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField()
    method = models.TextField(
        blank=True,
        default="",
        validators=[RegexValidator(r"^[a-z0-9_]{1,40}\Z")],
        help_text='A brand of card ("visa"), or "card"; empty: any.',
    )
    country = models.TextField(
        blank=True,
        default="",
        validators=[RegexValidator(r"^([A-Z]{2}|domestic|eea|other)\Z")],
        help_text='The card issuer\'s: "DE", or "domestic", "eea", "other"; empty: any.',
    )
    currency = models.CharField(max_length=3)
    basis_points = models.IntegerField(validators=[MinValueValidator(0), MaxValueValidator(10_000)])
    fixed_minor = models.BigIntegerField(
        default=0,
        validators=[MinValueValidator(0)],
        help_text="Of each capture, in minor units of the currency.",
    )
    effective_from = models.DateTimeField()

    class Meta:
        db_table = "psp_price"
        ordering = ["-id"]
        verbose_name = "PSP price"

    def __str__(self) -> str:
        of = " ".join(filter(None, [self.psp, self.method, self.country, self.currency]))
        return f"{of}: {self.basis_points} bp + {self.fixed_minor}"


class PaymentCost(MerchantRow):
    """What one payment costs us. Written by what the outbox tells (hear.py) and what PSPs charge (learn.py)."""

    payment_id = models.UUIDField(primary_key=True, editable=False)
    livemode = models.BooleanField()
    psp = models.TextField()
    psp_reference = models.TextField()
    currency = models.CharField(max_length=3)
    brand = models.TextField()  # The card's; "" where nobody knows it. So is its issuer's country.
    country = models.TextField()
    captured = models.BigIntegerField()  # All amounts are minor units of `currency`.
    captures = models.IntegerField()
    expected = models.BigIntegerField(null=True)  # None where no price list says.
    actual = models.BigIntegerField(
        null=True
    )  # The sum of what was charged; None until it is known.
    deviation = models.GeneratedField(
        expression=models.F("actual") - models.F("expected"),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )
    passed_on = models.BooleanField()  # Interchange++: the merchant bears it.
    sequence = models.IntegerField()  # The payment's, when it was heard of last.
    captured_at = models.DateTimeField()

    class Meta:
        db_table = "payment_cost"
        ordering = ["-payment_id"]

    def __str__(self) -> str:
        return (
            f"{self.public_id}: {self.shown('expected')} expected, {self.shown('actual')} charged"
        )

    @property
    def public_id(self) -> str:
        """The payment's."""
        return encode("pay", self.payment_id)

    def shown(self, column: str) -> str:
        """An amount as money; "unknown" where it is not known."""
        minor = getattr(self, column)
        return "unknown" if minor is None else str(Money(minor, self.currency))


class PspCharge(MerchantRow):
    """One charge of a PSP's for a payment, as the PSP names it. In ink."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment_id = models.UUIDField()
    livemode = models.BooleanField()
    psp = models.TextField()
    reference = models.TextField()  # The PSP's, of the charge: "txn_…", a line of a settlement.
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    charged_at = models.DateTimeField()
    learned_at = models.DateTimeField()
    statement_id = models.UUIDField(null=True)  # The statement that it was read off, if any.

    class Meta:
        db_table = "psp_charge"
        ordering = ["-id"]
        verbose_name = "PSP charge"

    def __str__(self) -> str:
        return f"{self.psp} {self.reference}: {Money(self.amount, self.currency)}"
