"""All that the page of one payment shows, read in a number of queries that does not grow with the payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from kernel.audit.models import Entry
from kernel.audit.timeline import ended_so, in_words
from kernel.outbox.models import OutboxEvent
from ledger.journal import render
from merchants.models import Merchant
from paygate.approvals.models import Request
from paygate.approvals.models import State as Asked
from paygate.costs.models import PaymentCost
from paygate.fx.conversion import Conversion
from paygate.payments.back_office.amounts import amounts
from paygate.payments.back_office.books import Posted, posted_for
from paygate.payments.back_office.facts import facts, metadata_for, order_of
from paygate.payments.back_office.sentence import sentence
from paygate.payments.back_office.story import about, in_order, own, told_by_rooms
from paygate.payments.back_office.words import STATES, card, spaced, stamp
from paygate.payments.find import attempts_of, refunds_of
from paygate.payments.models import Attempt, Payment, Refund

AGAIN = 20  # Events that are offered to be told again.
SEEN = 20  # Entries of the audit log below the page; the rest is a click away.


@dataclass(frozen=True, slots=True)
class Read:
    """A payment with all that belongs to it."""

    payment: Payment
    attempts: list[Attempt]
    refunds: list[Refund]
    merchant: Merchant | None
    events: list[OutboxEvent]  # What its merchant may be told again, newest first.

    @classmethod
    def of(cls, payment: Payment, *, with_events: bool) -> Read:
        merchant = Merchant.objects.filter(id=payment.merchant_id).first()
        attempts, refunds = attempts_of(payment), refunds_of(payment)
        events = _events(payment, refunds) if with_events else []
        return cls(payment, attempts, refunds, merchant, events)

    @property
    def open_attempt(self) -> Attempt | None:
        """The last one of which nobody knows how it ended."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.open), None)

    def sentence(self, *, now: datetime) -> str:
        return sentence(self.payment, self.attempts, self.refunds, now=now)


def _events(payment: Payment, refunds: Sequence[Refund]) -> list[OutboxEvent]:
    return list(
        OutboxEvent.objects.filter(
            merchant_id=payment.merchant_id,
            subject__in=[payment.public_id, *(refund.public_id for refund in refunds)],
            created_at__gte=payment.created_at,
        )
        .defer("body")
        .order_by("-created_at", "-position")[:AGAIN]
    )


def shown(read: Read, request: HttpRequest, *, now: datetime) -> dict[str, Any]:
    """The template's words for it (payments/payment.html)."""
    payment = read.payment
    moments = [*own(payment, read.attempts, read.refunds)]
    moments += told_by_rooms(about(payment, read.attempts, read.refunds))
    posted = _posted(payment, [source for one in moments for source in one.booked_as])
    cost = PaymentCost.objects.filter(
        merchant_id=payment.merchant_id, payment_id=payment.id
    ).first()
    return {
        "payment": payment,
        "amount": payment.money(payment.amount),
        "state": spaced(payment.state),
        "tone": STATES[payment.state],
        "sentence": read.sentence(now=now),
        "waiting": _waiting(payment),
        "merchant": read.merchant,
        "merchant_url": reverse("admin:merchants_merchant_change", args=[payment.merchant_id]),
        "created": stamp(payment.created_at),
        "order": order_of(payment.metadata),
        "card": card(payment.card.get("brand", ""), payment.last4),
        "amounts": amounts(payment, posted, cost),
        "moments": in_order(moments),
        "posted": [(one, render(one.transaction)) for one in posted],
        "facts": facts(payment, read.attempts, read.merchant, metadata_for(request, payment)),
        "log": _log(payment) if request.user.has_perm("kernel.view_entry") else None,
        "may_see_requests": request.user.has_perm("approvals.view_request"),
        "may_see_books": request.user.has_perm("ledger.view_ledgertransaction"),
    }


def _posted(payment: Payment, sources: list[str]) -> list[Posted]:
    parts = Conversion.from_json(payment.conversion).parts if payment.conversion else {}
    return posted_for(
        payment.merchant_id,
        livemode=payment.livemode,
        sources=set(sources),
        converted=parts,
    )


def _waiting(payment: Payment) -> list[tuple[Request, str]]:
    """What a second person has to decide, so that nobody asks for it again; with the page to do so."""
    asked = Request.objects.filter(subject=payment.public_id, state=Asked.PENDING).order_by("id")
    return [
        (one, reverse("admin:approvals_request_change", args=[one.id])) for one in asked[:AGAIN]
    ]


def _log(payment: Payment) -> list[tuple[Entry, str]]:
    entries = Entry.objects.filter(subject=payment.public_id).order_by("-position")[:SEEN]
    return [(entry, f"{in_words(entry.act)}: {_ended(entry)}") for entry in entries]


def _ended(entry: Entry) -> str:
    return str(entry.outcome) if entry.outcome == Entry.Outcome.SEEN else ended_so(entry)[0]
