"""A transaction: one business event in the books, made of debits and credits that balance."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.ids import uuid7
from kernel.money import Money


class Side(StrEnum):
    DEBIT = "DEBIT"
    CREDIT = "CREDIT"

    @property
    def other(self) -> Side:
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class Unbalanced(ValueError):
    """Debits and credits differ in some currency, or there are none at all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an account (a code of ledger.chart), a side, and an amount above zero."""

    account: str
    type: Side
    amount: Money


@dataclass(frozen=True, slots=True)
class Transaction:
    """What happened, and what it does to the accounts of one merchant's book.

    (merchant, kind, source) names the event: it is in the books once, however often it is posted. The id is
    this object's own; an event that is in the books already keeps the id it was first posted with.
    """

    merchant: UUID
    livemode: bool
    kind: str  # "payment.captured"
    source: str  # The id of what caused it: "att_…".
    entries: tuple[Entry, ...]
    memo: str = ""
    reverses: UUID | None = None
    id: UUID = field(default_factory=uuid7, compare=False)

    def reversal(self, *, source: str, memo: str = "") -> Transaction:
        """The transaction that undoes this one, whole; `self.id` must be the id it is in the books with."""
        return replace(
            self,
            kind=f"{self.kind}.reversed",
            source=source,
            entries=tuple(replace(entry, type=entry.type.other) for entry in self.entries),
            memo=memo,
            reverses=self.id,
            id=uuid7(),
        )

    def as_item(self, *, effective_at: datetime) -> dict[str, Any]:
        """As the SQL function ledger_post takes it; `effective_at` is when it happened."""
        return {
            "id": self.id,
            "merchant_id": self.merchant,
            "livemode": self.livemode,
            "kind": self.kind,
            "source": self.source,
            "reverses": self.reverses,
            "memo": self.memo,
            "effective_at": effective_at,
            "entries": [
                {
                    "account": entry.account,
                    "currency": entry.amount.currency,
                    "type": entry.type,
                    "amount": entry.amount.minor,
                }
                for entry in self.entries
            ],
        }


def debit(account: str, amount: Money) -> Entry:
    """Raises ValueError for an amount below zero: debit the other way round is credit."""
    return _entry(account, Side.DEBIT, amount)


def credit(account: str, amount: Money) -> Entry:
    """Raises ValueError for an amount below zero: credit the other way round is debit."""
    return _entry(account, Side.CREDIT, amount)


def debited(account: str, amount: Money) -> Entry:
    """The debit of an amount of either sign: below zero it is a credit."""
    return debit(account, amount) if amount.minor >= 0 else credit(account, -amount)


def credited(account: str, amount: Money) -> Entry:
    """The credit of an amount of either sign: below zero it is a debit."""
    return debited(account, -amount)


def _entry(account: str, side: Side, amount: Money) -> Entry:
    if amount.minor < 0:
        raise ValueError(f"{side.lower()} {account} {amount}: an entry's amount is never negative")
    return Entry(account, side, amount)


def transaction(
    kind: str,
    source: str,
    *entries: Entry,
    merchant: UUID,
    livemode: bool,
    memo: str = "",
    reverses: UUID | None = None,
) -> Transaction:
    """A balanced transaction; lines of nothing (no fee) are left out.

    Raises Unbalanced when debits and credits differ in a currency, or when no line is left.
    """
    lines = tuple(entry for entry in entries if entry.amount)
    off: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        off[line.amount.currency] += (
            line.amount.minor if line.type is Side.DEBIT else -line.amount.minor
        )
    if not lines or any(off.values()):
        raise Unbalanced(f"{kind} {source}: debits less credits are {dict(off)}")
    return Transaction(merchant, livemode, kind, source, lines, memo, reverses)
