"""Group commit: what many threads want written at the same moment is written in one go.

While one group is on its way to the database, the next one gathers; so nothing waits for company, at low
load a group is a single item, and at high load the cost of a commit is shared. After a group that had
company comes a short rest, for more to gather in; a single item is followed by none. An item is
acknowledged only after its group's commit. One bad item never fails its neighbours: a group that fails as
a whole is tried again item by item. Whatever happens to a group, everybody who waits for it hears of it: a
caller waits without a time-out, and there are never more items than callers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connection

from kernel.db import give_back_connection

T = TypeVar("T")
R = TypeVar("R")


class Grouped(Generic[T, R]):
    """Makes `work`, a function over a list, callable with one item from many threads.

    `work` must return one result for each item, in order. `rest` is the pause after a group of several, in
    seconds: with it, groups grow as load does. With settings.GROUP_COMMITS off the call is made at once in
    the caller's thread, which is what a test that holds a transaction needs.
    """

    def __init__(
        self,
        work: Callable[[list[T]], list[R]],
        *,
        name: str,
        largest: int = 100,
        rest: float = 0.0,
    ) -> None:
        self._work = work
        self._name = name
        self._largest = largest
        self._rest = rest
        self._gathering: list[tuple[T, Future[R]]] = []
        self._wake = threading.Condition()
        self._owner: int | None = None  # The process whose thread does the work; a fork has none.

    def __call__(self, item: T) -> R:
        if not settings.GROUP_COMMITS:
            return self._work([item])[0]
        future: Future[R] = Future()
        with self._wake:
            if self._owner != os.getpid():
                self._gathering = []
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
                self._owner = os.getpid()  # Only now: where no thread began, the next caller tries.
            self._gathering.append((item, future))
            self._wake.notify()
        give_back_connection()  # The group needs one: were all held by those who wait, none would move.
        return future.result()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._gathering:
                    self._wake.wait()
                group = self._gathering[: self._largest]
                del self._gathering[: self._largest]
            self._do(group)
            if len(group) > 1:
                time.sleep(self._rest)

    def _do(self, group: list[tuple[T, Future[R]]]) -> None:
        try:
            results = self._work([item for item, _ in group])
            if len(results) != len(group):
                raise RuntimeError(f"{self._name}: {len(results)} results for {len(group)} items")
        except BaseException as error:  # This thread must outlive it: nobody else would answer.
            _close_connection()  # Whatever state it is in, the next group gets a sound one.
            if len(group) == 1:
                group[0][1].set_exception(_as_exception(error))
            else:
                for one in group:
                    self._do([one])
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)


def _close_connection() -> None:
    with suppress(Exception):
        connection.close()


def _as_exception(error: BaseException) -> Exception:
    """What may be raised in a caller's thread: an order to exit was meant for this one, not for it."""
    return error if isinstance(error, Exception) else RuntimeError(repr(error))
