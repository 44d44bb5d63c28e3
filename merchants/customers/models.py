"""A customer. What is private of one lies in `details`, under the key in `sealed_key`, which is sealed itself.

Whoever destroys the key destroys the person: in every copy of the row, on replicas and in backups alike.
"""

from __future__ import annotations

from django.db import models

from kernel.ids import encode, uuid7
from kernel.rows import MerchantRow


class Customer(MerchantRow):
    """A person who pays a merchant, known to the merchant as `user_id`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    user_id = models.TextField()  # What the merchant's payments call this person.
    sealed_key = models.BinaryField(null=True)  # NULL: erased.
    details = models.BinaryField(
        null=True
    )  # Name, e-mail and address (merchants.customers.sealing).
    email_hash = models.BinaryField(null=True)  # By which an e-mail address is found, and not read.
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "merchants"
        db_table = "customer"
        ordering = ["-id"]
        permissions = [
            ("see_pii", "Can see what is private of a customer"),
            ("erase_customer", "Can erase a customer"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.user_id}"

    @property
    def public_id(self) -> str:
        return encode("cus", self.id)
