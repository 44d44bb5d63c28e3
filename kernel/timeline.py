"""What happened around a payment: each room tells what it knows of it, and the payment's page puts it in order.

paygate.wiring names the functions that tell. A room need not know the others, nor the floor below what is above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

#: No room tells more of one payment than this; the newest are the ones that it tells.
MOST = 200


class Tone(StrEnum):
    """How it went. It is never said by colour alone: the title says it, too."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: datetime
    title: str  # Such as "Dispute opened: 24.95 EUR, fraudulent".
    detail: str = ""
    url: str = ""  # Of its own page, where it has one.
    tone: Tone = Tone.PLAIN
    by: str = ""  # The person who did it, where it was one.
    #: The sources of the ledger's transactions that it brought about, or may have: the page looks for them.
    booked_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """The payment that is told of, by all the names that the rooms may know it by."""

    merchant_id: UUID
    payment_id: UUID
    psp: str
    livemode: bool
    ids: tuple[str, ...]  # Its own public id, and those of its refunds.
    references: tuple[str, ...]  # The PSP's: of the payment, its captures and its refunds.
    since: datetime  # Nothing happened before.


Teller: TypeAlias = Callable[[About], Iterable[Moment]]
