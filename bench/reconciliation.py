"""The night for a very large file, the stack's own clockwork stopped: it would read it before we do.

Nothing but the servers runs after it, as after money-out.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bench.money_out import SERVERS
from bench.run import measure
from stack.up import Stack


def reconciliation(
    stack: Stack, *, lines: Sequence[int], told: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """A file of each of these numbers of lines, against as many payments."""
    pids = stack.processes.pids()
    stack.processes.stop(*(name for name in pids if name not in SERVERS))
    measured = []
    for number in lines:
        told(f"a file of {number:,} lines")
        measured.append(
            measure(
                stack,
                "reconciling",
                lines=number,
                owner=stack.databases.owner,
                postgres=pids["postgres"],
            )
        )
    return measured
