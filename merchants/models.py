"""Merchants, the keys by which they are known, and what each agreed to pay us."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from kernel.ids import encode, uuid7
from kernel.rows import MerchantRow
from merchants.customers.models import Customer
from merchants.notices.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.payment_methods.models import PaymentMethod
from merchants.pricing.rate import check_tiers

__all__ = [
    "ApiKey",
    "Customer",
    "FeePlan",
    "Merchant",
    "Notice",
    "NoticeAttempt",
    "PaymentMethod",
    "WebhookEndpoint",
]


class Merchant(models.Model):
    """Somebody who takes payments through us."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"  # Known, but every key of theirs is answered 403.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField()
    status = models.TextField(choices=Status.choices, default=Status.ACTIVE)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2.
    settlement_currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "merchant"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    @property
    def public_id(self) -> str:
        return encode("mer", self.id)


class ApiKey(models.Model):
    """A key, without its secret: only the SHA-256 of that is here.

    Found by the hash before the merchant is known; on many machines a table that each of them has.
    """

    class Kind(models.TextChoices):
        SECRET = "secret"  # noqa: S105 - a kind, no secret. May do everything.
        RESTRICTED = "restricted"  # May do what its scopes say.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, db_constraint=False, related_name="api_keys"
    )
    kind = models.TextField(choices=Kind.choices)
    livemode = models.BooleanField()
    scopes = ArrayField(models.TextField(), default=list, blank=True)
    sha256 = models.BinaryField(unique=True)
    last4 = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # Set when the key is rolled: the overlap's end.
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # To the minute.

    class Meta:
        db_table = "api_key"
        ordering = ["-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        prefix = "sk" if self.kind == self.Kind.SECRET else "rk"
        return f"{prefix}_{'live' if self.livemode else 'test'}_…{self.last4}"


class FeePlan(MerchantRow):
    """What we take of payments that it counts for, of their refunds and disputes. Never changed, only superseded.

    Amounts are in minor units of the currency; a plan for any currency has none.
    """

    class Pricing(models.TextChoices):
        BLENDED = "blended"  # The PSP's costs are in it.
        INTERCHANGE_PLUS_PLUS = "interchange_plus_plus"  # Our markup: the PSP's costs come on top.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(blank=True, default="")  # "" is any.
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
    currency = models.CharField(max_length=3, blank=True, default="")  # "" is any.
    pricing = models.TextField(choices=Pricing.choices, default=Pricing.BLENDED)
    basis_points = models.IntegerField(validators=[MinValueValidator(0), MaxValueValidator(10_000)])
    fixed_minor = models.BigIntegerField(
        default=0,
        validators=[MinValueValidator(0)],
        help_text="Minor units of the currency; a plan for any currency has none.",
    )
    minimum_minor = models.BigIntegerField(
        default=0, validators=[MinValueValidator(0)], help_text="The least that is taken."
    )
    maximum_minor = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="The most that is taken. Empty: no limit.",
    )
    tiers = models.JSONField(
        blank=True,
        default=list,
        validators=[check_tiers],
        help_text="What counts from a volume in the calendar month on, rising:"
        ' [{"from": 10000000, "basis_points": 190, "fixed": 25}].',
    )
    refund_fee_minor = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Of each refund. Empty: what a less specific plan says.",
    )
    dispute_fee_minor = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Of each dispute. Empty: what a less specific plan says.",
    )
    effective_from = models.DateTimeField()

    #: The merchant's country, for whoever read it along.
    home: str = ""

    class Meta:
        db_table = "fee_plan"
        ordering = ["-id"]

    def __str__(self) -> str:
        of = " ".join(filter(None, [self.psp, self.method, self.country, self.currency])) or "any"
        return f"{of}: {self.basis_points} bp + {self.fixed_minor}"
