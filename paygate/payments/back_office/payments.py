"""The list of payments, and the page of one: its story, and a button for each thing that may be done about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from paygate.payments.back_office import filters, showing, wire
from paygate.payments.back_office.acting import DeedPage, first_preview, previewed
from paygate.payments.back_office.bulk_refunds import RefundsMany
from paygate.payments.back_office.deeds import DEEDS, SEND_AGAIN, deeds_for
from paygate.payments.back_office.facts import briefly, order_of
from paygate.payments.back_office.finding import NamedRow
from paygate.payments.back_office.page import Read, shown
from paygate.payments.back_office.words import card
from paygate.payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(RefundsMany, NamedRow, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("amount_", showing.state, "happened", showing.merchant, showing.psp, "card_", "order_"),
        "created_at",
    )
    list_display_links = ("amount_",)
    list_filter = (
        *("state", filters.Psp, filters.Mode, filters.Day, filters.Currency, filters.Merchant),
        filters.AmountRange,
    )
    list_filter_submit = True
    ids = {"pay": "id", "mer": "merchant_id"}
    search_fields = ("psp_reference__exact",)
    search_help_text = "pay_…, mer_…, PSP reference, customer or order number"
    ordering = ("-id",)
    actions = ("refund_many",)

    @admin.display(description="amount")
    def amount_(self, payment: Payment) -> str:
        return str(payment.money(payment.amount))

    @admin.display(description="what happened")
    def happened(self, payment: Payment) -> str:
        return briefly(payment)

    @admin.display(description="card")
    def card_(self, payment: Payment) -> str:
        return card(payment.card.get("brand", ""), payment.last4)

    @admin.display(description="order")
    def order_(self, payment: Payment) -> str:
        return order_of(payment.metadata)

    def get_queryset(self, request: HttpRequest) -> Any:
        return showing.with_merchants(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """By ids and the PSP's reference; and by the words that are written down beside each payment (0006)."""
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset.none() if term else queryset), False
        if any(term.startswith(f"{prefix}_") for prefix in self.ids):
            return super().get_search_results(request, queryset, term)
        spelled = RawSQL(_SPELLED, [term, term])  # noqa: S611 - our own words.
        return queryset.filter(Q(psp_reference=term) | Q(id__in=spelled)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """What happened, and what this person may do about it."""
        payment: Payment = self.shown(request, object_id)
        read = Read.of(payment, with_events=request.user.has_perm(SEND_AGAIN))
        deeds = deeds_for(read, request)
        previews = [first_preview(read, deed) for deed in deeds]
        return TemplateResponse(
            request,
            "payments/payment.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": read.payment.public_id,
                "original": payment,
                **shown(read, request, now=now()),
                "deeds": [(deed, deed.form(read=read, deed=deed.name)) for deed in deeds],
                **{name: value for one in previews for name, value in one.items()},
                "may_see_wire": request.user.has_perm(wire.VIEW),
            },
        )

    def get_urls(self) -> list[Any]:
        """Behind the payment's own address: what is done to it, who would pay for a refund, what PSPs were told."""
        return [
            path(
                "<uuid:payment>/do/<slug:deed>/",
                self.admin_site.admin_view(self.deed),
                name="payments_payment_deed",
            ),
            path(
                "<uuid:payment>/refund-preview/",
                self.admin_site.admin_view(self.preview),
                name="payments_payment_preview",
            ),
            path(
                "<uuid:payment>/wire/",
                self.admin_site.admin_view(self.wire),
                name="payments_payment_wire",
            ),
            *super().get_urls(),
        ]

    def deed(self, request: HttpRequest, payment: UUID, deed: str) -> HttpResponseBase:
        """Ask, or do it."""
        found = next((one for one in DEEDS if one.name == deed), None)
        if found is None:
            raise Http404
        return DeedPage(self, request, self.row(request, str(payment)), found).answer()

    def wire(self, request: HttpRequest, payment: UUID) -> HttpResponseBase:
        """What was said to PSPs about it."""
        return wire.answer(self, request, self.shown(request, str(payment)))

    def preview(self, request: HttpRequest, payment: UUID) -> HttpResponseBase:
        return previewed(request, self.row(request, str(payment)))


_SPELLED = """SELECT id FROM payment_word
    WHERE word IN (payment_word_of('user', %s), payment_word_of('metadata', %s))"""
