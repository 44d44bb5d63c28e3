"""The desk's list: whose answer is due first is on top, with what answering it is worth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html

from disputes.back_office.case import CasePage
from disputes.back_office.files import download
from disputes.back_office.lines import Line, WithLines
from disputes.back_office.showing import TONES
from disputes.back_office.words import REASONS, STAGES, STATUSES, clock, grouped, moment
from disputes.models import Case, Dispute, Status
from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import encode
from paygate.psp.registry import PSPS

TABS = (*STATUSES.items(), ("all", "all"))
STANDING = "status__exact"
#: Whoever looks for one thing looks among all.
NAMES_ONE = (
    "q",
    "id",
    "id__exact",
    "payment_id",
    "payment_id__exact",
    "merchant_id",
    "psp_reference",
)


def standing_of(request: HttpRequest) -> str:
    """Which tab is asked for: the work, unless something is looked for."""
    asked = request.GET.get(STANDING, "")
    if asked in dict(TABS):
        return asked
    looks = any(request.GET.get(name) for name in NAMES_ONE)
    return "all" if looks else Status.NEEDS_RESPONSE.value


class AtPsp(admin.SimpleListFilter):
    """By the PSPs there are: to look for them in all disputes would be to read them all."""

    title, parameter_name = "PSP", "psp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(psp, psp.capitalize()) for psp in PSPS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(psp=self.value()) if self.value() in PSPS else queryset


class Standing(admin.SimpleListFilter):
    """The tab, for links that name it."""

    title, parameter_name = "standing", STANDING

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TABS)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        standing = standing_of(request)
        return queryset if standing == "all" else queryset.filter(status=standing)

    def choices(self, changelist: Any) -> Any:
        """In the tabs."""
        return iter(())

    def has_output(self) -> bool:
        return True


def _line(dispute: Any) -> Line:
    line: Line = dispute.line
    return line


@admin.register(Dispute)
class DisputeAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display_links = ("due_", "submitted_", "closed_", "amount_")
    list_filter = (Standing, "reason", AtPsp, "stage", "livemode")
    list_filter_sheet = True
    ids = {"dp": "id", "pay": "payment_id", "mer": "merchant_id"}
    search_fields = ("psp_reference",)
    search_help_text = "dp_…, pay_…, mer_… or the PSP's id of the case"
    sortable_by = ()
    list_per_page = 25
    actions = None
    list_before_template = "disputes/tabs.html"

    class Media:
        css = {"all": ("disputes/desk.css",)}

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        case = ("amount_", "reason_", "merchant_", "psp_", "dispute_")
        match standing_of(request):
            case Status.NEEDS_RESPONSE:
                return ("due_", *case[:2], "estimate_", "worth_", *case[2:])
            case Status.UNDER_REVIEW:
                return ("submitted_", *case[:2], "estimate_", "worth_", *case[2:])
            case Status.WON | Status.LOST:
                return ("closed_", *case)
        return ("due_", *case)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By the deadline, where it is our turn; by age, where it is not."""
        if standing_of(request) == Status.NEEDS_RESPONSE:
            return ("evidence_due_by", "id")
        return ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return WithLines(Dispute).order_by(*self.get_ordering(request))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        if "\0" in term:
            return queryset.none(), False
        if term and not term.startswith(tuple(f"{prefix}_" for prefix in self.ids)):
            cases = Case.objects.filter(psp_reference=term).values("dispute_id")
            return queryset.filter(id__in=cases), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)
        return found

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        chosen = standing_of(request)
        kept = request.GET.copy()
        for name in (STANDING, "p", "e"):
            kept.pop(name, None)
        tabs = []
        for name, title in TABS:
            kept[STANDING] = name
            tabs.append((title, f"?{kept.urlencode()}", name == chosen))
        context = {**(extra_context or {}), "tabs": tabs, "title": "Disputes"}
        listed: HttpResponseBase = super().changelist_view(request, context)
        return listed

    # ------------------------------------------------------------------------------------- the columns

    @admin.display(description="Answer by")
    def due_(self, dispute: Dispute) -> str:
        if dispute.status != Status.NEEDS_RESPONSE:
            return format_html(
                '<span class="console-badge console-{}">{}</span>',
                TONES[dispute.status],
                STATUSES[dispute.status],
            )
        told = clock(dispute.evidence_due_by, now())
        return render_to_string(
            "disputes/clock.html",
            {"clock": told, "due": dispute.evidence_due_by, "sending": _line(dispute).sending},
        )

    @admin.display(description="Answered")
    def submitted_(self, dispute: Dispute) -> str:
        return moment(dispute.submitted_at) if dispute.submitted_at else "not by us"

    @admin.display(description="Decided")
    def closed_(self, dispute: Dispute) -> str:
        return moment(dispute.closed_at) if dispute.closed_at else ""

    @admin.display(description="Amount")
    def amount_(self, dispute: Dispute) -> str:
        amount = grouped(dispute.money(dispute.amount))
        return format_html('<span class="desk-amount">{}</span>', amount)

    @admin.display(description="Reason")
    def reason_(self, dispute: Dispute) -> str:
        stage = "" if dispute.stage == "chargeback" else STAGES[dispute.stage]
        reason = REASONS.get(dispute.reason, dispute.reason)
        return format_html(
            '<span class="desk-cell">{} <span class="console-quiet desk-below">{}{}</span></span>',
            reason[:1].upper() + reason[1:],
            stage,
            "" if dispute.livemode else (", test mode" if stage else "test mode"),
        )

    @admin.display(description="Dispute")
    def dispute_(self, dispute: Dispute) -> str:
        return format_html('<span class="desk-id">{}</span>', dispute.public_id)

    @admin.display(description="Win estimate")
    def estimate_(self, dispute: Dispute) -> str:
        return _line(dispute).prospect.words

    @admin.display(description="Expected value")
    def worth_(self, dispute: Dispute) -> str:
        worth = _line(dispute).prospect.worth
        if worth is None:
            return "–"
        return format_html('<span class="desk-number">{}</span>', grouped(worth))

    @admin.display(description="PSP")
    def psp_(self, dispute: Dispute) -> str:
        return dispute.psp.capitalize()

    @admin.display(description="Merchant")
    def merchant_(self, dispute: Dispute) -> str:
        page = reverse("admin:merchants_merchant_change", args=[dispute.merchant_id])
        name = _line(dispute).merchant or encode("mer", dispute.merchant_id)
        return format_html('<a class="desk-merchant" href="{}">{}</a>', page, name)

    # --------------------------------------------------------------------------------------- the pages

    def get_urls(self) -> list[Any]:
        def view(where: str, shown: Any, name: str) -> Any:
            return path(f"<uuid:dispute>/{where}", self.admin_site.admin_view(shown), name=name)

        return [
            view("evidence/<uuid:evidence>", self.download, "disputes_evidence"),
            view("submit", self.submit, "disputes_submit"),
            view("accept", self.accept, "disputes_accept"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """The case, and the evidence that is being collected for it."""
        return CasePage(self, request, object_id).evidence()

    def submit(self, request: HttpRequest, dispute: UUID) -> HttpResponseBase:
        """What will be sent, and sending it."""
        return CasePage(self, request, dispute).submit()

    def accept(self, request: HttpRequest, dispute: UUID) -> HttpResponseBase:
        """What giving in costs, and giving in."""
        return CasePage(self, request, dispute).accept()

    def download(self, request: HttpRequest, dispute: UUID, evidence: UUID) -> HttpResponseBase:
        return download(self, request, dispute, evidence)
