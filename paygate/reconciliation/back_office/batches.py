"""What PSPs pay to our bank account: told, and arrived or awaited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.money import Money
from paygate.reconciliation.back_office.showing import age, row_of
from paygate.reconciliation.models import Batch


class Arrived(admin.SimpleListFilter):
    title, parameter_name = "arrived", "arrived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "not yet"), ("yes", "yes"), ("other", "with another amount")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "no":
                return queryset.filter(arrived_at=None)
            case "yes":
                return queryset.exclude(arrived_at=None)
            case "other":
                return queryset.exclude(arrived_at=None).exclude(arrived=F("amount"))
        return queryset


@admin.register(Batch)
class BatchAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *(
            "public_id",
            "psp",
            "reference",
            "money",
            "told_at",
            "arrived_",
            "difference",
            "livemode",
        ),
    )
    list_filter = (Arrived, "psp", "currency", "livemode")
    ids = {"stl": "id", "stm": "statement_id"}
    search_fields = ("reference__exact",)
    search_help_text = "stl_…, stm_… or the PSP's reference"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", "psp", "livemode", "reference", "money", "told_at", "told_in"),
        *("arrived_", "arrived_in_", "difference"),
    )

    @admin.display(description="told in")
    def told_in(self, batch: Batch) -> str:
        return row_of(batch.statement_id, batch.row) or "a webhook"

    @admin.display(description="arrived")
    def arrived_(self, batch: Batch) -> str:
        if batch.arrived_at is None:
            return f"awaited, {age(batch.told_at, now())}"
        return f"{batch.arrived_at:%Y-%m-%d}"

    @admin.display(description="arrived in")
    def arrived_in_(self, batch: Batch) -> str:
        return row_of(batch.arrived_in, batch.arrived_row)

    @admin.display(description="difference")
    def difference(self, batch: Batch) -> str:
        if batch.arrived is None or batch.arrived == batch.amount:
            return ""
        return str(Money(batch.arrived - batch.amount, batch.currency))
