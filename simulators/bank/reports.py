"""The reports that the bank has ready: numbered from 1 without gaps, and never changed.

Where there is a folder they are kept there, so that a bank that is started again goes on counting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ENDINGS = {"nacha.return": "ach"}


@dataclass(frozen=True, slots=True)
class Report:
    number: int
    kind: str  # "pain.002", "camt.054", "camt.053" or "nacha.return"
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.number:06d}-{self.kind}.{_ENDINGS.get(self.kind, 'xml')}"

    def shown(self) -> dict[str, Any]:
        return {"number": self.number, "kind": self.kind, "name": self.name}


class Reports:
    """Newest last."""

    def __init__(self, folder: Path | None) -> None:
        self._reports: list[Report] = []
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for number, path in enumerate(sorted(folder.glob("*-*.*")), 1):
                kind = path.stem.partition("-")[2]
                self._reports.append(Report(number, kind, path.read_bytes()))

    def publish(self, kind: str, content: bytes) -> None:
        report = Report(len(self._reports) + 1, kind, content)
        self._reports.append(report)
        if self._folder is not None:
            (self._folder / report.name).write_bytes(content)

    def next_id(self, kind: str) -> str:
        """What the next one is to be called inside."""
        return f"{kind.upper()}-{len(self._reports) + 1:06d}"

    def after(self, number: int, *, most: int) -> list[Report]:
        return self._reports[max(number, 0) :][:most]

    def find(self, number: str) -> Report:
        """Raises LookupError."""
        if not number.isdecimal() or not 0 < int(number) <= len(self._reports):
            raise LookupError(number)
        return self._reports[int(number) - 1]
