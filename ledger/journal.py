"""A transaction as a bookkeeper writes it: what happened, debits, credits."""

from __future__ import annotations

from ledger.transaction import Side, Transaction


def render(transaction: Transaction) -> str:
    """A page of the journal: amounts in major units, aligned by their currency."""
    heading = f"{transaction.kind}  {transaction.source}"
    lines = [
        f"    {'Dr' if entry.type is Side.DEBIT else 'Cr'}  {entry.account:<39}"
        f"{entry.amount.major:>12} {entry.amount.currency}"
        for entry in transaction.entries
    ]
    memo = [f"    {transaction.memo}"] if transaction.memo else []
    return "\n".join([heading, *memo, *lines])
