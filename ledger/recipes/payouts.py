"""What a payout does to the books, from its request to the merchant's bank and, sometimes, back.

`source` is the payout: "po_…". `paid_from` is the account of ours that the money leaves: the operating bank
account, or what a PSP owes us where the PSP itself pays the merchant.
"""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def payout_created(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """The amount is set aside: what it is taken from is guarded, so two payouts never share the same money."""
    return transaction(
        "payout.created",
        source,
        debit(chart.merchant_available(), amount),
        credit(chart.payouts_requested(), amount),
        merchant=merchant,
        livemode=livemode,
    )


def payout_canceled(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """Called off before it was sent: the amount is available again."""
    return transaction(
        "payout.canceled",
        source,
        debit(chart.payouts_requested(), amount),
        credit(chart.merchant_available(), amount),
        merchant=merchant,
        livemode=livemode,
    )


def payout_sent(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """On its way: from now on only the bank's word, or the PSP's, moves it."""
    return transaction(
        "payout.sent",
        source,
        debit(chart.payouts_requested(), amount),
        credit(chart.payouts_in_transit(), amount),
        merchant=merchant,
        livemode=livemode,
    )


def payout_paid(
    *, merchant: UUID, livemode: bool, source: str, amount: Money, paid_from: str
) -> Transaction:
    """It left our account for the merchant's: nobody owes anybody any more."""
    return transaction(
        "payout.paid",
        source,
        debit(chart.payouts_in_transit(), amount),
        credit(paid_from, amount),
        merchant=merchant,
        livemode=livemode,
    )


def payout_failed(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """It never left our account: the amount is available again."""
    return transaction(
        "payout.failed",
        source,
        debit(chart.payouts_in_transit(), amount),
        credit(chart.merchant_available(), amount),
        merchant=merchant,
        livemode=livemode,
    )


def payout_returned(
    *, merchant: UUID, livemode: bool, source: str, amount: Money, paid_from: str
) -> Transaction:
    """It had left our account and the merchant's bank sent it back: the amount is available again."""
    return transaction(
        "payout.returned",
        source,
        debit(paid_from, amount),
        credit(chart.merchant_available(), amount),
        merchant=merchant,
        livemode=livemode,
    )
