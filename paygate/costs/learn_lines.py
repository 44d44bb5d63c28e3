"""What PSPs charged for payments, read off the lines of a statement: known, counted, and passed on where agreed.

The charge itself is in the books already, with the statement's settlement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from kernel.db import call, require_transaction
from kernel.ids import encode
from kernel.money import Money
from ledger.recipes.fees import cost_passed_on
from paygate.wiring import COSTS_ARE_PASSED_ON_BY, named


@dataclass(frozen=True, slots=True)
class Charged:
    """What a line of a statement says that a payment cost."""

    merchant_id: UUID
    payment_id: UUID
    livemode: bool
    psp: str
    reference: str  # The PSP's, of the line.
    amount: int  # Minor units, not below zero.
    currency: str
    charged_at: datetime


def learn_lines(lines: Sequence[Charged], *, statement: UUID, now: datetime) -> None:
    """In the caller's transaction; learned twice is counted once. Raises NotYet as COSTS_ARE_PASSED_ON_BY does."""
    require_transaction("What a statement's lines cost")
    if not lines:
        return
    [pass_on] = named([COSTS_ARE_PASSED_ON_BY])
    for whose, payment_id, reference, amount, currency, charged_at in call(
        "cost_learn", orjson.dumps(list(lines)).decode(), statement, now
    ):
        cost = cost_passed_on(
            merchant=whose,
            livemode=lines[0].livemode,
            source=f"{encode('pay', payment_id)}:{reference}",
            cost=Money(amount, currency),
        )
        pass_on(whose, payment_id, cost, at=charged_at)
