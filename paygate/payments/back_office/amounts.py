"""A payment's amounts, as a table: what was asked for, held, taken and given back, and what is left to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.money import Money
from paygate.costs.models import PaymentCost
from paygate.payments.back_office.books import Posted, net_to_merchant, our_income
from paygate.payments.back_office.words import called
from paygate.payments.models import Payment


@dataclass(frozen=True, slots=True)
class Amount:
    """A line of the table. What is nothing is shown faintly."""

    name: str
    shown: str
    note: str = ""
    faint: bool = False
    sums_up: bool = False


def amounts(payment: Payment, posted: Sequence[Posted], cost: PaymentCost | None) -> list[Amount]:
    """What the payment's row says, and below what its transactions in the books come to."""
    taken = [
        ("Asked for", payment.amount, ""),
        ("Authorized", payment.amount_authorized, ""),
        ("Captured", payment.amount_captured, ""),
        ("Still held", payment.capturable, "can be captured"),
        ("Given back", payment.amount_refunded, ""),
        ("On its way back", payment.amount_refund_pending, ""),
        ("Disputed", payment.amount_disputed, "taken back by the bank"),
    ]
    lines = [
        Amount(name, str(payment.money(minor)), note if minor else "", faint=not minor)
        for name, minor, note in taken
    ]
    return [
        *lines,
        *_sum(payment, "Our fees", our_income(posted), "as posted"),
        _cost(payment, cost),
        *_sum(payment, "Net to the merchant", net_to_merchant(posted), "as posted", sums_up=True),
    ]


def _sum(
    payment: Payment, name: str, sums: Sequence[Money], note: str, *, sums_up: bool = False
) -> list[Amount]:
    """A line for each currency; of a payment that left nothing, one that says so."""
    if not sums:
        return [Amount(name, str(payment.money(0)), faint=True, sums_up=sums_up)]
    return [Amount(name, str(sum_), note, sums_up=sums_up) for sum_ in sums]


def _cost(payment: Payment, cost: PaymentCost | None) -> Amount:
    name = f"{called(payment.psp)}'s costs"
    if cost is None:
        return Amount(name, "not known", faint=True)
    passed = "; the merchant bears them" if cost.passed_on else ""
    if cost.actual is None:
        return Amount(name, cost.shown("expected"), f"expected, not charged yet{passed}")
    expected = f"; {cost.shown('expected')} expected" if cost.deviation else ""
    return Amount(name, cost.shown("actual"), f"charged{expected}{passed}")
