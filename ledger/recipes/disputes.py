"""What a dispute does to the books. `source` names the dispute and the round: "dp_…:1", "dp_…:2"."""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def dispute_opened(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money, fee: Money
) -> Transaction:
    """The PSP took the amount back while the dispute runs; it and our fee are set aside from the merchant.

    It goes through even where it leaves the merchant owing us: the PSP has the money already.
    """
    return transaction(
        "dispute.opened",
        source,
        debit(chart.psp_disputed(psp), amount),
        debit(chart.merchant_available(), amount + fee),
        credit(chart.psp_receivable(psp), amount),
        credit(chart.merchant_disputed(), amount),
        credit(chart.dispute_fees(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def dispute_won(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money, fee: Money
) -> Transaction:
    """The PSP gave the amount back; it is the merchant's again, and so is our fee."""
    return transaction(
        "dispute.won",
        source,
        debit(chart.psp_receivable(psp), amount),
        debit(chart.merchant_disputed(), amount),
        debit(chart.dispute_fees(), fee),
        credit(chart.psp_disputed(psp), amount),
        credit(chart.merchant_available(), amount + fee),
        merchant=merchant,
        livemode=livemode,
    )


def dispute_lost(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money
) -> Transaction:
    """What was set aside is gone: nobody owes it to anybody any more. Our fee is kept."""
    return transaction(
        "dispute.lost",
        source,
        debit(chart.merchant_disputed(), amount),
        credit(chart.psp_disputed(psp), amount),
        merchant=merchant,
        livemode=livemode,
    )


def dispute_reinstated(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money, fee: Money
) -> Transaction:
    """What we had given up for lost came back all the same: it is the merchant's again, and so is our fee."""
    return transaction(
        "dispute.reinstated",
        source,
        debit(chart.psp_receivable(psp), amount),
        debit(chart.dispute_fees(), fee),
        credit(chart.merchant_available(), amount + fee),
        merchant=merchant,
        livemode=livemode,
    )
