"""Fees outside the moment of capture: what a PSP charges us, and what of ours we give back."""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def psp_fee_charged(
    *, merchant: UUID, livemode: bool, psp: str, source: str, fee: Money
) -> Transaction:
    """The PSP keeps its fee out of what it owes us."""
    return transaction(
        "psp.fee_charged",
        source,
        debit(chart.psp_fees(psp), fee),
        credit(chart.psp_receivable(psp), fee),
        merchant=merchant,
        livemode=livemode,
    )


def psp_fee_returned(
    *, merchant: UUID, livemode: bool, psp: str, source: str, fee: Money
) -> Transaction:
    """The PSP gives a fee back: it owes us that as well."""
    return transaction(
        "psp.fee_returned",
        source,
        debit(chart.psp_receivable(psp), fee),
        credit(chart.psp_fees(psp), fee),
        merchant=merchant,
        livemode=livemode,
    )


def processing_fee_returned(
    *, merchant: UUID, livemode: bool, source: str, fee: Money
) -> Transaction:
    """We give the merchant a processing fee back; it becomes available like any other money of theirs."""
    return transaction(
        "fee.returned",
        source,
        debit(chart.processing_fees(), fee),
        credit(chart.merchant_pending(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def refund_fee_charged(*, merchant: UUID, livemode: bool, source: str, fee: Money) -> Transaction:
    """What we charge for a refund that succeeded; it goes through even where it leaves the merchant owing us."""
    return transaction(
        "refund.fee_charged",
        source,
        debit(chart.merchant_available(), fee),
        credit(chart.refund_fees(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def refund_fee_returned(*, merchant: UUID, livemode: bool, source: str, fee: Money) -> Transaction:
    """The refund came back after it had succeeded: so does what we charged for it."""
    return transaction(
        "refund.fee_returned",
        source,
        debit(chart.refund_fees(), fee),
        credit(chart.merchant_available(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def cost_passed_on(*, merchant: UUID, livemode: bool, source: str, cost: Money) -> Transaction:
    """Interchange++: what the PSP charged us for a payment, the merchant bears.

    It goes through even where it leaves the merchant owing us: the PSP has charged it already.
    """
    return transaction(
        "fee.cost_passed_on",
        source,
        debit(chart.merchant_available(), cost),
        credit(chart.passed_on_costs(), cost),
        merchant=merchant,
        livemode=livemode,
    )
