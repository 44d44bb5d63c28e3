"""What goes wrong on demand: scripted for the next calls, or by probability under a seed.

    timeout_before   never execute, hold the connection, close it without an answer
    timeout_after    execute, then the same
    late             hold first, execute after that, answer only then
    error_before     a server error, nothing executed
    error_after      execute, then a server error
    reset_before     break the connection, nothing executed
    reset_after      execute, then break the connection
    rate_limit       429, nothing executed
    slow_drip        execute, answer one byte each 200 ms
    malformed        execute, answer 200 with a body that is none
    wrong_amount     execute properly, answer with another amount

They befall calls that move something. A look-up is spared unless the name begins with "lookup_".
"""

from __future__ import annotations

import random
from collections import Counter, deque
from typing import Any

_LIST = (
    "timeout_before timeout_after late error_before error_after reset_before reset_after"
    " rate_limit slow_drip malformed wrong_amount"
)
NAMES = frozenset(_LIST.split())
LOOKUP = "lookup_"
_SETTINGS = frozenset(
    ("seed", "probabilities", "next", "hang_seconds", "late_seconds", "search_lag_seconds")
)


class UnknownFault(ValueError):
    """The name is not one of the list above."""


class Faults:
    """The mood of one simulator; a new setting replaces the old one whole."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.injected: Counter[str] = Counter()
        self.set({})

    def set(self, settings: dict[str, Any]) -> None:
        """Raises UnknownFault, and ValueError for a setting that there is not."""
        if unknown := settings.keys() - _SETTINGS:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        probabilities = dict(settings.get("probabilities") or {})
        script = list(settings.get("next") or [])
        for name in (*probabilities, *script):
            if name != "none" and name.removeprefix(LOOKUP) not in NAMES:
                raise UnknownFault(f"no such fault: {name}")
        if "seed" in settings:
            self._random.seed(settings["seed"])
        self.probabilities: dict[str, float] = probabilities
        self.next = deque(name for name in script if not name.startswith(LOOKUP))
        self.next_lookup = deque(name for name in script if name.startswith(LOOKUP))
        self.hang_seconds = float(settings.get("hang_seconds", 15))
        self.late_seconds = float(settings.get("late_seconds", 3))
        self.search_lag_seconds = float(settings.get("search_lag_seconds", 0))

    def draw(self, *, lookup: bool) -> str:
        """The fault of this call without its prefix, or "none"."""
        script = self.next_lookup if lookup else self.next
        name = script.popleft() if script else self._chance(lookup)
        if name != "none":
            self.injected[name] += 1
        return name.removeprefix(LOOKUP)

    def _chance(self, lookup: bool) -> str:
        if not self.probabilities:
            return "none"
        point = self._random.random()  # One draw a call, so that a seed gives one story.
        for name, probability in self.probabilities.items():
            if name.startswith(LOOKUP) is lookup:
                point -= probability
                if point < 0:
                    return name
        return "none"

    def page(self) -> dict[str, Any]:
        return {
            "probabilities": self.probabilities,
            "next": [*self.next, *self.next_lookup],
            "hang_seconds": self.hang_seconds,
            "late_seconds": self.late_seconds,
            "search_lag_seconds": self.search_lag_seconds,
            "injected": dict(self.injected),
        }
