"""Merchants, the keys by which they are known, and what each agreed to pay us."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from kernel.ids import encode, uuid7
from kernel.rows import MerchantRow
from merchants.notices.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.payment_methods.models import PaymentMethod

__all__ = [
    "ApiKey",
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
    """What we take of a payment: a share and a fixed part. Never changed, only superseded."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField(blank=True, default="")  # "" is any.
    currency = models.CharField(max_length=3, blank=True, default="")  # "" is any.
    basis_points = models.IntegerField(validators=[MinValueValidator(0), MaxValueValidator(10_000)])
    fixed_minor = models.BigIntegerField(
        default=0,
        validators=[MinValueValidator(0)],
        help_text="Minor units of the currency; a plan for any currency has none.",
    )
    effective_from = models.DateTimeField()

    class Meta:
        db_table = "fee_plan"
        ordering = ["-id"]

    def __str__(self) -> str:
        of = " ".join(filter(None, [self.psp, self.currency])) or "any"
        return f"{of}: {self.basis_points} bp + {self.fixed_minor}"
