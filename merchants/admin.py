"""Merchants in the back office: keys and payment methods to read, fee plans to add to, never to change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.back_office import Kept, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.currencies import EXPONENTS
from merchants import fees
from merchants.customers import admin as customers
from merchants.funds.money_pages import MoneyPages
from merchants.models import ApiKey, FeePlan, Merchant, PaymentMethod
from merchants.notices import admin as notices
from merchants.whose import NamesMerchants

__all__ = ["customers", "notices"]  # Django looks for an app's pages here.


@admin.register(Merchant)
class MerchantAdmin(MoneyPages, ModelAdmin):
    list_display = (
        *("name", "public_id", "status", "country", "settlement_currency", "created_at"),
        "money",
    )
    list_filter = ("status",)
    search_fields = ("name",)
    readonly_fields = ("public_id", "created_at", "money")
    ordering = ("-id",)

    # A merchant begins with a key and a fee plan: onboard() makes all three at once.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, ModelAdmin):
    list_display = ("__str__", "merchant", "kind", "created_at", "last_used_at", "revoked_at")
    list_filter = ("livemode", "kind")
    list_select_related = ("merchant",)
    exclude = ("sha256",)
    ordering = ("-id",)


SCOPE = ("psp", "method", "country", "currency")
AMOUNTS = (
    *("fixed_minor", "minimum_minor", "maximum_minor", "tiers"),
    *("refund_fee_minor", "dispute_fee_minor"),
)
TERMS = ("pricing", "basis_points", *AMOUNTS, "effective_from")
NOTICE = timedelta(minutes=1)  # By then every process knows the plan before it counts.


class FeePlanForm(forms.ModelForm):  # type: ignore[type-arg]
    merchant = forms.ModelChoiceField(Merchant.objects.all(), widget=UnfoldAdminSelectWidget)
    psp = forms.ChoiceField(
        choices=lambda: [("", "any"), *((psp, psp) for psp in settings.PSPS)],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    currency = forms.ChoiceField(
        choices=[("", "any"), *((code, code) for code in sorted(EXPONENTS))],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = FeePlan
        fields = (*SCOPE, *TERMS)

    def clean_tiers(self) -> list[dict[str, int]]:
        return self.cleaned_data["tiers"] or []

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        amounts = [given.get(name) for name in AMOUNTS]  # A fee of 0 is one that is agreed on.
        if not given.get("currency") and (any(amounts) or amounts[-2:] != [None, None]):
            raise forms.ValidationError("Amounts need a currency to be in.")
        if given.get("effective_from") and given["effective_from"] < now() + NOTICE:
            raise forms.ValidationError(
                "What was agreed for the past stays agreed: a plan begins in a minute at the earliest."
            )
        most = given.get("maximum_minor")
        if most is not None and most < (given.get("minimum_minor") or 0):
            raise forms.ValidationError("The most is less than the least.")
        if merchant := given.get("merchant"):
            of = {name: given.get(name, "") for name in (*SCOPE, "effective_from")}
            if FeePlan.objects.filter(merchant_id=merchant.id, **of).exists():
                raise forms.ValidationError("There is such a plan of that moment already.")
        return given


@admin.register(FeePlan)
class FeePlanAdmin(NamesMerchants, Kept, ModelAdmin):
    form = FeePlanForm
    fields = ("merchant", *SCOPE, *TERMS)
    list_display = (
        "__str__",
        "whose",
        *SCOPE,
        "pricing",
        "basis_points",
        "fixed_minor",
        "effective_from",
    )
    list_filter = ("psp", "pricing", "currency")
    ordering = ("-id",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else ("whose", *self.fields[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("whose", *self.fields[1:])

    def save_model(self, request: HttpRequest, obj: FeePlan, form: Any, change: bool) -> None:
        obj.merchant_id = form.cleaned_data["merchant"].id
        super().save_model(request, obj, form, change)
        fees.forget()


@admin.register(PaymentMethod)
class PaymentMethodAdmin(NamesMerchants, ReadOnly, ModelAdmin):
    list_display = ("public_id", "whose", "brand", "last4", "livemode", "created_at", "deleted_at")
    list_filter = ("livemode",)
    exclude = ("tokens",)
    ordering = ("-id",)
    show_full_result_count = False
