"""Keep what was said to a PSP: beside the payment, never in its way.

What is heard is put into this process's memory, and a thread of its own redacts it and writes it down, all that came in
half a second in one insert. When that fails, or too much waits, it is dropped: no payment waits for it or fails by it.
Only what was redacted is ever written.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from kernel.db import atomic, give_back_connection
from kernel.ids import uuid7
from paygate.payments.models import Attempt
from paygate.psp.overheard import Heard, overhear
from paygate.psp.redacted import redacted, redacted_query

log = logging.getLogger(__name__)

EVERY = 0.5  # Seconds between two inserts.
MOST = 2_000  # Exchanges that wait in one process; with more, the oldest are dropped.
AT_ONCE = 500

Item: TypeAlias = tuple[UUID, UUID, str, Heard]  # Merchant, attempt, PSP, and what was heard.


@contextmanager
def kept(attempt: Attempt) -> Iterator[None]:
    """What is said within to the attempt's PSP is kept with the attempt."""
    with overhear() as heard:
        try:
            yield
        finally:
            if heard:
                _keeper.put([(attempt.merchant_id, attempt.id, attempt.psp, one) for one in heard])


class _Keeper:
    """This process's memory of what is to be written."""

    def __init__(self) -> None:
        self._waiting: deque[Item] = deque(maxlen=MOST)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._owner: int | None = None  # The process whose thread writes; a fork has none.

    def put(self, items: Sequence[Item]) -> None:
        """Never raises, and waits for nothing."""
        self._waiting.extend(items)
        if not settings.GROUP_COMMITS:  # A test that holds a transaction.
            self.flush()
            return
        if self._owner != os.getpid():
            try:
                self._begin()
            except (
                RuntimeError
            ):  # No thread is to be had now; what waits is written by a later one.
                log.warning("exchanges.wait", exc_info=True)
        self._wake.set()

    def flush(self) -> None:
        """Write what waits."""
        while items := [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]:
            try:
                with atomic():
                    write(items)
            except Exception:
                log.warning("exchanges.dropped", extra={"count": len(items)}, exc_info=True)

    def _begin(self) -> None:
        with self._lock:
            if self._owner != os.getpid():
                threading.Thread(target=self._write_on, name="exchanges", daemon=True).start()
                self._owner = os.getpid()
                atexit.register(self.flush)

    def _write_on(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            pause.wait(EVERY)
            self._wake.clear()
            self.flush()
            give_back_connection()


_keeper = _Keeper()


def write(items: Sequence[Item]) -> None:
    """In one insert."""
    rows = orjson.dumps([_row(*item) for item in items]).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO psp_exchange
                (merchant_id, id, attempt_id, psp, at, milliseconds, method, path, query, status, error, asked,
                 answered)
            SELECT e.* FROM jsonb_to_recordset(%s::jsonb) AS e (
                merchant_id uuid, id uuid, attempt_id uuid, psp text, at timestamptz, milliseconds integer, method text,
                path text, query text, status smallint, error text, asked text, answered text
            )
            """,
            [rows],
        )


def _row(merchant_id: UUID, attempt_id: UUID, psp: str, heard: Heard) -> dict[str, Any]:
    return {
        "merchant_id": merchant_id,
        "id": uuid7(),
        "attempt_id": attempt_id,
        "psp": psp,
        "at": heard.at,
        "milliseconds": heard.milliseconds,
        "method": heard.request.method or "",
        "path": heard.path[:500],
        "query": redacted_query(psp, heard.query),
        "status": None if heard.answer is None else heard.answer.status_code,
        "error": heard.error or ("" if heard.answer is not None else "Interrupted"),
        "asked": redacted(psp, heard.asked),
        "answered": redacted(psp, heard.answered),
    }
