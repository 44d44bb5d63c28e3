"""Batches: built by one, looked at, and approved by another who looked at the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from unfold.admin import TabularInline
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.currencies import EXPONENTS
from payouts.acts import Act
from payouts.back_office.asking import AddedByVerb, ByVerb
from payouts.back_office.bank import Bytes
from payouts.back_office.batch_words import TONES, sums_of
from payouts.back_office.preview import PreviewPage
from payouts.batch import build
from payouts.models import BankFile, Batch, Rail

IN_TEST = mark_safe(' <span class="console-badge">Test</span>')


class BuildForm(ByVerb):
    rail = forms.ChoiceField(choices=Rail.choices, widget=UnfoldAdminSelectWidget)
    livemode = forms.BooleanField(
        required=False, label="Live mode", widget=UnfoldBooleanSwitchWidget
    )
    value_date = forms.DateField(
        widget=UnfoldAdminDateWidget, help_text="On which the bank is to pay."
    )
    currencies = forms.MultipleChoiceField(
        choices=[(code, code) for code in sorted(EXPONENTS)],
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
        help_text="Where none is chosen: all. Ctrl and a click choose several.",
    )
    note = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )

    class Meta:
        model = Batch
        fields = ()

    def write(self, given: dict[str, Any]) -> Batch:
        return build(
            rail=Rail(given["rail"]),
            livemode=given["livemode"],
            value_date=given["value_date"],
            by=self.by,
            currencies=given["currencies"] or None,
            note=given["note"],
            at=now(),
        )


class ActInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Act
    verbose_name_plural = "what was done"
    fields = readonly_fields = ("at", "what", "by", "because", "payouts")
    ordering = ("id",)
    extra = 0


class FileInline(Bytes, ReadOnly, TabularInline):  # type: ignore[misc]
    model = BankFile
    fields = readonly_fields = (
        *("message_id", "sequence", "payments", "money", "sha256", "state", "bytes_"),
    )
    extra = 0
    show_change_link = True


@admin.register(Batch)
class BatchAdmin(FoundById, AddedByVerb, ModelAdmin):
    form = BuildForm
    list_display = (
        *("preview_", "state_", "pays", "value_date", "rail", "created_by"),
        *("submitted_by", "approved_by"),
    )
    list_display_links = None  # A batch's page is its preview.
    list_filter = ("state", "rail", "livemode")
    ids = {"pb": "id"}
    search_fields = ("note",)
    search_help_text = "pb_… or a word of the note"
    ordering = ("-id",)
    inlines = (ActInline, FileInline)
    shown = (
        *("public_id", "preview_", "livemode", "rail", "state", "value_date", "note"),
        *("created_by", "created_at", "submitted_by", "submitted_at", "digest", "approved_by"),
        *("approved_at", "approved_because", "canceled_by", "canceled_because", "sent_at"),
        "updated_at",
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what each of its batches pays is asked once for all of them."""
        listed = super().get_changelist_instance(request)
        sums = sums_of(listed.result_list)
        for batch in listed.result_list:
            batch.pays = sums.get(batch.id, ())
        return listed

    @admin.display(description="pays")
    def pays(self, batch: Any) -> str:
        return format_html_join(mark_safe("<br>"), "{}", ((one,) for one in batch.pays)) or "-"

    @admin.display(description="batch")
    def preview_(self, batch: Batch) -> str:
        page = reverse("admin:payouts_batch_preview", args=[batch.id])
        return format_html('<a class="text-link" href="{}">{}</a>', page, batch.public_id)

    @admin.display(description="state", ordering="state")
    def state_(self, batch: Batch) -> str:
        tone, label = TONES.get(batch.state, ""), batch.get_state_display()
        mode = "" if batch.livemode else IN_TEST
        return format_html(
            '<span class="console-badge console-{}">{}</span>{}', tone or "quiet", label, mode
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payouts.build_batch"))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None else self.inlines

    def response_add(
        self, request: HttpRequest, obj: Batch, post_url_continue: Any = None
    ) -> HttpResponseBase:
        return redirect(reverse("admin:payouts_batch_preview", args=[obj.id]))

    def get_urls(self) -> list[Any]:
        preview = path(
            "<uuid:batch>/preview",
            self.admin_site.admin_view(self.preview),
            name="payouts_batch_preview",
        )
        return [preview, *super().get_urls()]

    def preview(self, request: HttpRequest, batch: UUID) -> HttpResponseBase:
        """What it would pay, and what this person may do about it."""
        return PreviewPage(self, request, batch).answer()
