"""How long the queues are, for the sidebar of every page: gathered at once, and believed for some seconds.

Kept in Redis for all processes; without Redis each page asks PostgreSQL. A count that fails, or takes too long, is not
known, and no page fails for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from django.db import DatabaseError, connection, transaction

from kernel.queues import MOST, Queue
from kernel.shortcuts import shortcut
from paygate import wiring

log = logging.getLogger(__name__)

BELIEVED = 5  # Seconds.
PATIENCE = 300  # Milliseconds for one count: an index answers in one.
_NAME = "console:queues"


@dataclass(frozen=True, slots=True)
class Length:
    """Of one queue; None is not known."""

    waiting: int | None
    urgent: int | None

    @property
    def written(self) -> str:
        """For the badge; "" where nothing waits."""
        if self.waiting is None:
            return "?"
        if self.waiting >= MOST:
            return f"{MOST}+"
        return str(self.waiting or "")


def queues() -> list[Queue]:
    """All rooms', in the order of the sidebar."""
    return [queue for several in wiring.named(wiring.QUEUES) for queue in several]


def lengths(at: datetime) -> list[Length]:
    """Of `queues()`, one by one."""
    asked = queues()
    kept = shortcut(lambda r: r.get(_NAME), otherwise=None)
    if kept is not None:
        known = [Length(**one) for one in orjson.loads(kept)]
        if len(known) == len(asked):  # Else another version of us wrote it.
            return known
    counted = _counted(asked, at)
    packed = orjson.dumps([asdict(one) for one in counted])
    shortcut(lambda r: r.set(_NAME, packed, ex=BELIEVED), otherwise=None)
    return counted


def forget() -> None:
    """Count anew: somebody has just taken something out of a queue."""
    shortcut(lambda r: r.delete(_NAME), otherwise=None)


def _counted(asked: list[Queue], at: datetime) -> list[Length]:
    try:
        with _patience():
            return [
                Length(_count(q, q.counts, at), _count(q, q.urgent, at) if q.urgent else 0)
                for q in asked
            ]
    except DatabaseError as error:  # Not even that could be asked.
        log.error("queues.unknown", extra={"error": type(error).__name__})
        return [Length(None, None)] * len(asked)


def _count(queue: Queue, counts: Callable[[datetime], int], at: datetime) -> int | None:
    try:
        with transaction.atomic():
            return counts(at)
    except Exception as error:  # Whatever it is: the page is about something else.
        log.error("queue.unknown", extra={"queue": queue.title, "error": type(error).__name__})
        return None


@contextmanager
def _patience() -> Iterator[None]:
    """Counts are ended that take too long; whatever else the page does in its transaction is not."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
            [str(PATIENCE)],
        )
        ((before, _),) = cursor.fetchall()
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
