"""When merchants are paid: agreed on here, superseded by the next one, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.back_office import Kept
from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.money import Money
from payouts.back_office.asking import MerchantField, by_id, whose
from payouts.models import Schedule
from payouts.schedule import UnfitSchedule, agree_schedule, next_due_day


class AgreeForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was agreed. It is as it is checked: only the verb knows whether it can be."""

    by = ""  # Who fills it in.
    merchant = MerchantField(widget=UnfoldAdminTextInputWidget, help_text="mer_…")
    livemode = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)
    currency = forms.ChoiceField(
        choices=[(code, code) for code in sorted(EXPONENTS)], widget=UnfoldAdminSelectWidget
    )
    interval = forms.ChoiceField(choices=Schedule.Interval.choices, widget=UnfoldAdminSelectWidget)
    anchor = forms.IntegerField(
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Weekly: 1 (Monday) to 7. Monthly: the day, or the last where it has fewer. Else 0.",
    )
    minimum = forms.IntegerField(
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Minor units; less than that stays for the next time.",
    )
    effective_from = forms.SplitDateTimeField(
        required=False, widget=UnfoldAdminSplitDateTimeWidget, help_text="UTC. Empty: now."
    )

    class Meta:
        model = Schedule
        fields = ()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        at = now()
        try:
            self.instance = agree_schedule(
                given["merchant"],
                livemode=given["livemode"],
                currency=given["currency"],
                interval=given["interval"],
                anchor=given["anchor"],
                minimum=given["minimum"],
                by=self.by,
                effective_from=given["effective_from"] or at,
                at=at,
            )
        except UnfitSchedule as fault:
            raise forms.ValidationError({fault.param: fault.message}) from None
        return given

    def _post_clean(self) -> None:
        """Nothing is left to be set: the verb has written the row."""

    def save(self, commit: bool = True) -> Schedule:
        saved: Schedule = self.instance
        return saved

    def save_m2m(self) -> None:
        """There are none."""


_GIVEN = tuple(AgreeForm.declared_fields)


@admin.register(Schedule)
class ScheduleAdmin(Kept, ModelAdmin):  # type: ignore[misc]
    form = AgreeForm
    list_display = (
        *("whose", "currency", "interval", "anchor", "from_", "due", "agreed_by"),
        *("effective_from", "livemode"),
    )
    list_filter = ("interval", "currency", "livemode")
    search_fields = ("agreed_by",)
    search_help_text = "mer_… or who agreed on it"
    ordering = ("-id",)
    show_full_result_count = False
    _shown = (
        *("whose", "livemode", "currency", "interval", "anchor", "from_", "due", "agreed_by"),
        *("effective_from", "created_at"),
    )

    @admin.display(description="merchant")
    def whose(self, schedule: Schedule) -> str:
        return whose(schedule.merchant_id)

    @admin.display(description="from")
    def from_(self, schedule: Schedule) -> str:
        return str(Money(schedule.minimum, schedule.currency))

    @admin.display(description="next due, unless superseded")
    def due(self, schedule: Schedule) -> str:
        return str(next_due_day(schedule, at=now()) or "")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _GIVEN if obj is None else self._shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self._shown

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.by = request.user.get_username()
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has: see there."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found = by_id(queryset, search_term, {"mer": "merchant_id"})
        if found is not None:
            return found, False
        return super().get_search_results(request, queryset, search_term)
