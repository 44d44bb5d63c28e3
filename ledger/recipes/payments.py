"""What a captured payment does to the books, and what undoes it."""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


class FeeExceedsGross(ValueError):
    """The fee on a payment is more than the payment."""


def payment_captured(
    *, merchant: UUID, livemode: bool, psp: str, source: str, gross: Money, fee: Money
) -> Transaction:
    """The PSP owes us the gross; we owe the merchant the gross less our fee.

    Raises FeeExceedsGross when the fee is more than the gross.
    """
    return transaction(
        "payment.captured",
        source,
        debit(chart.psp_receivable(psp), gross),
        credit(chart.merchant_pending(), _net(source, gross, fee)),
        credit(chart.processing_fees(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def capture_reversed(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    reverses: UUID | None = None,
) -> Transaction:
    """The PSP took back a capture it had reported as done: nobody owes anybody, and the fee is not earned.

    `reverses` is the id of the capture in the books. Raises FeeExceedsGross as the capture does.
    """
    return transaction(
        "payment.capture_reversed",
        source,
        debit(chart.merchant_pending(), _net(source, gross, fee)),
        debit(chart.processing_fees(), fee),
        credit(chart.psp_receivable(psp), gross),
        merchant=merchant,
        livemode=livemode,
        reverses=reverses,
    )


def payment_recaptured(
    *, merchant: UUID, livemode: bool, psp: str, source: str, gross: Money, fee: Money
) -> Transaction:
    """A capture that the PSP had taken back was made after all; our fee is earned after all.

    Raises FeeExceedsGross as the capture does.
    """
    return transaction(
        "payment.recaptured",
        source,
        debit(chart.psp_receivable(psp), gross),
        credit(chart.merchant_pending(), _net(source, gross, fee)),
        credit(chart.processing_fees(), fee),
        merchant=merchant,
        livemode=livemode,
    )


def _net(source: str, gross: Money, fee: Money) -> Money:
    if fee > gross:
        raise FeeExceedsGross(f"{source}: a fee of {fee} on {gross}")
    return gross - fee
