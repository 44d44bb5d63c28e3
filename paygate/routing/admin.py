"""How merchants' payments are spread over the PSPs: administrators set the shares, and say why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from kernel.back_office import FoundById, ModelAdmin
from kernel.currencies import EXPONENTS
from merchants.merchant_field import MerchantField
from merchants.whose import NamesMerchants
from paygate.psp.registry import PSPS
from paygate.routing.models import RoutingWeight

MOST = 1_000_000
SHOWN = ("whose", "psp", "currency_")


class WeightForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whose, at which PSP and in what is settled once; the share may change."""

    merchant = MerchantField(widget=UnfoldAdminTextInputWidget, help_text="mer_…")
    psp = forms.ChoiceField(
        label="PSP",
        choices=[(psp, psp.capitalize()) for psp in PSPS],
        widget=UnfoldAdminSelectWidget,
    )
    currency = forms.ChoiceField(
        required=False,
        choices=[("", "any"), *((code, code) for code in sorted(EXPONENTS))],
        widget=UnfoldAdminSelectWidget,
        help_text="A share for the very currency goes before the one for any.",
    )
    weight = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="60 here and 40 elsewhere: six payments of ten. 0: none.",
    )

    class Meta:
        model = RoutingWeight
        fields = ("psp", "currency", "weight")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name in ("merchant", "psp", "currency"):
                self.fields.pop(name, None)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.instance._state.adding and given.get("merchant"):
            self.instance.merchant_id = given["merchant"]
            same = {name: given.get(name, "") for name in ("psp", "currency")}
            if RoutingWeight.objects.filter(merchant_id=given["merchant"], **same).exists():
                raise forms.ValidationError(
                    "There is a share of this PSP already: change that one."
                )
        return given


@admin.register(RoutingWeight)
class RoutingWeightAdmin(NamesMerchants, FoundById, ModelAdmin):
    form = WeightForm
    list_display = ("psp", "whose", "currency_", "weight")
    list_filter = ("psp", "currency")
    ids = {"mer": "merchant_id"}
    search_fields = ("psp__exact",)
    search_help_text = "mer_…"
    ordering = ("-merchant_id", "psp", "currency")
    show_full_result_count = False

    @admin.display(description="Currency", ordering="currency")
    def currency_(self, row: RoutingWeight) -> str:
        return row.currency or "any"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("merchant", "psp", "currency", "weight") if obj is None else (*SHOWN, "weight")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A share of another merchant, at another PSP, or in another currency is another share."""
        if obj is None:
            return ()
        return SHOWN if self.has_change_permission(request, obj) else (*SHOWN, "weight")
