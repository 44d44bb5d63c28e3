"""A card as the PSPs' tokens for it. There is no column in which a card number would fit."""

from __future__ import annotations

from django.db import models

from kernel.ids import encode, uuid7
from kernel.rows import MerchantRow


class PaymentMethod(MerchantRow):
    """A merchant's tokens for one card, one token a PSP."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    tokens = models.JSONField()  # {psp: token}
    brand = models.TextField(blank=True, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    exp_month = models.SmallIntegerField(null=True)
    exp_year = models.SmallIntegerField(null=True)
    country = models.CharField(max_length=2, blank=True, default="")  # Of the issuer.
    user_id = models.TextField(blank=True, default="")  # The merchant's id of the payer.
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)  # Payments made with it go on naming it.

    class Meta:
        app_label = "merchants"
        db_table = "payment_method"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.brand} …{self.last4}"

    @property
    def public_id(self) -> str:
        return encode("pm", self.id)
