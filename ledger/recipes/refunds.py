"""What giving back does to the books, and what undoes it."""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def refund_succeeded(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money
) -> Transaction:
    """The PSP gave the payer the amount out of what it owes us; the merchant bears it. Our fee is kept.

    It goes through even where it leaves the merchant owing us: the payer has the money already.
    """
    return transaction(
        "refund.succeeded",
        source,
        debit(chart.merchant_available(), amount),
        credit(chart.psp_receivable(psp), amount),
        merchant=merchant,
        livemode=livemode,
    )


def refund_failed(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money
) -> Transaction:
    """A refund that had succeeded came back: the PSP owes us the amount again, and we the merchant."""
    return transaction(
        "refund.failed",
        source,
        debit(chart.psp_receivable(psp), amount),
        credit(chart.merchant_available(), amount),
        merchant=merchant,
        livemode=livemode,
    )
