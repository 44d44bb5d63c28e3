"""What of a payment's metadata tells who the payer is, by the names under which merchants write it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: By what it tells, named as evidence of disputes is.
WHO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "shipping_address": ("shipping_address", "delivery_address"),
        "billing_address": ("billing_address",),
        "customer_name": ("customer_name",),
        "customer_email": ("customer_email", "email"),
        "customer_purchase_ip": ("customer_ip", "ip_address"),
    }
)


def tells_who(name: object) -> str:
    """What a name in the metadata tells of who the payer is; "" for nothing."""
    told = str(name).lower()
    return next((kind for kind, names in WHO.items() if told in names), "")
