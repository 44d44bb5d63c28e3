"""What went to the bank and what came from it: files and reports, byte for byte, and the lines that fit no payout."""

from __future__ import annotations

import zlib
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.decorators import action

from kernel.audit.record import saw
from kernel.back_office import PRIVATE, FoundById, ModelAdmin, ReadOnly, ReasonForm, asks
from kernel.clock import now
from kernel.ids import InvalidId, decode
from kernel.money import Money
from paygate.reconciliation.models import BANK
from payouts.back_office.asking import carry_out, link, stands
from payouts.bankfiles.orders import Became
from payouts.files import bytes_of
from payouts.models import BankFile, Report, ReportException
from payouts.see_to import SeenToAlready, see_to


class Bytes:
    """For rows that hold a file: a link to its bytes, without which they are read."""

    def get_queryset(self: Any, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")  # type: ignore[misc]

    @admin.display(description="bytes")
    def bytes_(self: Any, row: Any) -> str:
        page = reverse(f"admin:payouts_{self.opts.model_name}_bytes", args=[row.id])
        return format_html('<a href="{}">Download</a>', page)


class Download(Bytes):
    """For pages of such rows: saving it, by whoever may see account numbers. Each time is written down."""

    def get_urls(self: Any) -> list[Any]:
        name = f"payouts_{self.opts.model_name}_bytes"
        download = path("<uuid:row>/bytes", self.admin_site.admin_view(self.download), name=name)
        return [download, *super().get_urls()]  # type: ignore[misc]

    def download(self: Any, request: HttpRequest, row: UUID) -> HttpResponse:
        if not (
            self.has_view_permission(request) and request.user.has_perm("payouts.download_bankfile")
        ):
            raise PermissionDenied
        found = self.model.objects.filter(id=row).first()
        if found is None:
            raise Http404
        name, content = self.file_of(found)
        saw(request, found, "content")
        return HttpResponse(
            content,
            content_type="application/octet-stream",
            headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'},
        )


@admin.register(BankFile)
class BankFileAdmin(FoundById, Download, ReadOnly, ModelAdmin):
    list_display = (
        *("message_id", "format", "sequence", "state", "payments", "money", "batch_"),
        *("created_at", "sent_at", "bytes_"),
    )
    list_filter = ("state", "format", "currency", "livemode")
    list_select_related = ("batch",)
    ids = {"pb": "batch_id"}
    search_fields = ("message_id", "sha256__exact")
    search_help_text = "The message's id, the SHA-256 or pb_…"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("message_id", "batch_", "livemode", "format", "sequence", "payments", "money"),
        *("sha256", "bytes_", "payouts_", "state", "outcome", "message", "created_at", "taken_at"),
        *("sent_at", "looks", "next_look_at"),
    )

    @admin.display(description="batch")
    def batch_(self, file: BankFile) -> str:
        return link(file.batch, file.batch.public_id)

    @admin.display(description="payouts")
    def payouts_(self, file: BankFile) -> str:
        page = reverse("admin:payouts_payout_changelist")
        return format_html('<a href="{}?file__id__exact={}">{}</a>', page, file.id, file.payments)

    def file_of(self, file: BankFile) -> tuple[str, bytes]:
        return file.file_name, bytes_of(file)


class ExceptionInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = ReportException
    fields = readonly_fields = ("place", "reference", "became", "amount", "currency", "why")
    extra = 0
    show_change_link = True


@admin.register(Report)
class ReportAdmin(Download, ReadOnly, ModelAdmin):
    list_display = ("number", "name", "kind", "state", "items", "received_at", "bytes_")
    list_filter = ("state", "kind", "livemode")
    search_fields = ("name", "sha256__exact")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ExceptionInline,)
    fields = readonly_fields = (
        *("number", "name", "kind", "livemode", "sha256", "bytes_", "state", "message", "items"),
        *("received_at", "applied_at"),
    )

    def file_of(self, report: Report) -> tuple[str, bytes]:
        name = "".join(c if c.isalnum() or c in "._-" else "_" for c in report.name)
        return name, zlib.decompress(report.content)


#: What a line that fits no payout means for the money.
NEXT: dict[str, str] = {
    Became.PAID: "The bank says that it was taken from our account. Nothing was moved here: no merchant was debited.",
    Became.REJECTED: "The bank says that it was never paid. Nothing was moved here: no merchant has it again.",
    Became.RETURNED: "The bank says that it came back. Nothing was moved here: no merchant has it again.",
}


class SeenTo(admin.SimpleListFilter):
    title, parameter_name = "seen to", "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "not yet"), ("yes", "yes")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(settled_at__isnull=self.value() == "no")


@admin.register(ReportException)
class ReportExceptionAdmin(ReadOnly, ModelAdmin):
    list_display = ("__str__", "became", "money", "report_", "created_at", "settled_by")
    list_filter = (SeenTo, "became")
    search_fields = ("reference",)
    ordering = ("-id",)
    fields = readonly_fields = (
        *("report_", "place", "reference", "payout", "became", "money", "code", "message", "why"),
        *("next_", "created_at", "settled_at", "settled_by", "settled_because"),
    )
    actions_detail = ("seen_to",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("report").defer("report__content")

    @admin.display(description="report")
    def report_(self, exception: ReportException) -> str:
        return link(exception.report, str(exception.report))

    @admin.display(description="amount")
    def money(self, exception: ReportException) -> str:
        if exception.amount is None or exception.currency is None:
            return ""
        return str(Money(exception.amount, exception.currency))

    @admin.display(description="payout")
    def payout(self, exception: ReportException) -> str:
        try:
            id_ = decode("po", exception.reference)
        except InvalidId:
            return ""
        page = reverse("admin:payouts_payout_change", args=[id_])
        return format_html('<a href="{}">{}</a>', page, exception.reference)

    @admin.display(description="what to do")
    def next_(self, exception: ReportException) -> str:
        """Where the money is settled: not here."""
        if exception.settled_at is not None:
            return "Nothing: it was seen to."
        breaks = reverse("admin:reconciliation_break_changelist")
        return format_html(
            "{} What the bank booked is in its statement of the day: what our books do not explain waits in suspense, "
            'as one of <a class="text-link" href="{}?psp={}">the breaks with the bank</a>, where two people settle it '
            "with a transaction. Then say here how it was explained.",
            NEXT.get(exception.became, "Nothing was moved here."),
            *(breaks, BANK),
        )

    def has_see_to_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("payouts.settle_reportexception") and stands(
            ReportException, object_id, settled_at=None
        )

    @action(  # type: ignore[untyped-decorator]
        description="Seen to",
        url_path="seen-to",
        permissions=["see_to"],
        dialog=asks("Seen to", "It moves no money: how was it explained, or put right?"),
    )
    def seen_to(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        exception = ReportException.objects.get(id=object_id)
        why = form.cleaned_data["reason"]
        return carry_out(
            request,
            exception,
            lambda: see_to(exception, by=request.user.get_username(), because=why, at=now()),
            act="report_exception.seen_to",
            done="Seen to",
            why=why,
            refusals=(SeenToAlready,),
        )
