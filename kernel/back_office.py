"""Pages of the back office on which nobody changes anything, a superuser neither.

What the books and the state machines own is changed by verbs, never by a form.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class Kept:
    """Rows may be added; what is there stays as it is."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(Kept):
    """To look at. For pages and for lines within pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
