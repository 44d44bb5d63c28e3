"""The rows of a settlement file before they are written in a PSP's own format.

All three PSPs settle from their own books: what happened since the last cut, in rows that add up to what is paid to
the merchant's bank. What is planted in them to be found (mistakes.py) is planted here, before anybody's format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(slots=True)
class Row:
    """Amounts are in ISO 4217 minor units and signed as the merchant sees them: a refund is below zero.

    `net` is `settled_gross` less `fee`; `billed` is a fee that comes by invoice instead. `kind` is one of "capture",
    "capture_reversed", "refund", "refund_reversed", "chargeback", "chargeback_reversed", "payout", "payout_returned",
    "fee", "other" and "settlement".
    """

    kind: str
    reference: str  # The row's own name.
    object: str  # What it is about: a charge, a modification, a dispute.
    payment: str  # The PSP's reference of the payment.
    ours: str  # The merchant's reference of it.
    order: str  # The merchant's reference of the payment.
    account: str
    currency: str
    gross: int
    settled_currency: str
    settled_gross: int
    fee: int
    billed: int
    rate: Decimal | None
    batch: str
    at: datetime
    description: str = ""

    @property
    def net(self) -> int:
        return self.settled_gross - self.fee


@dataclass(slots=True)
class Planted:
    """A mistake that was made in a file on purpose: what the file says differs from what was done."""

    mistake: str
    reference: str  # Of the row, or of the one that is missing.
    object: str
    payment: str
    order: str
    currency: str
    amount: int  # By how much the file is wrong.


@dataclass(slots=True)
class File:
    """One file as it was published, and what was planted in it."""

    name: str
    content: bytes
    rows: int
    planted: list[Planted] = field(default_factory=list)
