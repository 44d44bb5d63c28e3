"""Pages of the back office on which nobody changes anything, a superuser neither; and what pages have in common.

What the books and the state machines own is changed by verbs, never by a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import BinaryField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin as ThemedModelAdmin
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from kernel.audit.history import ShowsHistory
from kernel.audit.models import Entry
from kernel.audit.record import HIDDEN, differing, name_of, snapshot, write_down
from kernel.ids import InvalidId, decode
from kernel.lists.page import ListPage
from kernel.private import PRIVATE as PRIVATE
from kernel.reasons import BECAUSE, AsksWhy

#: What is shown in part, and by whom it may be seen: who the payer is may stand in it.
UNASKED = frozenset({"metadata"})


class ModelAdmin(AsksWhy, ShowsHistory, ListPage, ThemedModelAdmin):  # type: ignore[misc]
    """A page of the back office: whatever is done on it by a form is in the audit log, in the same commit, with why."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row; before a form changes it, it is noted as it is."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST":
            row.as_it_was = self.as_logged(row)
        return row

    def as_logged(self, row: Any) -> dict[str, Any]:
        """The row as the audit log has it before and after a form: its columns, unless a page knows more."""
        return snapshot(row)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        self._log(request, "add", obj, after=self.as_logged(obj))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        before, after = differing(getattr(obj, "as_it_was", {}), self.as_logged(obj))
        self._log(request, "change", obj, before=before, after=after)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self._log(request, "delete", row, before=self.as_logged(row))

    def _log(self, request: HttpRequest, act: str, row: Any, **what: Any) -> None:
        write_down(
            request,
            act,
            Entry.Outcome.DONE,
            kind=str(self.opts.model_name),
            subject=name_of(row),
            merchant_id=getattr(row, "merchant_id", None),
            because=request.POST.get(BECAUSE, "").strip(),
            **what,
        )


class Kept:
    """Rows may be added; what is there stays as it is."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self: Any, lookup: str, value: str, request: HttpRequest) -> bool:
        """By what an address may filter rows: never by bytes, which are sealed, a hash, or a file.

        Nor by what is shown nowhere (who asks for rows that begin so learns it, letter by letter); nor for what no text
        of PostgreSQL's has.
        """
        if "\0" in str(value):
            return False
        of_bytes = {f.name for f in self.model._meta.fields if isinstance(f, BinaryField)}
        if lookup.partition("__")[0] in of_bytes | HIDDEN | UNASKED:
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]


class ReadOnly(Kept):
    """To look at. For pages and for lines within pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FoundById:
    """Pages whose rows are found by ids of ours, too: `ids` names the column for each prefix."""

    ids: Mapping[str, str]

    def get_search_results(
        self: Any, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        for prefix, column in self.ids.items():
            try:
                return queryset.filter(**{column: decode(prefix, search_term.strip())}), False
            except InvalidId:
                continue
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept, beside your name.",
    )


def asks(title: str, description: str) -> dict[str, Any]:
    """A dialog that asks for a reason before an action."""
    return {
        "title": title,
        "description": description,
        "form_class": ReasonForm,
        "form_submit_text": title,
    }


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """To a page; a dialog's script wants to be told in a header."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)
