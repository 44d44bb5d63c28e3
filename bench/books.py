"""The books by themselves: transactions a second by `post` and `post_many`, and what a balance takes."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from bench import cpu
from bench.run import begin, measure, result_of
from stack.up import Stack

STARTING = 1.0  # Seconds that a poster may take to start; all begin to post at the same moment.
BATCHES = {"post": 1, "post_many by 100": 100}
BOOKS = {"one hot merchant": 1, "spread over 1,000": 1_000}


def books(
    stack: Stack,
    *,
    connections: Sequence[int],
    seconds: float,
    entries: int,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Each way to post, hot and spread, at each number of connections; and a balance over `entries`."""
    measured = []
    for way, batch in BATCHES.items():
        for spread, merchants in BOOKS.items():
            for number in connections:
                told(f"{way}, {spread}, {number} connections")
                cost = one(
                    stack, batch=batch, merchants=merchants, connections=number, seconds=seconds
                )
                measured.append({"way": way, "books": spread, **cost})
    told(f"a balance over {entries:,} entries")
    return {"posting": measured, "balance": measure(stack, "balance", entries)}


def one(
    stack: Stack, *, batch: int, merchants: int, connections: int, seconds: float
) -> dict[str, Any]:
    """One process a connection, so that Python's lock is not what is measured."""
    before = cpu.by_part(stack.processes.pids())
    together = time.time() + STARTING * (1 + connections)
    posters = [
        begin(
            stack,
            "posting",
            merchants=merchants,
            batch=batch,
            seconds=seconds,
            seed=seed,
            at=together,
        )
        for seed in range(connections)
    ]
    results = [result_of(poster) for poster in posters]
    posted = sum(result["posted"] for result in results)
    busy = cpu.between(before, cpu.by_part(stack.processes.pids()))
    return {
        "connections": connections,
        "transactions_per_second": sum(result["per_second"] for result in results),
        "postgres_cpu_ms": busy["postgres"] / posted,
        "python_cpu_ms": sum(result["python_cpu_ms"] for result in results) / posted,
    }
