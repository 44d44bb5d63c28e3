"""The audit log in the back office: to read, by those whose task it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel.audit import filters, show
from kernel.audit.models import Entry
from kernel.back_office import ModelAdmin, ReadOnly
from kernel.ids import InvalidId, decode

LIST = "admin:kernel_entry_changelist"


@admin.register(Entry)
class EntryAdmin(ReadOnly, ModelAdmin):
    list_display = ("when", "by_", "act_", "outcome_", "kind_", "subject_", "because_")
    list_display_links = ("when",)
    list_filter = (filters.Outcome, filters.By, filters.Act, filters.Kind, filters.Day)
    search_fields = ("subject__exact",)
    search_help_text = "The whole id of what was acted on, such as pay_…"
    ordering = ("-position",)
    counted_as = "audit entries"
    fields = readonly_fields = (
        *("position", "when", "by_", "in_roles", "act_", "outcome_", "other_half", "kind_"),
        *("subject_", "page", "because", "changed", "told", "address", "request_id"),
    )

    @admin.display(description="when (UTC)", ordering="position")
    def when(self, entry: Entry) -> str:
        return f"{entry.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="kind", ordering="kind")
    def kind_(self, entry: Entry) -> str:
        return show.kind_in_words(entry.kind)

    @admin.display(description="person", ordering="by")
    def by_(self, entry: Entry) -> str:
        return _listed(entry.by or "nobody", by=entry.by) if entry.by else "nobody"

    @admin.display(description="act")
    def act_(self, entry: Entry) -> str:
        return show.act_in_words(entry.act)

    @admin.display(description="outcome")
    def outcome_(self, entry: Entry) -> SafeString:
        return show.outcome(entry)

    @admin.display(description="on what")
    def subject_(self, entry: Entry) -> str:
        return _listed(entry.subject, q=entry.subject) if entry.subject else ""

    @admin.display(description="why")
    def because_(self, entry: Entry) -> str:
        return entry.because if len(entry.because) <= 80 else entry.because[:79] + "…"

    @admin.display(description="in the roles")
    def in_roles(self, entry: Entry) -> str:
        return ", ".join(entry.roles)

    @admin.display(description="asked and ended")
    def other_half(self, entry: Entry) -> str:
        """The entry that asked for what this one ends, or the one that ends what this one asked for."""
        if entry.answers is not None:
            return _entry(entry.answers, f"Asked for in entry {entry.answers}")
        if entry.outcome != Entry.Outcome.ASKED:
            return show.NOTHING
        ended = Entry.objects.filter(answers=entry.position).first()
        if ended is None:
            return "It has no end: it is being done just now, or died in the middle."
        return _entry(ended.position, f"{ended.outcome.capitalize()} in entry {ended.position}")

    @admin.display(description="its page")
    def page(self, entry: Entry) -> str:
        row = subject_of(entry)
        if row is None:
            return show.NOTHING
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            reverse(name, args=[row.pk]),
            str(row),
        )

    @admin.display(description="before and after")
    def changed(self, entry: Entry) -> SafeString | str:
        found = show.changes(entry)
        if not found:
            return show.NOTHING
        return render_to_string("back_office/changes.html", {"changes": found})

    @admin.display(description="details")
    def told(self, entry: Entry) -> SafeString | str:
        return show.details(entry) if entry.details else show.NOTHING

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))


def subject_of(entry: Entry) -> Model | None:
    """The row that was acted on, where it has a page and is still there."""
    for model in admin.site._registry:
        if model._meta.model_name != entry.kind or model is Entry:
            continue
        row = _row(model, entry.subject)
        if row is not None:
            return row
    return None


def _row(model: type[Model], subject: str) -> Model | None:
    """By its public id or its key."""
    prefix, _, _ = subject.partition("_")
    try:
        key: Any = decode(prefix, subject)
    except InvalidId:
        key = subject
    try:
        found: Model | None = model._base_manager.filter(pk=key).first()
    except (ValueError, ValidationError):  # No key that such rows have.
        return None
    return found


def _listed(text: str, **filters: str) -> str:
    """A link to the entries that are found so."""
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}?{}">{}</a>',
        reverse(LIST),
        urlencode(filters),
        text,
    )


def _entry(position: int, text: str) -> str:
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
        reverse("admin:kernel_entry_change", args=[position]),
        text,
    )
