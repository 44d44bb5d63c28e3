"""What a PSP's settlement does to the books: what it owed us goes to our bank, less what it keeps.

`source` is the statement, and for what arrives at the bank the batch: "stm_…", "stl_…". The amounts are sums over all
lines of a statement that are one merchant's, so any of them may be below zero: then the sides change.
"""

from __future__ import annotations

from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Transaction, credited, debited, transaction


def settlement_booked(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    billed: Money,
    fee_booked: Money,
    fee_unexpected: Money,
) -> Transaction:
    """What the PSP owed us comes to us, less its fee.

    `fee` is taken off, `billed` comes by invoice; of both together `fee_booked` was in the books before, and
    `fee_unexpected` is what no contract says: that waits in suspense.
    """
    charged = fee + billed
    return transaction(
        "settlement.booked",
        source,
        debited(chart.bank(psp), gross - fee),
        debited(chart.psp_fees(psp), charged - fee_booked - fee_unexpected),
        debited(chart.reconciliation_suspense(), fee_unexpected),
        credited(chart.psp_receivable(psp), gross + billed - fee_booked),
        merchant=merchant,
        livemode=livemode,
    )


def settlement_converted(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    settled: Money,
    fee: Money,
    billed: Money,
    fee_booked: Money,
    fee_known: Money,
    fee_unexpected: Money,
    rounding: Money,
) -> Transaction:
    """What the PSP owed us in one currency comes in another, less its fee; our position in both moves.

    `settled` is what came for `gross`, before the fee; `rounding` is what of it the PSP's rate does not give: it waits
    in suspense. `fee_known`, of the fee, was in the books before, as `fee_booked` in the currency of `gross`.
    """
    charged = fee - fee_known + billed
    return transaction(
        "settlement.converted",
        source,
        debited(chart.bank(psp), settled - fee),
        debited(chart.psp_fees(psp), charged - fee_unexpected),
        debited(chart.reconciliation_suspense(), fee_unexpected),
        debited(chart.fx_position(gross.currency), gross - fee_booked),
        credited(chart.fx_position(settled.currency), settled - fee_known - rounding),
        credited(chart.reconciliation_suspense(), rounding),
        credited(chart.psp_receivable(psp), billed),
        credited(chart.psp_receivable(psp), gross - fee_booked),
        merchant=merchant,
        livemode=livemode,
    )


def settlement_unexplained(
    *, merchant: UUID, livemode: bool, psp: str, source: str, net: Money
) -> Transaction:
    """What the PSP settled, and our books do not have so: it waits in suspense for its explanation."""
    return transaction(
        "settlement.unexplained",
        source,
        debited(chart.bank(psp), net),
        credited(chart.reconciliation_suspense(), net),
        merchant=merchant,
        livemode=livemode,
    )


def settlement_arrived(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money
) -> Transaction:
    """What the PSP paid is on our bank account, by the bank's own statement."""
    return transaction(
        "settlement.arrived",
        source,
        debited(chart.operating_bank(), amount),
        credited(chart.bank(psp), amount),
        merchant=merchant,
        livemode=livemode,
    )


def bank_unexplained(*, merchant: UUID, livemode: bool, source: str, amount: Money) -> Transaction:
    """What our bank booked, and nothing of ours explains: it waits in suspense."""
    return transaction(
        "bank.unexplained",
        source,
        debited(chart.operating_bank(), amount),
        credited(chart.reconciliation_suspense(), amount),
        merchant=merchant,
        livemode=livemode,
    )
