"""Races: threads that begin at the same moment, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the work in so many threads, told which it is; what each returned."""
    start = Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def all_at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do each of these; what each returned."""
    return at_once(len(acts), lambda number: acts[number]())
