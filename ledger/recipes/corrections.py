"""What closing a break of reconciliation does to the books: what waits in suspense, or stands open at the PSP, goes
where it belongs.

`source` is the break, "brk_…"; where one needs several transactions, "brk_…:2" and so on. Amounts are signed as in a
statement: above zero is what the PSP owes us, below zero what it takes; a fee is a cost above zero. `gross` is before
the PSP's fee, in the currency of settlement; `billed` is a fee that comes by invoice; of both together `fee_booked` was
in the books before. `memo` is for what a reader of the books should know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from kernel.money import Money
from ledger import chart
from ledger.transaction import Entry, Side, Transaction, credited, debited, transaction

RESOLVED = "reconciliation.resolved"
WRITTEN_OFF = "reconciliation.written_off"


def line_explained(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    billed: Money,
    fee_booked: Money,
    memo: str = "",
) -> Transaction:
    """A line that waited for its explanation is what our books have by now: it settles that.

    After a refund, or a chargeback, that we had not heard of, was told to our books; or where only the time was
    different.
    """
    return amount_corrected(
        merchant=merchant,
        livemode=livemode,
        psp=psp,
        source=source,
        gross=gross,
        fee=fee,
        billed=billed,
        fee_booked=fee_booked,
        ours=gross,
        memo=memo,
    )


def amount_corrected(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    billed: Money,
    fee_booked: Money,
    ours: Money,
    memo: str = "",
) -> Transaction:
    """The PSP settled another amount than ours: what it owed us is settled by it, and the difference written off."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), gross - fee),
        debited(chart.psp_fees(psp), fee + billed - fee_booked),
        debited(chart.write_offs(), ours - gross),
        credited(chart.psp_receivable(psp), ours + billed - fee_booked),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def currency_corrected(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    billed: Money,
    ours: Money,
    memo: str = "",
) -> Transaction:
    """The PSP settled in another currency than ours: a conversion that nobody had told us of.

    Our position in both moves; `ours` is what our books have, in its own currency.
    """
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), gross - fee),
        debited(chart.psp_fees(psp), fee + billed),
        debited(chart.fx_position(ours.currency), ours),
        credited(chart.fx_position(gross.currency), gross),
        credited(chart.psp_receivable(psp), billed),
        credited(chart.psp_receivable(psp), ours),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def line_unallocated(
    *,
    merchant: UUID,
    livemode: bool,
    psp: str,
    source: str,
    gross: Money,
    fee: Money,
    billed: Money,
    memo: str = "",
) -> Transaction:
    """What the PSP settled is not ours: it is kept apart until whoever it belongs to has it back.

    For a payment that nobody knows, and one captured or told a second time. Below zero: the PSP took it of us, and has
    to give it back.
    """
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), gross - fee),
        debited(chart.psp_fees(psp), fee + billed),
        credited(chart.psp_receivable(psp), billed),
        credited(chart.unallocated(), gross),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def line_not_ours(
    *, merchant: UUID, livemode: bool, psp: str, source: str, net: Money, memo: str = ""
) -> Transaction:
    """A line of somebody else's account stood in our statement: nothing of it is paid to us."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), net),
        credited(chart.bank(psp), net),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def fee_accepted(
    *, merchant: UUID, livemode: bool, psp: str, source: str, fee: Money, memo: str = ""
) -> Transaction:
    """The PSP charged a fee that no contract says, and it is accepted; below zero: it charged less."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.psp_fees(psp), fee),
        credited(chart.reconciliation_suspense(), fee),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def rounding_accepted(
    *, merchant: UUID, livemode: bool, source: str, rounding: Money, memo: str = ""
) -> Transaction:
    """What a conversion gave more than its rate is ours; below zero: it gave less."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), rounding),
        credited(chart.fx_income(), rounding),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def batch_difference_accepted(
    *, merchant: UUID, livemode: bool, psp: str, source: str, difference: Money, memo: str = ""
) -> Transaction:
    """A settlement came to our bank as another amount than its lines: below zero, the PSP kept a cost of it."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.reconciliation_suspense(), difference),
        credited(chart.psp_fees(psp), difference),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def receivable_given_up(
    *, merchant: UUID, livemode: bool, psp: str, source: str, owed: Money, memo: str = ""
) -> Transaction:
    """What no statement tells of is given up: our loss, or, where the PSP never took what it had to, our gain."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.write_offs(), owed),
        credited(chart.psp_receivable(psp), owed),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def batch_given_up(
    *, merchant: UUID, livemode: bool, psp: str, source: str, amount: Money, memo: str = ""
) -> Transaction:
    """What a PSP says that it paid never came to our bank, and is given up."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.write_offs(), amount),
        credited(chart.bank(psp), amount),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def payout_not_found(
    *, merchant: UUID, livemode: bool, source: str, amount: Money, memo: str = ""
) -> Transaction:
    """A payout that our books have as paid never left our bank account: it is kept apart until its end is known."""
    return transaction(
        RESOLVED,
        source,
        debited(chart.operating_bank(), amount),
        credited(chart.unallocated(), amount),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )


def written_off(
    *, merchant: UUID, livemode: bool, source: str, cleared: Iterable[Entry], memo: str = ""
) -> Transaction:
    """A break is given up unexplained: what is in suspense for it, or open at the PSP, is cleared against write-offs.

    `cleared` are the entries that clear it, of one side or both; what they lack to balance, in each currency, is our
    loss or gain.
    """
    lines = tuple(cleared)
    lacking: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        lacking[line.amount.currency] += (
            -line.amount.minor if line.type is Side.DEBIT else line.amount.minor
        )
    return transaction(
        WRITTEN_OFF,
        source,
        *lines,
        *(
            debited(chart.write_offs(), Money(minor, currency))
            for currency, minor in sorted(lacking.items())
        ),
        merchant=merchant,
        livemode=livemode,
        memo=memo,
    )
