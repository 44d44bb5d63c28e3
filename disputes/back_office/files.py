"""A file of evidence, for staff who may see disputes and evidence; to be saved, never opened in the browser."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest

from disputes.models import Evidence
from kernel.audit.record import saw
from kernel.back_office import PRIVATE
from kernel.ids import encode


def may_see_evidence(request: HttpRequest) -> bool:
    """Evidence tells who the customer is."""
    return bool(request.user.has_perm("disputes.view_evidence"))


def download(page: Any, request: HttpRequest, dispute: UUID, evidence: UUID) -> FileResponse:
    """The file; that it was looked at is in the audit log. Raises PermissionDenied and Http404."""
    if not (page.has_view_permission(request) and may_see_evidence(request)):
        raise PermissionDenied
    found = Evidence.objects.filter(id=evidence, dispute_id=dispute).first()
    if found is None or not found.is_file:
        raise Http404
    try:
        stored = storages["evidence"].open(found.stored_as)
    except OSError:
        raise Http404(f"{encode('ev', found.id)} is not in its folder") from None
    saw(request, found.dispute, found.kind, because=f"saved {found.file_name}")
    return FileResponse(
        stored,
        as_attachment=True,
        filename=found.file_name,
        content_type=found.media_type,
        headers=PRIVATE,
    )
