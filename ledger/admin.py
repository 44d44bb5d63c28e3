"""The books in the back office: to read. Nobody adds, changes or deletes here, a superuser neither."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from unfold.admin import TabularInline

from kernel.back_office import ModelAdmin, ReadOnly
from kernel.ids import encode
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction


class EntriesOfOneTransaction(BaseInlineFormSet):  # type: ignore[type-arg]
    """Names the merchant and the month, so that PostgreSQL looks in one place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        posted = kwargs["instance"]
        kwargs["queryset"] = kwargs["queryset"].filter(
            merchant_id=posted.merchant_id, posted_at=posted.posted_at
        )
        super().__init__(*args, **kwargs)


class EntryInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = LedgerEntry
    formset = EntriesOfOneTransaction
    fields = readonly_fields = ("line", "account", "type", "money")
    ordering = ("line",)
    extra = 0

    @admin.display(description="Amount")
    def money(self, entry: LedgerEntry) -> str:
        return str(entry.money)


@admin.register(LedgerTransaction)
class TransactionAdmin(ReadOnly, ModelAdmin):
    list_display = (
        "public_id",
        "merchant",
        "kind",
        "source",
        "effective_at",
        "posted_at",
        "livemode",
    )
    list_filter = ("livemode",)
    search_fields = ("source__exact",)
    search_help_text = "The whole id of what caused it, such as att_…"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (EntryInline,)

    @admin.display(description="Transaction", ordering="id")
    def public_id(self, posted: LedgerTransaction) -> str:
        return encode("txn", posted.id)

    @admin.display(description="Merchant")
    def merchant(self, posted: LedgerTransaction) -> str:
        return encode("mer", posted.merchant_id)


@admin.register(LedgerAccount)
class AccountAdmin(ReadOnly, ModelAdmin):
    list_display = ("code", "currency", "merchant", "guarded", "livemode")
    list_filter = ("livemode", "guarded", "currency")
    search_fields = ("code",)
    ordering = ("code", "currency", "merchant_id")
    show_full_result_count = False

    @admin.display(description="Merchant")
    def merchant(self, account: LedgerAccount) -> str:
        return encode("mer", account.merchant_id)
