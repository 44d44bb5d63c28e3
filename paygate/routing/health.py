"""Is a PSP well? A breaker in Redis, shared by all processes, that fails open.

Each call's end is counted in a ten-second bucket. A PSP is unwell when, over the last 30 seconds, at
least `ENOUGH` calls ended and half of them or more ended without an answer. Then routing leaves it out,
save for one payment in `PROBE` that goes there to see whether it is back. Without Redis every PSP is well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypeAlias

from redis import Redis

from kernel.shortcuts import shortcut

BUCKET = 10  # Seconds.
BUCKETS = 3
ENOUGH = 20
PROBE = 20
KNOWN_FOR = 0.5  # Seconds for which a process believes what it last read.


@dataclass(frozen=True, slots=True)
class Health:
    """How the last 30 seconds went."""

    well: int
    ill: int

    @property
    def open(self) -> bool:
        """Is the breaker open (the PSP unwell)?"""
        return self.well + self.ill >= ENOUGH and self.ill >= self.well


WELL = Health(0, 0)
Counts: TypeAlias = list[tuple[bytes | None, bytes | None]]
_known: dict[str, tuple[float, Health]] = {}


def _name(psp: str, bucket: int) -> str:
    return f"health:{psp}:{bucket}"


def record(psp: str, *, well: bool) -> None:
    """Count the end of one call."""
    name = _name(psp, int(time.time()) // BUCKET)

    def count(r: Redis) -> None:
        if r.hincrby(name, "well" if well else "ill", 1) == 1:  # Else it is set to expire already.
            r.expire(name, BUCKET * (BUCKETS + 1))

    shortcut(count, otherwise=None)


def health(psp: str) -> Health:
    """How the PSP is; WELL when Redis does not say."""
    at, known = _known.get(psp, (0.0, WELL))
    if time.monotonic() - at < KNOWN_FOR:
        return known
    bucket = int(time.time()) // BUCKET

    def read(r: Redis) -> Counts:
        pipe = r.pipeline(transaction=False)
        for back in range(BUCKETS):
            pipe.hmget(_name(psp, bucket - back), "well", "ill")
        counted: Counts = pipe.execute()
        return counted

    nothing: Counts = []
    counts = shortcut(read, otherwise=nothing)
    known = Health(
        well=sum([int(well or 0) for well, _ in counts]),
        ill=sum([int(ill or 0) for _, ill in counts]),
    )
    _known[psp] = (time.monotonic(), known)
    return known


def forget() -> None:
    """Drop what this process believes (for tests)."""
    _known.clear()
