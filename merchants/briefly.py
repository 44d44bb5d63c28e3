"""What a process may believe for some seconds without asking again: keys and fee plans."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Briefly(Generic[K, V]):
    """Remembers what `load` found for a key, for as many seconds as `seconds()` says.

    Finding nothing (None) is not remembered, so that guesses cannot fill the memory. Safe to use from
    many threads: each operation on the dictionary is one step, and loading twice does no harm.
    """

    MOST = 10_000  # Entries; then all are forgotten, which costs one query each.

    def __init__(self, load: Callable[[K], V | None], *, seconds: Callable[[], float]) -> None:
        self._load = load
        self._seconds = seconds
        self._found: dict[K, tuple[float, V]] = {}

    def __call__(self, key: K) -> V | None:
        found = self._found.get(key)
        if found is not None and time.monotonic() - found[0] < self._seconds():
            return found[1]
        asked = time.monotonic()  # Before the query: what it reads may be out of date when it ends.
        value = self._load(key)
        if value is None:
            self._found.pop(key, None)
        else:
            if len(self._found) >= self.MOST:
                self._found.clear()
            self._found[key] = (asked, value)
        return value

    def forget(self) -> None:
        self._found.clear()
