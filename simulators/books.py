"""The simulator's own books: one line for each thing that really happened, and never a second version.

They are the witness in every proof: what the platform believes is held against them, so they know
nothing of it, and are written at the moment of the effect, whatever becomes of the answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from simulators.clock import Clock

#: What an entry may tell of. What the PSP owes is captured - capture_failed - refunded + refund_failed
#: - disputed + reinstated - dispute_fee + dispute_fee_returned - processing_fee
#: - paid_out + payout_returned - converted - settled.
KINDS = (
    "authorized",
    "captured",
    "canceled",
    "expired",
    "declined",
    "capture_failed",
    "refunded",  # Also a void of what was taken and not settled yet.
    "refund_failed",  # After it had been "refunded".
    "disputed",  # The disputed amount was withdrawn.
    "reinstated",
    "dispute_fee",
    "dispute_fee_returned",
    "processing_fee",  # What the PSP keeps of a capture.
    "paid_out",  # To a merchant of ours: `payment` and `attempt` are then the payout.
    "payout_returned",
    "converted",  # When it was settled, out of this currency; below zero what came into this one.
    "settled",  # Paid to our bank: `payment` is then the batch. Below zero what was taken from there.
)

_OWED = {
    "captured": 1,
    "capture_failed": -1,
    "refunded": -1,
    "refund_failed": 1,
    "disputed": -1,
    "reinstated": 1,
    "dispute_fee": -1,
    "dispute_fee_returned": 1,
    "processing_fee": -1,
    "paid_out": -1,
    "payout_returned": 1,
    "converted": -1,
    "settled": -1,
}


class Books:
    """Append-only, in memory and as one line of JSON each in the file; goes on where the file ends."""

    def __init__(self, psp: str, clock: Clock, path: Path | None) -> None:
        self.psp = psp
        self._clock = clock
        self._entries: list[dict[str, Any]] = []
        self._totals: dict[str, dict[str, int]] = {}
        self._file: TextIO | None = None
        self.folder = None if path is None else path.parent
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                for line in path.read_text().splitlines():
                    self._count(json.loads(line))
            self._file = path.open("a", buffering=1)  # Line by line: a killed simulator loses none.

    def write(
        self,
        kind: str,
        *,
        payment: str,
        attempt: str,
        reference: str,
        amount: int,
        currency: str,
    ) -> None:
        """`amount` is in ISO 4217 minor units; `attempt` is the idempotency key that caused it."""
        assert kind in KINDS, kind
        entry = {
            "seq": len(self._entries) + 1,
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "kind": kind,
            "payment": payment,
            "attempt": attempt,
            "reference": reference,
            "amount": amount,
            "currency": currency,
        }
        self._count(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")

    def _count(self, entry: dict[str, Any]) -> None:
        self._entries.append(entry)
        totals = self._totals.setdefault(entry["currency"], dict.fromkeys(KINDS, 0))
        totals[entry["kind"]] += entry["amount"]

    def owed(self, currency: str) -> int:
        """What the PSP owes by these books, in ISO 4217 minor units."""
        totals = self._totals.get(currency, {})
        return sum(sign * totals.get(kind, 0) for kind, sign in _OWED.items())

    def funds(self, currency: str) -> int:
        """What merchants can be paid out of: what was settled is taken from our bank again where it is needed."""
        return self.owed(currency) + self._totals.get(currency, {}).get("settled", 0)

    def page(self, *, since: int = 0) -> dict[str, Any]:
        """The entries after number `since`, and the totals of all of them."""
        return {"psp": self.psp, "totals": self._totals, "entries": self._entries[max(since, 0) :]}
