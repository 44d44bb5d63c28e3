"""Database manners: where a transaction must be, where it must not, and rows that know their shard."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")


class TransactionOpen(RuntimeError):
    """A verb that talks to the outside was called inside a transaction: it would hold locks for seconds."""


class NoTransaction(RuntimeError):
    """What must be written together was about to be written alone."""


def in_transaction() -> bool:
    """Is a transaction of ours open here? (The one that a test wraps itself in does not count.)"""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def outside_transaction(verb: Callable[P, R]) -> Callable[P, R]:
    """For verbs that leave the building. Raises TransactionOpen when a transaction is open."""

    @functools.wraps(verb)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_transaction():
            raise TransactionOpen(
                f"{verb.__qualname__} calls the outside: close the transaction first"
            )
        return verb(*args, **kwargs)

    return guarded


def require_transaction(what: str) -> None:
    """Raises NoTransaction unless a transaction is open (a test's own will do)."""
    if not connection.in_atomic_block:
        raise NoTransaction(f"{what} belongs into the transaction of the change it tells of")


def call(function: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """Call one of our SQL functions, one round trip; its rows."""
    places = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}({places})", arguments)  # noqa: S608 - a name of ours, not input.
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def step_aside(turn: int, *, pace: float = 0.002) -> None:
    """Before what somebody else came before is tried again: the more often, the longer, at most 0.2 seconds.

    Each by its own measure, so that those who met come apart. `turn` counts from 0; `pace` is in seconds.
    """
    time.sleep(random.uniform(0.0, min(0.2, pace * (turn + 1))))  # noqa: S311 - no secret.


def give_back_connection() -> None:
    """To the pool: whoever is about to wait needs none. Inside a transaction it is kept."""
    if not connection.in_atomic_block:
        connection.close()


atomic = transaction.atomic
