"""What would close a break: transactions for the books, and what our own rooms would have to be told before.

A draft clears what stands in suspense for the break, and what stands open at the PSP for the movement that it is about.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel.clock import rfc3339
from kernel.money import Money
from ledger.recipes import corrections
from ledger.transaction import Transaction
from paygate.psp.statements import LineKind
from paygate.reconciliation.models import BANK, Break, Cause
from paygate.reconciliation.odd import Odd


def drafted(break_: Break, line: Odd, *, given_up: bool) -> None:
    """Put to a new break of a line its draft and its news; a line of nothing needs none."""
    if not (line.settled_gross or line.fee or line.billed or line.amount):
        return
    if break_.psp == BANK:
        keep(break_, _of_the_bank(break_, line))
        return
    match break_.cause:
        case Cause.FEE:
            fee = Money(line.fee_unexpected, line.settled_currency)
            keep(break_, corrections.fee_accepted(**of(break_), fee=fee))
        case Cause.FX_ROUNDING:
            rounding = Money(line.rounding, line.settled_currency)
            keep(break_, corrections.rounding_accepted(**in_book(break_), rounding=rounding))
        case Cause.AMOUNT | Cause.CURRENCY:
            keep(break_, _corrected(break_, line))
        case Cause.TIMING if given_up:  # What was written off came after all: so is that.
            nothing = Money.zero(line.settled_currency)
            keep(
                break_,
                corrections.amount_corrected(
                    **of(break_), **_amounts(line), fee_booked=nothing, ours=nothing
                ),
            )
        case Cause.TIMING:
            keep(break_, explained(break_, line, fee_booked=0))
        case Cause.WRONG_MERCHANT_ACCOUNT:
            net = Money(line.net, line.settled_currency)
            keep(break_, corrections.line_not_ours(**of(break_), net=net))
        case Cause.REFUNDED_IN_DASHBOARD:
            break_.news = _refund(line)
            keep(break_, explained(break_, line, fee_booked=0))
        case Cause.CHARGEBACK_NOT_HEARD:
            break_.news = _case(line)
            keep(break_, explained(break_, line, fee_booked=break_.news["fee"]))
        case _:
            keep(break_, corrections.line_unallocated(**of(break_), **_amounts(line)))


def explained(
    break_: Break, line: Odd, *, fee_booked: int, merchant: UUID | None = None
) -> Transaction:
    """The line settles a movement that our books have by now: of that merchant's, or else in the break's book."""
    whose = of(break_, merchant=merchant)
    if line.currency != line.settled_currency:
        ours = Money(line.gross, line.currency)
        return corrections.currency_corrected(**whose, **_amounts(line), ours=ours)
    booked = Money(fee_booked, line.settled_currency)
    return corrections.line_explained(**whose, **_amounts(line), fee_booked=booked)


def in_book(break_: Break, *, merchant: UUID | None = None) -> dict[str, Any]:
    """What every recipe wants to know of a break: in whose book (its own, or that merchant's), and as what."""
    return {
        "merchant": merchant or break_.merchant_id,
        "livemode": break_.livemode,
        "source": break_.public_id,
    }


def of(break_: Break, *, merchant: UUID | None = None) -> dict[str, Any]:
    """The same, for recipes about a PSP."""
    return {**in_book(break_, merchant=merchant), "psp": break_.psp}


def keep(break_: Break, *transactions: Transaction) -> None:
    """Write the draft to the break, as ledger_post takes it; the books give it its moment."""
    break_.draft = [as_kept(one) for one in transactions]


def as_kept(one: Transaction) -> dict[str, Any]:
    """A transaction as a break keeps it: as_item without its id and moment, as JSON."""
    return {
        "merchant_id": str(one.merchant),
        "livemode": one.livemode,
        "kind": one.kind,
        "source": one.source,
        "memo": one.memo,
        "entries": [
            {
                "account": entry.account,
                "currency": entry.amount.currency,
                "type": str(entry.type),
                "amount": entry.amount.minor,
            }
            for entry in one.entries
        ],
    }


def _amounts(line: Odd) -> dict[str, Any]:
    """What every recipe about a line wants to know, as it was settled."""
    settled = line.settled_currency
    return {
        "gross": Money(line.settled_gross, settled),
        "fee": Money(line.fee, settled),
        "billed": Money(line.billed, settled),
    }


def _corrected(break_: Break, line: Odd) -> Transaction:
    """Our movement is settled by what came for it, whatever the difference."""
    assert line.amount is not None
    assert line.their_currency is not None
    ours = Money(line.amount, line.their_currency)
    if ours.currency == line.settled_currency:
        nothing = Money.zero(line.settled_currency)
        return corrections.amount_corrected(
            **of(break_), **_amounts(line), fee_booked=nothing, ours=ours
        )
    return corrections.currency_corrected(**of(break_), **_amounts(line), ours=ours)


def _of_the_bank(break_: Break, line: Odd) -> Transaction:
    """Whose it is nobody knows."""
    came = Money(line.net, line.settled_currency)
    nothing = Money.zero(line.settled_currency)
    return corrections.line_unallocated(**of(break_), gross=came, fee=nothing, billed=nothing)


def _refund(line: Odd) -> dict[str, Any]:
    return {
        "type": "RefundReported",
        "psp_reference": line.payment,
        "reference": line.object or line.reference,
        "amount": abs(line.gross),
        "currency": line.currency,
    }


def _case(line: Odd) -> dict[str, Any]:
    return {
        "type": "CaseReport",
        "psp_reference": line.payment,
        "movement": line.object or line.reference,
        "direction": "withdrawn" if line.kind == LineKind.CHARGEBACK else "reinstated",
        "amount": abs(line.gross),
        "fee": line.fee if line.currency == line.settled_currency else 0,
        "currency": line.currency,
        "at": rfc3339(line.booked_at),
    }
