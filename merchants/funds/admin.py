"""Merchants' funds in the back office: terms to add to, never to change; what is due, held back, and the calendars."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.back_office import Kept, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import InvalidId, decode
from kernel.money import Money
from merchants.funds.models import BusinessDay, Due, Reserve, Terms
from merchants.funds.terms import forget
from merchants.models import Merchant
from merchants.whose import NamesMerchants

TERMS = (
    *("calendar", "time_zone", "cutoff", "delay_days", "reserve_basis_points", "reserve_days"),
    *("refund_rate", "convert", "fx_spread_basis_points", "effective_from"),
)


class Whose(NamesMerchants):
    """Pages of merchants' rows: whose, and found by that."""

    search_fields = ("merchant_id",)
    search_help_text = "mer_…"
    show_full_result_count = False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        try:
            return queryset.filter(merchant_id=decode("mer", search_term.strip())), False
        except InvalidId:
            return (queryset.none() if search_term.strip() else queryset), False


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    merchant = forms.ModelChoiceField(Merchant.objects.all(), widget=UnfoldAdminSelectWidget)
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
        initial="UTC",
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Terms
        fields = TERMS

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("reserve_basis_points")) != bool(given.get("reserve_days")):
            raise forms.ValidationError("A reserve holds something back, and for some days.")
        if given.get("effective_from") and given["effective_from"] < now():
            raise forms.ValidationError("What was agreed for the past stays agreed.")
        whose, begins = given.get("merchant"), given.get("effective_from")
        if (
            whose
            and begins
            and Terms.objects.filter(merchant_id=whose.id, effective_from=begins).exists()
        ):
            raise forms.ValidationError("Other terms begin at this moment already.")
        return given


@admin.register(Terms)
class TermsAdmin(Kept, Whose, ModelAdmin):
    """Terms are superseded by adding newer ones."""

    form = TermsForm
    fields = ("merchant", *TERMS)
    list_display = ("__str__", "whose", "time_zone", "cutoff", "convert", "effective_from")
    list_filter = ("calendar", "convert")
    ordering = ("-id",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else ("whose", *TERMS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("whose", *TERMS)

    def save_model(self, request: HttpRequest, obj: Terms, form: Any, change: bool) -> None:
        obj.merchant_id = form.cleaned_data["merchant"].id
        super().save_model(request, obj, form, change)
        forget()


@admin.register(Due)
class DueAdmin(ReadOnly, Whose, ModelAdmin):
    list_display = ("whose", "due_on", "amount_", "released_", "releases", "settled", "livemode")
    list_display_links = None
    list_filter = ("livemode", "settled", "currency")
    ordering = ("-due_at",)

    @admin.display(description="Due")
    def amount_(self, due: Due) -> str:
        return str(Money(due.amount, due.currency))

    @admin.display(description="Released")
    def released_(self, due: Due) -> str:
        return str(Money(due.released, due.currency))


@admin.register(Reserve)
class ReserveAdmin(ReadOnly, Whose, ModelAdmin):
    list_display = ("whose", "source", "amount_", "due_on", "released_at", "livemode")
    list_display_links = None
    list_filter = (("released_at", admin.EmptyFieldListFilter), "livemode", "currency")
    ordering = ("-due_at",)

    @admin.display(description="Held back")
    def amount_(self, reserve: Reserve) -> str:
        return str(Money(reserve.amount, reserve.currency))


@admin.register(BusinessDay)
class BusinessDayAdmin(ReadOnly, ModelAdmin):
    list_display = ("calendar", "day", "is_open", "name")
    list_display_links = None
    list_filter = ("calendar", "is_open")
    date_hierarchy = "day"
    search_fields = ("name",)
    ordering = ("calendar", "day")
