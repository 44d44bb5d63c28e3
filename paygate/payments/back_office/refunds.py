"""The list of refunds, and the page of one: what became of it, its attempt, and the books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import encode
from kernel.money import Money
from ledger.journal import render
from merchants.models import Merchant
from paygate.fx.conversion import Conversion
from paygate.payments.back_office import filters, showing
from paygate.payments.back_office.books import posted_for
from paygate.payments.back_office.facts import Fact, Facts, metadata_for
from paygate.payments.back_office.finding import NamedRow
from paygate.payments.back_office.story import in_order, of_attempt, of_refund
from paygate.payments.back_office.words import REFUND_STATES, called, exactly, spaced, when
from paygate.payments.models import Attempt, Payment, Refund, RefundState, Result


@admin.register(Refund)
class RefundAdmin(NamedRow, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("money", showing.state, "because", showing.merchant, showing.payment, showing.psp),
        *("source", "created_at"),
    )
    list_display_links = ("money",)
    list_filter = (
        *("state", "source", filters.Psp, filters.Mode, filters.Day, filters.Currency),
        *(filters.Merchant, filters.AmountRange),
    )
    list_filter_submit = True
    ids = {"re": "id", "pay": "payment_id", "mer": "merchant_id"}
    search_fields = ("psp_reference__exact",)
    search_help_text = "re_…, pay_…, mer_… or the PSP's reference"
    ordering = ("-id",)

    @admin.display(description="because")
    def because(self, refund: Refund) -> str:
        return refund.failure_message or spaced(refund.reason)

    def get_queryset(self, request: HttpRequest) -> Any:
        return showing.with_merchants(super().get_queryset(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        refund: Refund = self.shown(request, object_id)
        payment = Payment.objects.get(merchant_id=refund.merchant_id, id=refund.payment_id)
        attempt: Attempt | None = Attempt.objects.filter(
            merchant_id=refund.merchant_id, refund_id=refund.id
        ).first()
        posted = posted_for(
            refund.merchant_id,
            livemode=refund.livemode,
            sources=[refund.public_id],
            converted=_conversions(payment, refund),
        )
        moments = [*of_refund(refund, attempt)]
        if attempt is not None:
            moments.append(of_attempt(payment, attempt))
        return TemplateResponse(
            request,
            "payments/refund.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": refund.public_id,
                "original": refund,
                "row": refund,
                "amount": f"Refund of {refund.money}",
                "state": spaced(refund.state),
                "tone": REFUND_STATES[refund.state],
                "sentence": refund_sentence(refund, attempt, now=now()),
                "payment_url": showing.page_of_payment(payment.id),
                "payment_id": payment.public_id,
                "payment_amount": payment.money(payment.amount),
                "merchant": Merchant.objects.filter(id=refund.merchant_id).first(),
                "merchant_url": reverse(
                    "admin:merchants_merchant_change", args=[refund.merchant_id]
                ),
                "moments": in_order(moments),
                "posted": [(one, render(one.transaction)) for one in posted],
                "facts": _facts(refund, metadata_for(request, refund)),
                "may_see_books": request.user.has_perm("ledger.view_ledgertransaction"),
            },
        )


def refund_sentence(refund: Refund, attempt: Attempt | None, *, now: datetime) -> str:
    """What became of it, in words for the customer."""
    psp, at = called(refund.psp), when(refund.updated_at, now=now)
    match RefundState(refund.state):
        case RefundState.SUCCEEDED:
            return f"{psp} gave {refund.money} back {at}; banks take some days to show it."
        case RefundState.CANCELED:
            return f"Called off at {psp} {at}: nothing was given back."
        case RefundState.FAILED:
            why = refund.failure_message.rstrip(".") or "the PSP does not say why"
            return f"It failed {at} ({why}): {refund.money} was not given back."
    asked = when(refund.created_at, now=now)
    if attempt is None or attempt.outcome == Result.PENDING:
        return f"Asked for {asked}; {psp} has yet to say. {refund.money} is reserved for it."
    if attempt.outcome == Result.UNKNOWN:
        return (
            f"We asked {psp} {asked} and do not know yet; {refund.money} is reserved for it,"
            " and it is not given back twice."
        )
    return f"Asked for {asked}, and on its way to {psp}; {refund.money} is reserved for it."


def _conversions(payment: Payment, refund: Refund) -> list[str]:
    if payment.conversion is None:
        return []
    parts = Conversion.from_json(payment.conversion).parts
    return [follows for follows in parts if follows.endswith(f":{refund.public_id}")]


def _facts(refund: Refund, metadata: list[Fact]) -> list[Facts]:
    fee = Money(refund.fee, refund.currency)
    groups = [
        Facts(
            "References",
            [
                Fact("Refund", refund.public_id, refund.public_id),
                Fact("Payment", encode("pay", refund.payment_id), encode("pay", refund.payment_id)),
                *_given("PSP's reference", refund.psp_reference),
                *_given("Gives back", refund.of_reference),
            ],
        ),
        Facts(
            "What was agreed",
            [
                Fact("Our fee", str(fee) if refund.fee else "none"),
                Fact("Asked for by", _SOURCES[refund.source]),
                *([Fact("Reason", spaced(refund.reason))] if refund.reason else []),
                Fact("Mode", "live" if refund.livemode else "test"),
                Fact("Created", exactly(refund.created_at)),
                Fact("Last changed", exactly(refund.updated_at)),
                *([Fact("Failure code", refund.failure_code)] if refund.failure_code else []),
            ],
        ),
        Facts("Metadata", metadata),
    ]
    return [group for group in groups if group.facts]


_SOURCES: dict[str, str] = {
    Refund.Source.API: "the merchant",
    Refund.Source.PSP: "somebody in the PSP's own dashboard",
    Refund.Source.BACK_OFFICE: "our staff",
}


def _given(name: str, text: str) -> list[Fact]:
    return [Fact(name, text, text)] if text else []
