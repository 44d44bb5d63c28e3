"""Pages of the back office on which nobody changes anything, a superuser neither; and how a page asks for a reason.

What the books and the state machines own is changed by verbs, never by a form.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import BinaryField
from django.http import HttpRequest
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget


class Kept:
    """Rows may be added; what is there stays as it is."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self: Any, lookup: str, value: str, request: HttpRequest) -> bool:
        """By what an address may filter rows: never by bytes, which are sealed, a hash, or a file."""
        of_bytes = {f.name for f in self.model._meta.fields if isinstance(f, BinaryField)}
        if lookup.partition("__")[0] in of_bytes:
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]


class ReadOnly(Kept):
    """To look at. For pages and for lines within pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
