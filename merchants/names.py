"""What merchants are called, for whoever shows rows of many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from merchants.models import Merchant


class OfMerchant(Protocol):
    merchant_id: UUID


def names_of(rows: Iterable[OfMerchant]) -> defaultdict[UUID, str]:
    """By merchant, in one question; "" for one that we do not know, such as the house."""
    ids = {row.merchant_id for row in rows}
    names: defaultdict[UUID, str] = defaultdict(str)
    if ids:
        names.update(Merchant.objects.filter(id__in=ids).values_list("id", "name"))
    return names
