"""What must be true of the money, said so that PostgreSQL can be asked: each room brings its own (paygate.wiring)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about the money, and the query for what contradicts it."""

    says: str
    against: str
