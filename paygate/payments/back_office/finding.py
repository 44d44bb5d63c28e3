"""The one row that an address names, for pages that draw themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest


class NamedRow:
    """For pages."""

    def row(self: Any, request: HttpRequest, object_id: str) -> Any:
        """Raises Http404, and PermissionDenied for whoever may not look."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.model.objects.filter(id=UUID(object_id)).first()
        except ValueError:  # An address that somebody typed.
            found = None
        if found is None:
            raise Http404
        return found

    def shown(self: Any, request: HttpRequest, object_id: str) -> Any:
        """As `row`, for a page that takes no form: what changes a row has an address of its own."""
        found = self.row(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return found
