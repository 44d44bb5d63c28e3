"""Breaks: what is open and how much is at risk, by cause; each has a page on which it is decided on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.money import Money
from paygate.reconciliation.back_office.deciding import TONES, BreakPage
from paygate.reconciliation.back_office.showing import age, badge, table
from paygate.reconciliation.models import Break, Cause
from paygate.reconciliation.words import called, grouped


class Standing(admin.SimpleListFilter):
    """Those that somebody has to do something about, unless asked for others."""

    title, parameter_name = "standing", "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("mine", "mine"), ("nobodys", "nobody's"), ("closed", "closed"), ("all", "all")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "all":
                return queryset
            case "closed":
                return queryset.exclude(closed_at=None)
            case "mine":
                return queryset.filter(closed_at=None, owner=request.user.get_username())
            case "nobodys":
                return queryset.filter(closed_at=None, owner="")
        return queryset.filter(closed_at=None)


@admin.register(Break)
class BreakAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("public_id", "cause", "at_risk", "psp", "subject", "age_", "owner", "state_"),
        "livemode",
    )
    list_filter = (Standing, "cause", "psp", "currency", "state", "livemode")
    ids = {"brk": "id", "mer": "merchant_id", "pay": "payment_id", "stm": "statement_id"}
    search_fields = ("subject__exact", "owner__exact")
    search_help_text = "brk_…, mer_…, pay_…, stm_…, what it is about, or whose it is"
    ordering = ("opened_at", "id")
    show_full_result_count = False
    list_before_template = "reconciliation/totals.html"

    @admin.display(description="at risk", ordering="amount")
    def at_risk(self, break_: Break) -> str:
        return grouped(break_.money)

    @admin.display(description="state", ordering="state")
    def state_(self, break_: Break) -> str:
        return badge(break_.get_state_display(), TONES.get(break_.state, "good"))

    @admin.display(description="age", ordering="opened_at")
    def age_(self, break_: Break) -> str:
        return age(break_.opened_at, break_.closed_at or now())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        context = {**(extra_context or {}), "totals": _totals(now())}
        listed: HttpResponseBase = super().changelist_view(request, context)
        return listed

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """What happened, what would close it, and what this person may do about it."""
        try:
            which = UUID(object_id)
        except ValueError:  # An address that somebody typed.
            raise Http404 from None
        return BreakPage(self, request, which).answer()


def _totals(at: datetime) -> dict[str, Any]:
    """What is open, by mode, cause and currency."""
    listed = reverse("admin:reconciliation_break_changelist")
    found = (
        Break.objects.filter(closed_at=None)
        .order_by()
        .values("livemode", "cause", "psp", "currency")
        .annotate(count=Count("id"), total=Sum("amount"), oldest=Min("opened_at"))
        .order_by("-livemode", "cause", "psp", "currency")
    )
    return table(
        ("Mode", "Cause", "PSP", "Breaks", "At risk", "Oldest"),
        (
            (
                "live" if one["livemode"] else "test",
                format_html(
                    '<a class="text-link" href="{}?cause__exact={}&psp={}&currency={}'
                    '&livemode__exact={}">{}</a>',
                    *(listed, one["cause"], one["psp"], one["currency"], int(one["livemode"])),
                    Cause(one["cause"]).label,
                ),
                called(one["psp"]),
                one["count"],
                grouped(Money(int(one["total"]), one["currency"])),
                age(one["oldest"], at),
            )
            for one in found
        ),
    )
