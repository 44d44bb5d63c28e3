"""Whose a row is, on pages of the back office: the merchant by name, who knows an id of ours by heart?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from kernel.ids import encode
from merchants.models import Merchant


class NamesMerchants:
    """For pages whose rows have a `merchant_id`; `whose` is the column, read with the rows themselves."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        name = Merchant.objects.filter(id=OuterRef("merchant_id")).values("name")[:1]
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        named: QuerySet[Any] = rows.annotate(merchant_name=Subquery(name))
        return named

    @admin.display(description="merchant")
    def whose(self, row: Any) -> str:
        if row.merchant_id is None:
            return ""
        page = reverse("admin:merchants_merchant_change", args=[row.merchant_id])
        name = getattr(row, "merchant_name", "") or encode("mer", row.merchant_id)
        return format_html(
            '<a class="text-primary-600 dark:text-primary-400" href="{}">{}</a>', page, name
        )
