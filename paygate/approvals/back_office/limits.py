"""What roles may give back without a second person: administrators change it, and say why; the audit log keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kernel.back_office import ModelAdmin
from kernel.currencies import EXPONENTS, exponent
from kernel.money import Money
from paygate.approvals.models import Limit
from paygate.staff.roles import ROLES
from paygate.staff.step_up import step_up

LARGEST = 10**13  # Minor units: nobody means more.


def _sum(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        min_value=0,
        max_digits=16,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class LimitForm(forms.ModelForm):  # type: ignore[type-arg]
    """Sums as people write them, kept in minor units."""

    role = forms.ChoiceField(
        choices=[(role, role) for role in ROLES], widget=UnfoldAdminSelectWidget
    )
    currency = forms.ChoiceField(
        choices=[(code, code) for code in sorted(EXPONENTS)], widget=UnfoldAdminSelectWidget
    )
    single = _sum("At once", "The most that one refund may be without a second person.")
    daily = _sum("In a day", "The most that a person's refunds of a day (UTC) may be together.")

    class Meta:
        model = Limit
        fields = ("role", "currency", "single", "daily")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("role", "currency"):  # Of another one, it is another limit.
                self.fields.pop(name, None)
            for name in ("single", "daily"):
                shown = Money(getattr(self.instance, name), self.instance.currency)
                self.initial[name] = shown.major

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        role = given.get("role") or self.instance.role
        currency = given.get("currency") or self.instance.currency
        for name in ("single", "daily"):
            if currency and given.get(name) is not None:
                self._to_minor(name, given, currency)
        if given.get("single") and given.get("daily") and given["daily"] < given["single"]:
            self.add_error("daily", "A day's budget holds at least one refund of the largest size.")
        taken = Limit.objects.filter(role=role, currency=currency).exclude(pk=self.instance.pk)
        if taken.exists():
            self.add_error(None, "This role has a limit in this currency already.")
        return given

    def _to_minor(self, name: str, given: dict[str, Any], currency: str) -> None:
        minor = given[name].scaleb(exponent(currency))
        if minor != minor.to_integral_value():
            self.add_error(name, f"{currency} has {exponent(currency)} decimals.")
        elif not 0 < minor <= LARGEST:
            self.add_error(name, "A limit is more than nothing, and less than a hundred billion.")
        else:
            given[name] = int(minor)


def _money(column: str, title: str) -> Callable[[Limit], str]:
    @admin.display(description=title, ordering=column)
    def shown(limit: Limit) -> str:
        return str(Money(getattr(limit, column), limit.currency))

    return shown


SUMS = (_money("single", "at once"), _money("daily", "in a day"))


@admin.register(Limit)
class LimitAdmin(ModelAdmin):
    form = LimitForm
    list_display = ("role", "currency", *SUMS)
    list_display_links = ("role", "currency")
    list_filter = ("role", "currency")
    ordering = ("role", "currency")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        writes = obj is None or self.has_change_permission(request, obj)
        return ("role", "currency", *(("single", "daily") if writes else SUMS))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A limit of another role or in another currency is another limit."""
        if obj is None:
            return ()
        writes = self.has_change_permission(request, obj)
        return ("role", "currency", *(() if writes else SUMS))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponseBase:
        if request.method == "POST" and (first := step_up(request)):
            return first
        shown: HttpResponseBase = super().changeform_view(
            request, object_id, form_url, extra_context
        )
        return shown

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseBase:
        if request.method == "POST" and (first := step_up(request)):
            return first
        shown: HttpResponseBase = super().delete_view(request, object_id, extra_context)
        return shown
