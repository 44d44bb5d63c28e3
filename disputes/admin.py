"""Disputes in the back office: to read, with all that was said and given. What changes one is a verb, never a form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.admin import TabularInline

from disputes.models import Act, Dispute, Evidence, Movement, Report, Round
from kernel.back_office import PRIVATE, FoundById, ModelAdmin, ReadOnly
from kernel.ids import encode


class Lines(ReadOnly, TabularInline):  # type: ignore[misc]
    """Rows of one dispute."""

    extra = 0


class RoundInline(Lines):
    model = Round
    fields = readonly_fields = ("number", "amount", "fee", "returned", "times_lost")


class MovementInline(Lines):
    model = Movement
    fields = readonly_fields = ("psp_reference", "direction", "money", "fee", "said_at", "heard_at")


class EvidenceInline(Lines):
    model = Evidence
    fields = readonly_fields = ("kind", "text", "file", "size", "sha256", "given_at", "replaced_at")

    @admin.display(description="File")
    def file(self, evidence: Evidence) -> str:
        if not evidence.is_file:
            return ""
        address = reverse("admin:disputes_evidence", args=[evidence.dispute_id, evidence.id])
        return format_html('<a href="{}">{}</a>', address, evidence.file_name)


class ActInline(Lines):
    model = Act
    fields = readonly_fields = (
        "public_id",
        "action",
        "outcome",
        "psp_code",
        "psp_message",
        "started_at",
        "finished_at",
    )


class ReportInline(Lines):
    model = Report
    fields = readonly_fields = (
        "psp_reference",
        "said_at",
        "stage",
        "standing",
        "reason",
        "reason_code",
        "evidence_due_by",
        "movements",
        "heard_at",
    )


@admin.register(Dispute)
class DisputeAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("public_id", "amount_", "stage", "status", "reason", "psp", "evidence_due_by")
    list_filter = ("status", "stage", "reason", "psp", "livemode")
    ids = {"dp": "id", "pay": "payment_id"}
    search_fields = ("psp_reference",)
    search_help_text = "dp_…, pay_… or the PSP's id of the case"
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (RoundInline, MovementInline, EvidenceInline, ActInline, ReportInline)
    fields = readonly_fields = (
        *("public_id", "whose", "payment", "livemode", "psp", "psp_reference", "stage", "status"),
        *("sequence", "amount_", "outstanding_", "fee_", "reason", "reason_code"),
        *("evidence_due_by", "reminders", "opened_at", "reported_at", "submitted_at", "closed_at"),
        *("created_at", "updated_at"),
    )

    @admin.display(description="merchant")
    def whose(self, dispute: Dispute) -> str:
        return encode("mer", dispute.merchant_id)

    @admin.display(description="payment")
    def payment(self, dispute: Dispute) -> str:
        page = reverse("admin:payments_payment_change", args=[dispute.payment_id])
        return format_html('<a href="{}">{}</a>', page, encode("pay", dispute.payment_id))

    @admin.display(description="amount")
    def amount_(self, dispute: Dispute) -> str:
        return str(dispute.money(dispute.amount))

    @admin.display(description="outstanding")
    def outstanding_(self, dispute: Dispute) -> str:
        return str(dispute.money(dispute.outstanding))

    @admin.display(description="fee")
    def fee_(self, dispute: Dispute) -> str:
        return str(dispute.money(dispute.fee))

    def get_urls(self) -> list[Any]:
        download = path(
            "<uuid:dispute>/evidence/<uuid:evidence>",
            self.admin_site.admin_view(self.download),
            name="disputes_evidence",
        )
        return [download, *super().get_urls()]

    def download(self, request: HttpRequest, dispute: UUID, evidence: UUID) -> HttpResponseBase:
        """A file of evidence, for staff who may see disputes and evidence; to be saved, never opened in the browser."""
        may_see_evidence = EvidenceInline(Dispute, self.admin_site).has_view_permission(request)
        if not (self.has_view_permission(request) and may_see_evidence):
            raise PermissionDenied
        found = Evidence.objects.filter(id=evidence, dispute_id=dispute).first()
        if found is None or not found.is_file:
            raise Http404
        try:
            stored = storages["evidence"].open(found.stored_as)
        except OSError:
            raise Http404(f"{encode('ev', found.id)} is not in its folder") from None
        return FileResponse(
            stored,
            as_attachment=True,
            filename=found.file_name,
            content_type=found.media_type,
            headers=PRIVATE,
        )
