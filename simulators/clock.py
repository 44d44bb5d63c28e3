"""The time at the PSP: real time plus what the tests have let pass, so that a week takes a moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Never goes back; starts at real time."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass at once. Raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._ahead += seconds

    def timestamp(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time() + self._ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)
