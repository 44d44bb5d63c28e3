"""Payments in the back office: to read. What changes a payment is a verb, never a form."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.ids import encode
from kernel.money import Money
from kernel.rows import MerchantRow
from paygate.payments.back_office.payments import PaymentAdmin as PaymentAdmin
from paygate.payments.models import Attempt, Refund


@admin.display(description="merchant")
def _merchant(row: MerchantRow) -> str:
    return encode("mer", row.merchant_id)


@admin.display(description="payment")
def _payment(row: Refund | Attempt) -> str:
    page = reverse("admin:payments_payment_change", args=[row.payment_id])
    return format_html('<a href="{}">{}</a>', page, encode("pay", row.payment_id))


@admin.register(Refund)
class RefundAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("public_id", "state", "money", "psp", "source", "failure_code", "created_at")
    list_filter = ("state", "psp", "source", "currency", "livemode")
    ids = {"re": "id", "pay": "payment_id"}
    search_fields = ("psp_reference",)
    search_help_text = "re_…, pay_… or PSP reference"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", _merchant, _payment, "livemode", "state", "sequence", "money", "fee_"),
        *("reason", "source", "psp", "psp_reference", "of_reference", "failure_code"),
        *("failure_message", "metadata", "created_at", "updated_at"),
    )

    @admin.display(description="our fee")
    def fee_(self, refund: Refund) -> str:
        return str(Money(refund.fee, refund.currency))


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, ModelAdmin):
    list_display = ("public_id", "operation", "psp", "outcome", "decline_code", "started_at")
    list_filter = ("operation", "psp", "outcome")
    search_fields = ("psp_reference",)
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("token",)
