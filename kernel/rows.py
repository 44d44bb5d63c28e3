"""Rows that know their shard: the base of every table whose key begins with merchant_id.

Django's primary key is `id` (a UUIDv7); the table's is (merchant_id, id), which is what a cluster
sharded by merchant needs. So every UPDATE and DELETE names the merchant in its WHERE and never in its
SET, and a row lock without a merchant is refused: on many machines it would have to lock them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class MerchantUnnamed(RuntimeError):
    """A query that locks or changes a merchant's rows did not say whose."""


class MerchantQuerySet(models.QuerySet[M]):
    def _names_merchant(self) -> bool:
        conditions: Sequence[Any] = self.query.where.children
        columns = (getattr(getattr(one, "lhs", None), "target", None) for one in conditions)
        return any(getattr(column, "attname", "") == "merchant_id" for column in columns)

    def select_for_update(self, *args: Any, **kwargs: Any) -> Any:
        if not self._names_merchant():
            raise MerchantUnnamed(
                f"say whose {self.model.__name__} rows to lock: filter by merchant_id first"
            )
        return super().select_for_update(*args, **kwargs)


class MerchantRow(models.Model):
    """A row of one merchant's. `merchant_id` never changes."""

    merchant_id = models.UUIDField(editable=False)

    objects: models.Manager[Any] = models.Manager.from_queryset(MerchantQuerySet)()

    class Meta:
        abstract = True

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *rest: Any) -> Any:
        own = base_qs.filter(merchant_id=self.merchant_id)
        changed = [value for value in values if value[0].attname != "merchant_id"]
        return super()._do_update(own, using, pk_val, changed, *rest)
