"""A line that does not agree with our books: as it is told, as it was taken, and what it was matched with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.clock import rfc3339

#: Of a statement that was just taken.
ODD = """
    WITH odd AS MATERIALIZED (
        SELECT l.row, l.became, l.fee_unexpected, l.rounding FROM statement_line l
        WHERE l.statement_id = %s AND (l.became = 'suspense' OR l.fee_unexpected <> 0 OR l.rounding <> 0)
    ), lines AS MATERIALIZED (SELECT t.* FROM told t WHERE t.row IN (SELECT row FROM odd)),
    movements AS MATERIALIZED (SELECT m.* FROM matched m WHERE m.row IN (SELECT row FROM odd))
    SELECT t.row, t.kind, t.reference, t.object, t.payment, t.ours, t.account, t.currency, t.gross, t.settled_currency,
        t.settled_gross, t.fee, t.net, t.billed, t.rate, t.batch, t.booked_at, t.description,
        l.became, l.fee_unexpected, l.rounding, r.row IS NOT NULL,
        m.merchant_id, m.item, m.payment_id, m.amount, m.currency, m.settled
    FROM odd l
    JOIN lines t ON t.row = l.row
    LEFT JOIN movements m ON m.row = l.row
    LEFT JOIN repeated r ON r.row = l.row
    ORDER BY t.row
"""


@dataclass(frozen=True, slots=True)
class Odd:
    """A line that does not agree, as it is told, and the movement of ours that it was matched with."""

    row: int
    kind: str
    reference: str
    object: str
    payment: str
    ours: str
    account: str
    currency: str
    gross: int
    settled_currency: str
    settled_gross: int
    fee: int
    net: int
    billed: int
    rate: Decimal | None
    batch: str
    booked_at: datetime
    description: str

    became: str
    fee_unexpected: int
    rounding: int
    repeated: bool
    merchant_id: UUID | None
    item: UUID | None
    payment_id: UUID | None
    amount: int | None
    their_currency: str | None
    settled: bool | None

    def told(self) -> dict[str, Any]:
        """The line, as evidence: for people, and so that it can be read back."""
        told = {name: getattr(self, name) for name in _WORDS + _NUMBERS}
        return {
            **told,
            "rate": "" if self.rate is None else str(self.rate),
            "booked_at": rfc3339(self.booked_at),
        }


_WORDS = (
    *("kind", "reference", "object", "payment", "ours", "account", "currency", "settled_currency"),
    *("batch", "description"),
)
_NUMBERS = ("row", "gross", "settled_gross", "fee", "net", "billed")  # Minor units.


def from_evidence(told: dict[str, Any]) -> Odd:
    """The line of a break, as `told` wrote it; nothing that it was matched with."""
    return Odd(
        **{name: told[name] for name in _WORDS + _NUMBERS},
        rate=Decimal(told["rate"]) if told["rate"] else None,
        booked_at=datetime.fromisoformat(told["booked_at"]),
        became="suspense",
        fee_unexpected=0,
        rounding=0,
        repeated=False,
        merchant_id=None,
        item=None,
        payment_id=None,
        amount=None,
        their_currency=None,
        settled=None,
    )
