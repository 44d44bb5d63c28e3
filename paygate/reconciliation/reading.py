"""What it comes to when a statement is read: what it is and how much it tells, or why it is refused as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement whose lines lie in the temporary table `told`, until the transaction ends."""

    format: str
    identity: str  # What it is a version of. A newer file of the same identity supersedes it.
    lines: int
    until: datetime | None  # When the last of them was booked.


class Refused(Exception):
    """The file is refused: nothing of it was loaded. `row` counts from 1, without the heading; None for the whole."""

    def __init__(self, row: int | None, because: str) -> None:
        super().__init__(because if row is None else f"row {row}: {because}")
        self.row = row
        self.because = because
