"""Money out for very many merchants, the stack's own clockwork stopped: it would pay them before we do.

The last part of a bench: nothing but the servers runs after it.
"""

from collections.abc import Callable
from typing import Any

from bench.run import measure
from stack.up import Stack

SERVERS = ("postgres", "redis")


def money_out(
    stack: Stack, *, merchants: int, alone: int = 500, told: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Every step for so many merchants at once, and for those `alone` one at a time."""
    pids = stack.processes.pids()
    stack.processes.stop(*(name for name in pids if name not in SERVERS))
    told(f"money out for {merchants:,} merchants")
    return measure(
        stack,
        "paying",
        merchants=merchants,
        alone=alone,
        owner=stack.databases.owner,
        postgres=pids["postgres"],
    )
