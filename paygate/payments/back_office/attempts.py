"""The list of attempts, and the page of one: what we asked a PSP for, and everything it answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import CharField, OuterRef, Subquery
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.ids import encode
from kernel.money import Money
from merchants.models import Merchant
from paygate.payments.back_office import filters, showing, wire
from paygate.payments.back_office.facts import Fact, Facts, routing
from paygate.payments.back_office.finding import NamedRow
from paygate.payments.back_office.story import answer_of
from paygate.payments.back_office.words import OPERATIONS, OUTCOMES, called, exactly, when
from paygate.payments.models import Attempt, Payment


@admin.register(Attempt)
class AttemptAdmin(NamedRow, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("operation_", "amount_", "outcome_", "decline_code", showing.merchant, showing.payment),
        *(showing.psp, "started_at"),
    )
    list_display_links = ("operation_",)
    list_filter = ("operation", "outcome", filters.Psp, filters.Day, filters.Merchant)
    list_filter_submit = True
    ids = {"att": "id", "mer": "merchant_id"}
    search_fields = ()
    search_help_text = "att_… or mer_…"
    ordering = ("-id",)

    @admin.display(description="what")
    def operation_(self, attempt: Attempt) -> str:
        return OPERATIONS[attempt.operation].capitalize()

    @admin.display(description="amount")
    def amount_(self, attempt: Any) -> str:
        return str(Money(attempt.amount, attempt.currency))

    @display(description="outcome", label=showing.LABELS)  # type: ignore[untyped-decorator]
    def outcome_(self, attempt: Attempt) -> showing.Badge:
        said, tone = OUTCOMES[attempt.outcome]
        return tone, said

    def get_queryset(self, request: HttpRequest) -> Any:
        """Each with the currency of its payment, in the same query."""
        paid = Payment.objects.filter(
            merchant_id=OuterRef("merchant_id"), id=OuterRef("payment_id")
        ).values("currency")[:1]
        return showing.with_merchants(super().get_queryset(request)).annotate(
            currency=Subquery(paid, output_field=CharField())
        )

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """So that the box is there: ids alone are looked for."""
        return ("id__isnull",)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip().startswith(tuple(f"{prefix}_" for prefix in self.ids)):
            return (queryset.none() if search_term.strip() else queryset), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[Any]:
        said = path(
            "<uuid:attempt>/wire/",
            self.admin_site.admin_view(self.wire),
            name="payments_attempt_wire",
        )
        return [said, *super().get_urls()]

    def wire(self, request: HttpRequest, attempt: UUID) -> HttpResponseBase:
        """What was said to the PSP about it."""
        return wire.answer(self, request, self.shown(request, str(attempt)))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        attempt: Attempt = self.shown(request, object_id)
        payment = Payment.objects.get(merchant_id=attempt.merchant_id, id=attempt.payment_id)
        outcome, tone = OUTCOMES[attempt.outcome]
        return TemplateResponse(
            request,
            "payments/attempt.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": attempt.public_id,
                "original": attempt,
                "row": attempt,
                "amount": f"{self.operation_(attempt)} of {payment.money(attempt.amount)}",
                "state": outcome,
                "tone": tone,
                "sentence": attempt_sentence(attempt, payment, now=now()),
                "payment": payment,
                "payment_url": showing.page_of_payment(payment.id),
                "payment_id": payment.public_id,
                "payment_amount": payment.money(payment.amount),
                "merchant": Merchant.objects.filter(id=attempt.merchant_id).first(),
                "merchant_url": reverse(
                    "admin:merchants_merchant_change", args=[attempt.merchant_id]
                ),
                "facts": _facts(attempt),
                "may_see_wire": request.user.has_perm(wire.VIEW),
                "wire_url": reverse("admin:payments_attempt_wire", args=[attempt.id]),
            },
        )


def attempt_sentence(attempt: Attempt, payment: Payment, *, now: datetime) -> str:
    """What was asked, and what was answered."""
    outcome, _ = OUTCOMES[attempt.outcome]
    asked = when(attempt.started_at, now=now)
    said = "; ".join(filter(None, answer_of(attempt)))
    next_look = attempt.next_look_at
    if attempt.open and next_look is not None:
        said = "; ".join(filter(None, [said, f"the next look-up is {when(next_look, now=now)}"]))
    return f"{called(attempt.psp)} was asked {asked}: {outcome}{f' ({said})' if said else ''}."


def _facts(attempt: Attempt) -> list[Facts]:
    times = {
        "Asked": attempt.started_at,
        "Taken to be sent": attempt.taken_at,
        "Answered": attempt.finished_at,
        "Next look-up": attempt.next_look_at if attempt.open else None,
    }
    codes = {
        "Our code": attempt.decline_code,
        "PSP's code": attempt.psp_code,
        "PSP's message": attempt.psp_message,
    }
    groups = [
        Facts(
            "References",
            [
                Fact("Attempt", attempt.public_id, attempt.public_id),
                Fact(
                    "Payment", encode("pay", attempt.payment_id), encode("pay", attempt.payment_id)
                ),
                *_refund(attempt),
                *_copied("PSP's reference", attempt.psp_reference),
                *_copied("Merchant's idempotency key", attempt.idempotency_key),
            ],
        ),
        Facts("Answer", [Fact(name, text) for name, text in codes.items() if text]),
        Facts("Times", [Fact(name, exactly(at)) for name, at in times.items() if at]),
        Facts("Routing", [*routing([attempt])]),
    ]
    return [group for group in groups if group.facts]


def _refund(attempt: Attempt) -> list[Fact]:
    if attempt.refund_id is None:
        return []
    name, page = encode("re", attempt.refund_id), "admin:payments_refund_change"
    return [Fact("Refund", name, name, reverse(page, args=[attempt.refund_id]))]


def _copied(name: str, text: str) -> list[Fact]:
    return [Fact(name, text, text)] if text else []
