"""How the back office finds things: each room says how its own are found, by whatever a person has in hand.

paygate.wiring names the lists; the search box and the command palette (paygate.console) ask all of them that the person
may look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.ids import InvalidId, decode, homeward

LONGEST = 500  # Characters of what is looked for: as long as a value of metadata can be.
REFERENCE = 255  # Characters of what a PSP or a bank calls a thing.

_ID = re.compile(r"[a-z]{2,6}_[0-9a-z]{26}")


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


def id_in(prefix: str, text: str) -> UUID | None:
    """The id that was typed: one of ours of that kind, in whatever case, or a bare UUID; else None."""
    try:
        return decode(prefix, homeward(text))
    except InvalidId:
        return _uuid(text)


def is_id(text: str) -> bool:
    """Is it an id alone, such as there is one page for?"""
    return bool(_ID.fullmatch(homeward(text))) or _uuid(text) is not None


def reference_in(text: str) -> str | None:
    """One word, as a PSP or a bank calls a thing of its own; None for our ids, and for what no reference is."""
    one_word = 2 < len(text) <= REFERENCE and not any(map(str.isspace, text))
    return text if one_word and not is_id(text) else None


def joined(*parts: str) -> str:
    """The parts of a detail that there are."""
    return " · ".join(filter(None, parts))


def _uuid(text: str) -> UUID | None:
    if len(text) != 36:  # Not what UUID() would take as well: braces, "urn:", no hyphens.
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
