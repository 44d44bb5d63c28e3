"""What becomes of a merchant's money by the passing of time: available, held in reserve, released."""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def funds_available(
    *, merchant: UUID, livemode: bool, source: str, amount: Money, reserve: Money
) -> Transaction:
    """What was captured long enough ago becomes payable, less what is held back for a while.

    `reserve` is the part of `amount` that is held back.
    """
    return transaction(
        "funds.available",
        source,
        debit(chart.merchant_pending(), amount),
        credit(chart.merchant_available(), amount - reserve),
        credit(chart.merchant_reserve(), reserve),
        merchant=merchant,
        livemode=livemode,
    )


def funds_recalled(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """Of what had become payable some was never captured after all: it is payable no more.

    It goes through even where it leaves the merchant owing us: the money never was.
    """
    return transaction(
        "funds.recalled",
        source,
        debit(chart.merchant_available(), amount),
        credit(chart.merchant_pending(), amount),
        merchant=merchant,
        livemode=livemode,
    )


def reserve_released(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """What was held back is the merchant's to be paid."""
    return transaction(
        "reserve.released",
        source,
        debit(chart.merchant_reserve(), amount),
        credit(chart.merchant_available(), amount),
        merchant=merchant,
        livemode=livemode,
    )
