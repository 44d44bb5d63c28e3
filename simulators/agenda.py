"""What will happen at a PSP by itself, and when: holds lapse, refunds go through, banks decide."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heappop, heappush

from simulators.clock import Clock


class Agenda:
    """Acts in the order of their moments (seconds since 1970); each says itself whether it still applies.

    When much time passes at once, what an act puts down counts from the act's own moment, so that a
    month in one step ends as a month of many steps does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._moment: float | None = None

    def now(self) -> float:
        """The moment of the act that is being carried out; otherwise the clock's."""
        return self._clock.timestamp() if self._moment is None else self._moment

    def put(self, moment: float, act: Callable[[], None]) -> None:
        heappush(self._due, (moment, next(self._numbers), act))

    def run(self) -> None:
        """Carry out what is due by now, and what becomes due by it."""
        until = self._clock.timestamp()
        try:
            while self._due and self._due[0][0] <= until:
                self._moment, _, act = heappop(self._due)
                act()
        finally:
            self._moment = None
