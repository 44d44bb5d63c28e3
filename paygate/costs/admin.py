"""Costs in the back office: price lists to add to, never to change, and where PSPs charge something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.back_office import FoundById, Kept, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.ids import encode
from kernel.money import Money
from paygate.costs import expect
from paygate.costs.models import PaymentCost, PspCharge, PspPrice

TERMS = (
    *("psp", "method", "country", "currency", "basis_points", "fixed_minor", "effective_from"),
)
NOTICE = timedelta(minutes=1)  # By then every process knows the price before it counts.


class PspPriceForm(forms.ModelForm):  # type: ignore[type-arg]
    psp = forms.ChoiceField(
        choices=lambda: [(psp, psp) for psp in settings.PSPS], widget=UnfoldAdminSelectWidget
    )
    currency = forms.ChoiceField(
        choices=[(code, code) for code in sorted(EXPONENTS)], widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = PspPrice
        fields = TERMS

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("effective_from") and given["effective_from"] < now() + NOTICE:
            raise forms.ValidationError(
                "What was expected stays expected: a price begins in a minute at the earliest."
            )
        scope = ("psp", "method", "country", "currency", "effective_from")
        if PspPrice.objects.filter(**{name: given.get(name) for name in scope}).exists():
            raise forms.ValidationError("There is such a price of that moment already.")
        return given


@admin.register(PspPrice)
class PspPriceAdmin(Kept, ModelAdmin):
    form = PspPriceForm
    fields = list_display = TERMS
    list_display_links = ("psp",)
    list_filter = ("psp", "currency")
    ordering = ("-id",)

    def save_model(self, request: HttpRequest, obj: PspPrice, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        expect.forget()


class Deviates(admin.SimpleListFilter):
    """Where the PSP charged what we did not expect."""

    title = "charged"
    parameter_name = "charged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("otherwise", "otherwise than expected"),
            ("more", "more than expected"),
            ("unexpected", "without a price list"),
            ("nothing", "nothing yet"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PaymentCost]) -> Any:
        match self.value():
            case "otherwise":
                return queryset.filter(deviation__isnull=False).exclude(deviation=0)
            case "more":
                return queryset.filter(deviation__gt=0)
            case "unexpected":
                return queryset.filter(expected=None, actual__isnull=False)
            case "nothing":
                return queryset.filter(actual=None)
        return queryset


@admin.register(PaymentCost)
class PaymentCostAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("public_id", "psp", "took", "expected_", "actual_", "deviation_", "captured_at")
    list_filter = (Deviates, "psp", "currency", "livemode", "passed_on")
    ids = {"pay": "payment_id"}
    search_fields = ("psp_reference",)
    search_help_text = "pay_… or PSP reference"
    ordering = ("-payment_id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("payment", "merchant", "livemode", "psp", "psp_reference", "brand", "country", "took"),
        *("captures", "expected_", "actual_", "deviation_", "passed_on", "charges", "captured_at"),
    )

    @admin.display(description="captured")
    def took(self, cost: PaymentCost) -> str:
        return cost.shown("captured")

    @admin.display(description="expected")
    def expected_(self, cost: PaymentCost) -> str:
        return cost.shown("expected")

    @admin.display(description="charged")
    def actual_(self, cost: PaymentCost) -> str:
        return cost.shown("actual")

    @admin.display(description="deviation", ordering="deviation")
    def deviation_(self, cost: PaymentCost) -> str:
        return cost.shown("deviation")

    @admin.display
    def merchant(self, cost: PaymentCost) -> str:
        return encode("mer", cost.merchant_id)

    @admin.display
    def payment(self, cost: PaymentCost) -> str:
        page = reverse("admin:payments_payment_change", args=[cost.payment_id])
        return format_html('<a href="{}">{}</a>', page, cost.public_id)

    @admin.display
    def charges(self, cost: PaymentCost) -> str:
        rows = PspCharge.objects.filter(merchant_id=cost.merchant_id, payment_id=cost.payment_id)
        return ", ".join(
            f"{row.reference}: {Money(row.amount, row.currency)}" for row in rows.order_by("id")
        )
