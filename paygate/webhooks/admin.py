"""What PSPs told us, in the back office: to read, and to decide about what could not be applied."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action

from kernel.audit.record import audited
from kernel.back_office import FoundById, ModelAdmin, ReadOnly, ReasonForm, asks, go_to
from kernel.clock import now
from paygate.psp.registry import PSPS
from paygate.staff.step_up import step_up
from paygate.webhooks import decide
from paygate.webhooks.decide import NotQuarantined
from paygate.webhooks.dispatch import ring
from paygate.webhooks.legible import legible
from paygate.webhooks.models import PspEvent, State


class PspFilter(admin.SimpleListFilter):
    title, parameter_name = "PSP", "psp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(psp, psp) for psp in PSPS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(psp=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """Of the kinds that came lately: to ask the whole table for them would take longer with every day."""

    title, parameter_name = "kind", "kind"
    LATELY = 2_000

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = PspEvent.objects.order_by("-id").values_list("kind", flat=True)[: self.LATELY]
        return [(kind, kind) for kind in sorted(set(kinds))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(PspEvent)
class PspEventAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("public_id", "psp", "kind", "state", "said", "said_at", "received_at")
    list_filter = ("state", PspFilter, KindFilter, "livemode")
    ids = {"pev": "id"}
    search_fields = ("key__exact",)
    search_help_text = "pev_…, or the whole key, such as evt_…"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", "psp", "livemode", "kind", "key", "said_at", "received_at"),
        *("state", "result", "why", "tries", "next_try_at", "settled_at"),
        *("decided_by", "decided_why", "decided_at", "told"),
    )
    actions_detail = ("apply_again", "set_aside")
    actions_list = ("apply_all_again",)

    @admin.display(description="What came of it")
    def said(self, event: PspEvent) -> str:
        return event.why or event.result

    @admin.display(description="What was told")
    def told(self, event: PspEvent) -> str:
        if event.payload is None:
            return "Emptied: it was settled long ago."
        return format_html("<pre>{}</pre>", legible(event.payload))

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """May this person decide, and is there something to decide about?"""
        if not request.user.has_perm("webhooks.decide_pspevent"):
            return False
        waiting = PspEvent.objects.filter(state=State.QUARANTINED)
        try:
            return (waiting.filter(id=object_id) if object_id else waiting).exists()
        except ValidationError:  # An address that somebody typed.
            return False

    @action(  # type: ignore[untyped-decorator]
        description="Apply again",
        url_path="apply-again",
        permissions=["decide"],
        dialog=asks("Apply again", "It has its turn at once. What changed since?"),
    )
    def apply_again(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, "Apply again")

    @action(  # type: ignore[untyped-decorator]
        description="Set aside",
        url_path="set-aside",
        permissions=["decide"],
        dialog=asks("Set aside", "It will never be applied. How was it seen to?"),
    )
    def set_aside(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, form, object_id, "Set aside")

    @action(  # type: ignore[untyped-decorator]
        description="Apply all again",
        url_path="apply-all-again",
        permissions=["decide"],
        dialog=asks("Apply all again", "All that is quarantined has its turn. What was mended?"),
    )
    def apply_all_again(self, request: HttpRequest, form: ReasonForm) -> HttpResponse:
        if first := step_up(request):
            return first
        why = form.cleaned_data["reason"]
        with audited(
            request, "psp_event.apply_all_again", because=why, kind="pspevent", subject="all"
        ) as deed:
            count = decide.apply_all_again(by=request.user.get_username(), why=why, now=now())
            deed.details["count"] = count
        for psp in PSPS:
            ring(psp)
        messages.success(request, f"{count} have their turn.")
        return go_to(request, reverse("admin:webhooks_pspevent_changelist"))

    def _decide(
        self, request: HttpRequest, form: ReasonForm, object_id: str, title: str
    ) -> HttpResponse:
        if first := step_up(request):
            return first
        verb = {"Apply again": decide.apply_again, "Set aside": decide.set_aside}[title]
        why = form.cleaned_data["reason"]
        found = PspEvent.objects.get(id=object_id)
        act = f"psp_event.{verb.__name__}"
        try:
            with audited(request, act, found, because=why, refusals=(NotQuarantined,)):
                event = verb(found.id, by=request.user.get_username(), why=why, now=now())
        except NotQuarantined as reason:
            messages.error(request, f"{reason}: somebody was quicker.")
        else:
            ring(event.psp)
            messages.success(request, f"{title}: done.")
        return go_to(request, reverse("admin:webhooks_pspevent_change", args=[object_id]))
