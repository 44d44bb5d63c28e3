"""What a PSP says that it charged us for payments, where it can be asked: others say so in their settlement files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kernel.money import Money


@dataclass(frozen=True, slots=True)
class Charged:
    """What a PSP kept of one payment, or of one capture of it."""

    reference: str  # The PSP's, of the charge: the same whenever it is told.
    psp_reference: str  # The PSP's, of the payment.
    cost: Money
    at: datetime


class Ledger(Protocol):
    """One PSP's adapter, for costs: the same object as its Gateway."""

    name: str

    def charged_since(self, since: datetime) -> Iterator[Charged]:
        """All that was charged since that moment, newest first. Raises whatever goes wrong in asking; what is in no
        shape that we know is left out, and logged."""
        ...
