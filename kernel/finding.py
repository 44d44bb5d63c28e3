"""How the back office finds things: each room says how its own are found, by whatever a person has in hand.

paygate.wiring names the lists; the search box and the command palette (paygate.console) ask all of them that the person
may look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One hit: what it is, in words a person knows it by, and where its page is."""

    title: str  # Such as "24.95 EUR captured".
    detail: str  # What tells it from the others: "pay_… · order 1001 · Kiosk am Park".
    url: str
    at: datetime | None = None  # When it was made: newer ones come first.


@dataclass(frozen=True, slots=True)
class Finder:
    """One kind of thing. `find` is given the text as it was typed, stripped, and the most hits that are wanted."""

    kind: str  # The heading of its hits: "Payments".
    permission: str  # Who may see them: "payments.view_payment".
    find: Callable[[str, int], Iterable[Found]]
