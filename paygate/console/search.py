"""Find anything at once: what the search page and the command palette show for what somebody typed.

Every room's finders (paygate.wiring) are asked that the person may see; one that fails costs its own hits alone.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from kernel.card_numbers import contains_card_number
from kernel.finding import LONGEST, Finder, Found
from paygate import wiring

log = logging.getLogger(__name__)

MOST = 20  # Hits of one kind that are shown; one more is asked for, to tell that there are more.
_FIRST = datetime.min.replace(tzinfo=UTC)

CARD_NUMBER = (
    "That looks like a whole card number. It was not looked for, and is kept nowhere: "
    "type the last four digits."
)
TOO_LONG = f"Nothing is called by more than {LONGEST} characters."


class UnfitQuestion(ValueError):
    """What was typed is not looked for; the words say why."""


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind, the newest first."""

    kind: str
    hits: tuple[Found, ...]
    more: bool  # Than are shown.
    failed: bool = False


def search(text: str, user: Any, *, most: int = MOST) -> list[Group]:
    """What is called `text`, by kind, as far as `user` may see it. Raises UnfitQuestion."""
    text = fit(text)
    if not text:
        return []
    groups = [_ask(finder, text, most) for finder in finders() if user.has_perm(finder.permission)]
    return [group for group in groups if group.hits or group.failed]


def finders() -> list[Finder]:
    """All rooms', in the order of the answers."""
    return [finder for several in wiring.named(wiring.FINDERS) for finder in several]


def fit(text: str) -> str:
    """What was typed, as it is looked for. Raises UnfitQuestion."""
    text = " ".join(text.replace("\0", " ").split())
    if len(text) > LONGEST:
        raise UnfitQuestion(TOO_LONG)
    if contains_card_number(text):
        raise UnfitQuestion(CARD_NUMBER)
    return text


def _ask(finder: Finder, text: str, most: int) -> Group:
    try:
        # Within a transaction a question that fails must not take the others with it.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            found = list(finder.find(text, most + 1))
    except Exception as error:
        log.error("search.failed", extra={"kind": finder.kind, "error": type(error).__name__})
        return Group(finder.kind, (), more=False, failed=True)
    found.sort(key=lambda hit: hit.at or _FIRST, reverse=True)
    return Group(finder.kind, tuple(found[:most]), more=len(found) > most)
