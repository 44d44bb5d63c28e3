"""Pages of the back office on which nobody changes anything, a superuser neither.

What the books and the state machines own is changed by verbs, never by a form.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BinaryField
from django.http import HttpRequest


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
