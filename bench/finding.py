"""How long the back office's search takes among very many payments.

Nothing but the servers runs beside it, as beside money-out.
"""

from collections.abc import Callable
from typing import Any

from bench.money_out import SERVERS
from bench.run import measure
from stack.up import Stack


def finding(
    stack: Stack, *, payments: int, told: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Questions of each sort, in a database with so many payments more."""
    stack.processes.stop(*(name for name in stack.processes.pids() if name not in SERVERS))
    told(f"looking for things among {payments:,} payments")
    return measure(stack, "looking", payments=payments, owner=stack.databases.owner)
