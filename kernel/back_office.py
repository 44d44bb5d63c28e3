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
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from kernel.ids import InvalidId, decode

#: The headers of a file that is saved, never opened in the browser, nor kept by it.
PRIVATE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}


class Kept:
    """Rows may be added; what is there stays as it is."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self: Any, lookup: str, value: str, request: HttpRequest) -> bool:
        """By what an address may filter rows: never by bytes, which are sealed, a hash, or a file.

        Nor for what no text of PostgreSQL's has.
        """
        if "\0" in str(value):
            return False
        of_bytes = {f.name for f in self.model._meta.fields if isinstance(f, BinaryField)}
        if lookup.partition("__")[0] in of_bytes:
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
