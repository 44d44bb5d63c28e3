"""What a stretch of work takes of everything: milliseconds of CPU by part, WAL bytes and commits."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from bench import cpu, database
from stack.up import Stack

V = TypeVar("V", int, float)


def reading(stack: Stack) -> dict[str, float]:
    """So far; what lies between two of these is `cpu.between`."""
    return {**cpu.by_part(stack.processes.pids()), **database.counters(stack)}


def added(counts: Iterable[Mapping[str, V]]) -> dict[str, V]:
    """All together, name by name."""
    total: dict[str, V] = {}
    for count in counts:
        for name, value in count.items():
            total[name] = total[name] + value if name in total else value
    return total


def each(spent: Mapping[str, float], number: int) -> dict[str, float]:
    """For each of so many; of none it is what was spent on the attempt."""
    return {name: value / max(number, 1) for name, value in spent.items()}
