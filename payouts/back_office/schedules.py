"""When merchants are paid: agreed on here, superseded by the next one, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.back_office import FoundById, ModelAdmin
from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.money import Money
from merchants.merchant_field import MerchantField
from merchants.whose import NamesMerchants
from payouts.back_office.asking import AddedByVerb, ByVerb
from payouts.models import Schedule
from payouts.schedule import UnfitSchedule, agree_schedule, next_due_day


class AgreeForm(ByVerb):
    unfit = UnfitSchedule
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

    def write(self, given: dict[str, Any]) -> Schedule:
        at = now()
        return agree_schedule(
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


@admin.register(Schedule)
class ScheduleAdmin(NamesMerchants, FoundById, AddedByVerb, ModelAdmin):
    form = AgreeForm
    list_display = (
        *("interval", "whose", "currency", "anchor", "from_", "agreed_by"),
        *("effective_from", "livemode"),
    )
    list_filter = ("interval", "currency", "livemode")
    ids = {"mer": "merchant_id"}
    search_fields = ("agreed_by",)
    search_help_text = "mer_… or who agreed on it"
    ordering = ("-id",)
    show_full_result_count = False
    shown = (
        *("whose", "livemode", "currency", "interval", "anchor", "from_", "due", "agreed_by"),
        *("effective_from", "created_at"),
    )

    @admin.display(description="from")
    def from_(self, schedule: Schedule) -> str:
        return str(Money(schedule.minimum, schedule.currency))

    @admin.display(description="next due, unless superseded")
    def due(self, schedule: Schedule) -> str:
        return str(next_due_day(schedule, at=now()) or "")
