"""What a conversion does to the books, and what a change of rates does to our positions.

Every conversion passes through our position in each of the two currencies at the rate of the market; what the
merchant's rate differs from it by is an entry of its own. So in each currency debits equal credits.
"""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credit, debit, transaction


def converted(
    *,
    merchant: UUID,
    livemode: bool,
    source: str,
    account: str,
    sold: Money,
    bought: Money,
    value: Money,
) -> Transaction:
    """What stands on an account of the merchant's in one currency stands there in another instead.

    `sold` leaves the account, `bought` comes to it; `value` is what `sold` is worth in the currency of `bought`
    at the rate of the market, and what it is more than `bought` is our spread (less: our loss).
    """
    spread = value - bought
    return transaction(
        "fx.converted",
        source,
        debit(account, sold),
        *([debit(chart.fx_income(), -spread)] if spread.minor < 0 else []),
        debit(chart.fx_position(bought.currency), value),
        credit(chart.fx_position(sold.currency), sold),
        credit(account, bought),
        *([credit(chart.fx_income(), spread)] if spread.minor > 0 else []),
        merchant=merchant,
        livemode=livemode,
    )


def converted_back(
    *,
    merchant: UUID,
    livemode: bool,
    source: str,
    account: str,
    owed: Money,
    paid: Money,
    value: Money,
) -> Transaction:
    """What the merchant owes in one currency is paid out of another: the other way round.

    `owed` comes to the account, `paid` leaves it; `value` is what `owed` is worth in the currency of `paid` at the
    rate of the market, and what `paid` is more than it is our spread (less: our loss).
    """
    spread = paid - value
    return transaction(
        "fx.converted",
        source,
        debit(account, paid),
        *([debit(chart.fx_income(), -spread)] if spread.minor < 0 else []),
        debit(chart.fx_position(owed.currency), owed),
        credit(chart.fx_position(paid.currency), value),
        credit(account, owed),
        *([credit(chart.fx_income(), spread)] if spread.minor > 0 else []),
        merchant=merchant,
        livemode=livemode,
    )


def revalued(*, merchant: UUID, livemode: bool, source: str, gain: Money) -> Transaction:
    """Our positions are worth more (or, below zero, less) than when they were last valued.

    `gain` is in the currency in which we value them.
    """
    position, change = chart.fx_position(gain.currency), chart.fx_revaluation()
    lines = (
        (debit(position, gain), credit(change, gain))
        if gain.minor >= 0
        else (debit(change, -gain), credit(position, -gain))
    )
    return transaction("fx.revalued", source, *lines, merchant=merchant, livemode=livemode)
