"""Statements as they were received: what became of them, their bytes, and how one is handed in by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from kernel.audit.record import audited, saw
from kernel.back_office import PRIVATE, FoundById, ModelAdmin, ReadOnly, ReasonForm, asks, go_to
from kernel.clock import now
from kernel.money import Money
from kernel.reasons import reason_field
from paygate.reconciliation.back_office.showing import address_of, badge, link, row_of
from paygate.reconciliation.models import Break, Order, Statement
from paygate.reconciliation.read_again import NotRefused, read_again
from paygate.reconciliation.receive import TooLarge, content_of, receive
from paygate.reconciliation.words import called
from paygate.staff.step_up import step_up

#: The tone of a state's badge.
TONES: dict[str, str] = {
    Statement.State.APPLIED: "good",
    Statement.State.REFUSED: "bad",
    Statement.State.RECEIVED: "waiting",
}


class UploadForm(forms.Form):
    psp = forms.ChoiceField(label="PSP", widget=UnfoldAdminSelectWidget)
    livemode = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget, help_text="As the PSP gave it: nothing in it is changed."
    )

    because = reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(psp, called(psp)) for psp in sorted(settings.PSPS)]
        self.fields["psp"].choices = choices  # type: ignore[attr-defined]


@admin.register(Statement)
class StatementAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("name", "psp", "state_", "format", "lines", "breaks_", "source", "received_at"),
        *("livemode", "bytes_"),
    )
    list_filter = ("state", "psp", "format", "source", "livemode")
    ids = {"stm": "id"}
    search_fields = ("name", "sha256__exact")
    search_help_text = "stm_…, a part of the name, or the SHA-256"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", "name", "psp", "livemode", "state", "refused_row", "refused_because"),
        *("format", "identity", "lines", "became_", "breaks_", "until", "applied_at"),
        *("superseded_by_", "source", "received_by", "received_at", "size", "sha256", "bytes_"),
    )
    actions_detail = ("read_again",)

    @admin.display(description="bytes")
    def bytes_(self, statement: Statement) -> str:
        page = reverse("admin:reconciliation_statement_bytes", args=[statement.id])
        return format_html('<a class="text-link" href="{}">Download</a>', page)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; how many breaks came of each is asked once for all of them."""
        listed = super().get_changelist_instance(request)
        found = _breaks_of([one.id for one in listed.result_list])
        for statement in listed.result_list:
            statement.breaks = found.get(statement.id, (0, 0))
        return listed

    @admin.display(description="state", ordering="state")
    def state_(self, statement: Statement) -> str:
        return badge(statement.get_state_display(), TONES.get(statement.state, ""))

    @admin.display(description="breaks")
    def breaks_(self, statement: Any) -> str:
        if not hasattr(statement, "breaks"):  # On its own page.
            statement.breaks = _breaks_of([statement.id]).get(statement.id, (0, 0))
        count, still_open = statement.breaks
        if not count:
            return ""
        page = reverse("admin:reconciliation_break_changelist")
        return format_html(
            '<a class="text-link" href="{}?statement_id__exact={}&standing=all">{}, {} open</a>',
            *(page, statement.id, count, still_open),
        )

    @admin.display(description="superseded by")
    def superseded_by_(self, statement: Statement) -> str:
        newer = statement.superseded_by
        return "" if newer is None else link(newer, newer.name)

    @admin.display(description="What became of its lines")
    def became_(self, statement: Statement) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT became, kind, settled_currency, count(*), sum(net)::bigint FROM statement_line"
                " WHERE statement_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                [statement.id],
            )
            rows = cursor.fetchall()
        lines = format_html_join(
            "",
            '<tr><td>{}</td><td>{}</td><td class="console-number">{}</td><td class="console-number">{}</td></tr>',
            (
                (became, kind.replace("_", " "), count, Money(net, currency))
                for became, kind, currency, count, net in rows
            ),
        )
        if not rows:
            return "-"
        return format_html(
            '<table class="console-table"><thead><tr><th scope="col">Became</th><th scope="col">Kind</th>'
            '<th scope="col" class="console-number">Lines</th><th scope="col" class="console-number">Net</th></tr>'
            "</thead><tbody>{}</tbody></table>",
            lines,
        )

    # ---------------------------------------------------------------------------------- the bytes

    def get_urls(self) -> list[Any]:
        download = path(
            "<uuid:statement>/bytes",
            self.admin_site.admin_view(self.download),
            name="reconciliation_statement_bytes",
        )
        return [download, *super().get_urls()]

    def download(self, request: HttpRequest, statement: UUID) -> HttpResponseBase:
        """As it came. Each time is written down: files name payers."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Statement.objects.filter(id=statement).first()
        if found is None:
            raise Http404
        saw(request, found, "content")
        name = "".join(
            c if (c.isascii() and c.isalnum()) or c in "._-" else "_" for c in found.name
        )
        return StreamingHttpResponse(
            content_of(found),
            content_type="application/octet-stream",
            headers={
                **PRIVATE,
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Length": str(found.size),
            },
        )

    # --------------------------------------------------------------------------------- handing in

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("reconciliation.upload"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Hand a file in: it is kept, and read by whoever reads those that are fetched."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST" and (first := step_up(request)):
            return first
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._taken(request, form.cleaned_data)
            except TooLarge as refusal:
                form.add_error("file", str(refusal))
        return TemplateResponse(
            request,
            "reconciliation/upload.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "Hand in a statement",
                "form": form,
            },
        )

    def _taken(self, request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
        with audited(
            request,
            "statement.upload",
            because=given["because"],
            refusals=(TooLarge,),
            kind="statement",
            subject=given["file"].name,
            psp=given["psp"],
        ) as deed:
            received = receive(
                given["psp"],
                given["file"].name,
                given["file"].chunks(),
                livemode=given["livemode"],
                source=Statement.Source.UPLOADED,
                received_by=request.user.get_username(),
                at=now(),
            )
            statement = received.statement
            deed.details |= {"statement": statement.public_id, "new": received.new}
        if received.new:
            messages.success(request, f"{statement.name} is kept, and read in a moment.")
        else:
            messages.warning(request, "The same bytes were received before: nothing changes.")
        return redirect(address_of(statement))

    # --------------------------------------------------------------------------------- once more

    def has_read_again_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if not request.user.has_perm("reconciliation.upload"):
            return False
        if object_id is None:
            return True
        try:
            which = UUID(object_id)
        except ValueError:  # An address that somebody typed.
            return False
        return Statement.objects.filter(id=which, state=Statement.State.REFUSED).exists()

    @action(  # type: ignore[untyped-decorator]
        description="Read again",
        url_path="read-again",
        permissions=["read_again"],
        dialog=asks("Read again", "As if it had just come: it may be understood by now."),
    )
    def read_again(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        if first := step_up(request):
            return first
        statement = Statement.objects.get(id=object_id)
        why = form.cleaned_data["reason"]
        try:
            with audited(
                request, "statement.read_again", statement, because=why, refusals=(NotRefused,)
            ):
                read_again(statement)
        except NotRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "It is read again in a moment.")
        return go_to(request, address_of(statement))


def _breaks_of(statements: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """How many breaks came of each statement, and how many of them are open."""
    counted = (
        Break.objects.filter(statement_id__in=statements)
        .order_by()
        .values("statement_id")
        .annotate(all=Count("id"), open=Count("id", filter=Q(closed_at=None)))
    )
    return {
        one["statement_id"]: (one["all"], one["open"]) for one in counted if one["statement_id"]
    }


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    """The files that PSPs are to give us, and why one is not here yet."""

    list_display = ("name", "psp", "day", "ordered_at", "looks", "next_look_at", "problem_")
    list_filter = ("psp", "livemode", ("statement_id", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("name", "psp", "livemode", "day", "place", "ordered_at", "looks", "next_look_at"),
        *("statement_", "problem"),
    )

    @admin.display(description="problem")
    def problem_(self, order: Order) -> str:
        return order.problem[:80]

    @admin.display(description="statement")
    def statement_(self, order: Order) -> str:
        return row_of(order.statement_id, None)
