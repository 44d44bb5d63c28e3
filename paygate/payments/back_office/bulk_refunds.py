"""Refund many payments at once: what is left of each, within one's limits at once, above them by a second person.

Each is under the form's key, beside its own id: sent twice, each is refunded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from kernel.clock import now
from kernel.lists import bulk
from kernel.money import Money
from paygate.approvals.ask import UnableToAsk
from paygate.approvals.limits import Bounds, bounds_of, left_today
from paygate.payments import by_hand
from paygate.payments.begin import UnableToProceed
from paygate.payments.models import Payment
from paygate.payments.refund import amount_of
from paygate.staff.step_up import step_up

MOST = 100  # Payments: each is a claim, and a call to a PSP.


def _refund(payment: Payment, asked: bulk.Asked) -> str:
    came = by_hand.refund_by_hand(
        payment,
        amount=None,
        reason="",
        because=asked.because,
        user=asked.request.user,
        key=asked.key,
        at=now(),
    )
    return bulk.Waits("wait for a second person") if isinstance(came, by_hand.Asked) else ""


def _cannot(payment: Payment) -> str:
    try:
        amount_of(payment, None)
    except UnableToProceed as refusal:
        return refusal.message
    return ""


def _left(payment: Payment) -> Money:
    return payment.money(payment.refundable)


def _foretells(request: HttpRequest, payments: Sequence[Payment]) -> list[str]:
    """Which this person's limits allow, in this order, and which take a second person."""
    bounds: dict[str, Bounds] = {}
    spent: dict[tuple[str, bool], Money] = {}
    budgets: dict[tuple[str, bool], Money] = {}
    told = []
    for payment in payments:
        money, purse = _left(payment), (payment.currency, payment.livemode)
        if payment.currency not in bounds:
            bounds[payment.currency] = bounds_of(request.user, payment.currency)
        if purse not in budgets:
            budgets[purse] = left_today(
                request.user, payment.currency, livemode=payment.livemode, at=now()
            )
            spent[purse] = Money.zero(payment.currency)
        single = bounds[payment.currency].single
        if money > single:
            told.append(
                f"second person: above your limit of {single}"
                if single
                else f"second person: you have no limit in {payment.currency}"
            )
        elif spent[purse] + money > budgets[purse]:
            told.append(f"second person: more than the {budgets[purse]} left of your day")
        else:
            spent[purse] += money
            told.append("refunded at once")
    return told


REFUND = bulk.Bulk(
    act="refund",
    title="Refund in full",
    asks="All that is left of each goes back to its payer.",
    do=_refund,
    refusals=(UnableToProceed, UnableToAsk),
    watches=("sequence",),
    money=_left,
    cannot=_cannot,
    foretells=_foretells,
    fresh=step_up,
    most=MOST,
)


class RefundsMany:
    """For the list of payments."""

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.refund")

    @admin.action(description="Refund in full", permissions=["refund"])
    def refund_many(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return bulk.answer(self, request, queryset, REFUND)
