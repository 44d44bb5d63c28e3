"""Payouts: to read, with what was told of them and what the books say; to call off, or to take out of a batch."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from unfold.decorators import action

from kernel.back_office import FoundById, ModelAdmin, ReadOnly, ReasonForm, asks, go_to
from kernel.clock import now
from kernel.outbox.models import OutboxEvent
from ledger.finding import with_entries
from ledger.models import LedgerTransaction
from merchants.whose import NamesMerchants
from payouts.back_office.asking import address_of, carry_out, link, stands
from payouts.back_office.batch_words import TONES, payout_sentence
from payouts.batch import Refused, remove
from payouts.cancel import TooLate, cancel
from payouts.models import Payout, State

CANCELABLE = (State.DRAFT, State.PENDING_APPROVAL, State.APPROVED)
REMOVABLE = (State.DRAFT, State.PENDING_APPROVAL)


@admin.register(Payout)
class PayoutAdmin(NamesMerchants, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        *("public_id", "state_", "money", "rail", "method", "whose", "batch_", "created_at"),
    )
    list_filter = ("state", "rail", "method", "currency", "livemode")
    list_select_related = ("batch",)
    ids = {"po": "id", "mer": "merchant_id", "pb": "batch_id", "pd": "destination_id"}
    search_fields = ("psp_reference__exact", "trace__exact")
    search_help_text = "po_…, mer_…, pb_…, pd_…, the PSP's id or a NACHA trace number"
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        *("public_id", "whose", "livemode", "state", "sequence", "money", "rail", "method"),
        *("destination_", "scheduled_for", "batch_", "file_", "trace", "psp_reference"),
        *("description", "statement_descriptor", "metadata", "failure_code", "failure_message"),
        *("outcome", "looks", "next_look_at", "created_at", "updated_at", "sent_at", "arrives_on"),
    )
    change_form_before_template = "payouts/story.html"
    actions_detail = ("call_off", "take_out")

    @admin.display(description="destination")
    def destination_(self, payout: Payout) -> str:
        return link(payout.destination, str(payout.destination))

    @admin.display(description="batch")
    def batch_(self, payout: Payout) -> str:
        return "" if payout.batch is None else link(payout.batch, payout.batch.public_id)

    @admin.display(description="file")
    def file_(self, payout: Payout) -> str:
        return "" if payout.file is None else link(payout.file, payout.file.message_id)

    @admin.display(description="state", ordering="state")
    def state_(self, payout: Payout) -> str:
        return format_html(
            '<span class="console-badge console-{}">{}</span>',
            TONES.get(State(payout.state), "quiet"),
            payout.get_state_display(),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Its fields; above them its story and the books."""
        shown: HttpResponseBase = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **_story(object_id)}
        )
        return shown

    def has_call_off_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("payouts.change_payout") and stands(
            Payout, object_id, state__in=CANCELABLE
        )

    def has_take_out_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("payouts.build_batch") and stands(
            Payout, object_id, state__in=REMOVABLE, batch__isnull=False
        )

    @action(  # type: ignore[untyped-decorator]
        description="Cancel",
        url_path="call-off",
        permissions=["call_off"],
        dialog=asks(
            "Cancel", "The amount is available to the merchant again, who reads the reason."
        ),
    )
    def call_off(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        payout = Payout.objects.get(id=object_id)
        why = form.cleaned_data["reason"]
        return carry_out(
            request,
            payout,
            lambda: cancel(payout, code="canceled_by_platform", message=why, at=now()),
            act="payout.cancel",
            done="Canceled",
            why=why,
            refusals=(TooLate,),
        )

    @action(  # type: ignore[untyped-decorator]
        description="Take out of its batch",
        url_path="take-out",
        permissions=["take_out"],
        dialog=asks("Take out of its batch", "It is a loose draft again, for another batch."),
    )
    def take_out(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        payout = Payout.objects.select_related("batch").get(id=object_id)
        batch = payout.batch
        if batch is None:  # Somebody was quicker.
            return go_to(request, address_of(payout))
        why = form.cleaned_data["reason"]
        by = request.user.get_username()
        return carry_out(
            request,
            payout,
            lambda: remove(batch, [payout.id], by=by, because=why, at=now()),
            act="payout.take_out",
            done="Taken out of its batch",
            why=why,
            refusals=(Refused,),
        )


def _story(object_id: str) -> dict[str, Any]:
    """Where the payout stands, what was told of it, and every entry that it caused."""
    try:
        payout = Payout.objects.select_related("batch").filter(id=UUID(object_id)).first()
    except ValueError:  # An address that somebody typed.
        payout = None
    if payout is None:
        return {}
    told = OutboxEvent.objects.filter(merchant_id=payout.merchant_id, subject=payout.public_id)
    booked = LedgerTransaction.objects.filter(
        merchant_id=payout.merchant_id, source=payout.public_id
    )
    return {
        "payout": payout,
        "tone": TONES.get(State(payout.state), ""),
        "sentence": payout_sentence(payout),
        "told": [
            (event.created_at, event.topic, event.body["status"])
            for event in told.order_by("sequence")
        ],
        "booked": with_entries(list(booked.order_by("id"))),
    }
