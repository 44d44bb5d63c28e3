"""The list of payments, and the page of one: its story, and a button for each thing that may be done about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from paygate.payments.back_office.acting import DeedPage, first_preview, previewed
from paygate.payments.back_office.deeds import DEEDS, SEND_AGAIN, deeds_for
from paygate.payments.back_office.page import Read, shown
from paygate.payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(FoundById, ReadOnly, ModelAdmin):
    list_display = ("public_id", "state", "amount_", "captured_", "psp", "user_id", "created_at")
    list_filter = ("state", "psp", "currency", "livemode")
    ids = {"pay": "id"}
    search_fields = ("psp_reference", "user_id")
    search_help_text = "pay_…, PSP reference or user id"
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="amount")
    def amount_(self, payment: Payment) -> str:
        return str(payment.money(payment.amount))

    @admin.display(description="captured")
    def captured_(self, payment: Payment) -> str:
        return str(payment.money(payment.amount_captured))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """What happened, and what this person may do about it."""
        payment = self.payment(request, object_id)
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
                **shown(read, request, now=now()),
                "deeds": [(deed, deed.form(read=read, deed=deed.name)) for deed in deeds],
                **{name: value for one in previews for name, value in one.items()},
            },
        )

    def get_urls(self) -> list[Any]:
        """Behind the payment's own address: what is done to it, and who would pay for a refund."""
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
            *super().get_urls(),
        ]

    def deed(self, request: HttpRequest, payment: UUID, deed: str) -> HttpResponseBase:
        """Ask, or do it."""
        found = next((one for one in DEEDS if one.name == deed), None)
        if found is None:
            raise Http404
        return DeedPage(self, request, self.payment(request, str(payment)), found).answer()

    def preview(self, request: HttpRequest, payment: UUID) -> HttpResponseBase:
        return previewed(request, self.payment(request, str(payment)))

    def payment(self, request: HttpRequest, object_id: str) -> Payment:
        """The one that the address names. Raises Http404, and PermissionDenied for whoever may not look."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found: Payment | None = Payment.objects.filter(id=UUID(object_id)).first()
        except ValueError:  # An address that somebody typed.
            found = None
        if found is None:
            raise Http404
        return found
