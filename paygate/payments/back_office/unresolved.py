"""The desk of unresolved money: what is at risk, what is asked next and when, and the way to a decision."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, CharField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import encode
from kernel.lists.bulk import Asked, Bulk, answer
from kernel.money import Money
from merchants.models import Merchant
from paygate.payments.back_office.unresolved_page import UnresolvedPage, span
from paygate.payments.back_office.words import OPERATIONS, called
from paygate.payments.look_up import look_up_soon
from paygate.payments.models import Attempt, Payment, Unresolved
from paygate.payments.unresolved import URGENT, at_risk, unresolved
from paygate.staff.step_up import step_up


def _money(attempt: Any) -> Money:
    return Money(attempt.amount, attempt.currency)


def _look_up(attempt: Attempt, asked: Asked) -> str:
    """Its next look is due: the PSP's own workers ask."""
    return "is asked about now" if look_up_soon([attempt], at=now()) else "was settled before"


LOOK_UP = Bulk(
    act="look_up",
    title="Look up at the PSP now",
    asks="The PSPs are asked within seconds, each by its own workers.",
    do=_look_up,
    watches=("outcome", "finished_at"),
    money=_money,
    fresh=step_up,
)


class Psp(admin.SimpleListFilter):
    title, parameter_name = "PSP", "psp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(psp, called(psp)) for psp in ("stripe", "adyen", "braintree")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(psp=self.value()) if self.value() else queryset


@admin.register(Unresolved)
class UnresolvedAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("at_risk_", "what", "age_", "psp_", "merchant_", "payment_", "looks_", "next_look"),
    )
    list_display_links = ("at_risk_",)
    list_filter = (Psp, "operation")
    ids = {"att": "id", "pay": "payment_id", "mer": "merchant_id"}
    search_fields = ("=psp_reference",)
    search_help_text = "att_…, pay_… or mer_…"
    ordering = ("started_at",)
    sortable_by = ()
    list_per_page = 50
    actions = ("look_up",)
    list_before_template = "payments/unresolved_sums.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with the currency of its payment and its merchant's name, in the same query."""
        payment = Payment.objects.filter(
            merchant_id=OuterRef("merchant_id"), id=OuterRef("payment_id")
        )
        name = Merchant.objects.filter(id=OuterRef("merchant_id")).values("name")[:1]
        rows: QuerySet[Any] = (
            unresolved(now())
            .order_by("started_at")
            .annotate(
                currency=Subquery(payment.values("currency")[:1], output_field=CharField()),
                livemode=Subquery(payment.values("livemode")[:1], output_field=BooleanField()),
                merchant_name=Subquery(name),
            )
        )
        return rows

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        context = {"title": "Unresolved money", "sums": at_risk(now()), "urgent": URGENT}
        listed: HttpResponseBase = super().changelist_view(
            request, {**context, **(extra_context or {})}
        )
        return listed

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """One of them: ask the PSP, or have two people decide."""
        return UnresolvedPage(self, request, object_id).answer()

    def has_look_up_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.look_up")

    @admin.action(description="Look up at the PSP now", permissions=["look_up"])
    def look_up(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return answer(self, request, queryset, LOOK_UP)

    # ------------------------------------------------------------------------------------- the columns

    @admin.display(description="at risk")
    def at_risk_(self, attempt: Any) -> str:
        mode = "" if attempt.livemode else ", test"
        return format_html('<span class="whitespace-nowrap">{}{}</span>', _money(attempt), mode)

    @admin.display(description="what")
    def what(self, attempt: Attempt) -> str:
        return OPERATIONS[attempt.operation].capitalize()

    @admin.display(description="unknown for")
    def age_(self, attempt: Attempt) -> str:
        """Older than an hour it is marked, by a word too."""
        age = now() - attempt.started_at
        title = f"since {attempt.started_at:%Y-%m-%d %H:%M} UTC"
        tone, word = ("bad", ", urgent") if age > URGENT else ("waiting", "")
        return format_html(
            '<span class="console-badge console-{}" title="{}">{}{}</span>',
            *(tone, title, span(age), word),
        )

    @admin.display(description="PSP")
    def psp_(self, attempt: Attempt) -> str:
        return called(attempt.psp)

    @admin.display(description="merchant")
    def merchant_(self, attempt: Any) -> str:
        return attempt.merchant_name or ""

    @admin.display(description="payment")
    def payment_(self, attempt: Attempt) -> str:
        return format_html(
            '<a class="text-primary-600" href="{}">{}</a>',
            reverse("admin:payments_payment_change", args=[attempt.payment_id]),
            encode("pay", attempt.payment_id),
        )

    @admin.display(description="looked up")
    def looks_(self, attempt: Attempt) -> str:
        return "not yet" if not attempt.looks else f"{attempt.looks} times"

    @admin.display(description="next automatic look")
    def next_look(self, attempt: Attempt) -> str:
        due = attempt.next_look_at
        if due is None:
            return "none"
        return "now" if due <= now() else f"in {span(due - now())}"
