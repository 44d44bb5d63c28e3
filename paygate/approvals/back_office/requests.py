"""Requests: the list of what waits for a second person, and the page on which that person decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.html import format_html

from kernel.audit.record import saw
from kernel.back_office import PRIVATE, FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from paygate.approvals.back_office.page import RequestPage
from paygate.approvals.back_office.showing import age, badge, link
from paygate.approvals.models import Request, State, document_of


@admin.register(Request)
class RequestAdmin(FoundById, ReadOnly, ModelAdmin):
    """The list; what is decided on the page of one is in page.py."""

    list_display = ("what", "money_", "about", "asked_by", "because", "waits", "state_")
    list_filter = ("state", "kind", "currency", "livemode")
    ids = {"apr": "id", "mer": "merchant_id"}
    search_fields = ("=subject", "=asked_by", "=decided_by")
    search_help_text = "apr_…, pay_…, att_…, mer_…, or a login"
    list_per_page = 50

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Of those that wait, who has waited longest is first; of all, the newest."""
        waiting = request.GET.get("state__exact") == State.PENDING
        return ("asked_at", "id") if waiting else ("-id",)

    @admin.display(description="request")
    def what(self, row: Request) -> str:
        says = row.says
        return says[:1].upper() + says[1:]

    @admin.display(description="amount", ordering="amount")
    def money_(self, row: Request) -> str:
        return format_html('<span class="whitespace-nowrap">{}</span>', row.money)

    @admin.display(description="about", ordering="subject")
    def about(self, row: Request) -> str:
        return link(row.subject)

    @admin.display(description="because")
    def because(self, row: Request) -> str:
        text = row.asked_because
        return text if len(text) <= 80 else f"{text[:79]}…"

    @admin.display(description="waits for", ordering="asked_at")
    def waits(self, row: Request) -> str:
        """Until it was decided; with the moment it was asked, for whoever points at it."""
        title = f"{row.asked_at:%Y-%m-%d %H:%M} UTC"
        return format_html(
            '<span title="{}">{}</span>', title, age(row.asked_at, row.decided_at or now())
        )

    @admin.display(description="state", ordering="state")
    def state_(self, row: Request) -> str:
        return badge(row.state)

    def get_urls(self) -> list[Any]:
        document = path(
            "<uuid:which>/document",
            self.admin_site.admin_view(self.document),
            name="approvals_request_document",
        )
        return [document, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Look at it, and decide."""
        return RequestPage(self, request, self.found(request, object_id)).answer()

    def document(self, request: HttpRequest, which: UUID) -> HttpResponseBase:
        """The document that stands for it: to be saved, never opened here. Who saw it is written down."""
        row = self.found(request, str(which))
        document = document_of(row)
        if document is None:
            raise Http404
        try:
            stored = storages["evidence"].open(document.stored_as)
        except OSError:
            raise Http404(f"The document of {row.public_id} is not in its folder.") from None
        saw(request, row, "document")
        return FileResponse(
            stored,
            as_attachment=True,
            filename=document.file_name,
            content_type=document.media_type,
            headers=PRIVATE,
        )

    def found(self, request: HttpRequest, object_id: str) -> Request:
        """The one that the address names. Raises Http404, and PermissionDenied for whoever may not look."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            row: Request | None = Request.objects.filter(id=UUID(object_id)).first()
        except ValueError:  # An address that somebody typed.
            row = None
        if row is None:
            raise Http404
        return row
