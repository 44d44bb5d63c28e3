"""How a merchant wants its payments spread over the PSPs."""

from __future__ import annotations

from django.db import models

from kernel.ids import uuid7
from kernel.rows import MerchantRow


class RoutingWeight(MerchantRow):
    """One PSP's share: 60 and 40 mean six of ten and four of ten. Weight 0 switches the PSP off.

    An empty currency means every currency; a row for the very currency goes before it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.TextField()
    currency = models.CharField(max_length=3, blank=True, default="")
    weight = models.PositiveIntegerField()

    class Meta:
        db_table = "routing_weight"
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "psp", "currency"],
                name="routing_weight_one_a_psp_and_currency",
            )
        ]

    def __str__(self) -> str:
        return f"{self.psp} {self.currency or 'any currency'}: {self.weight}"
