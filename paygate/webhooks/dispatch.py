"""Say that a PSP has told something new, so that it is applied now and not when beat comes by.

A message names the PSP and nothing else: what is due is asked of PostgreSQL. So it does not matter how many
deliveries share one, nor whether it arrives.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import cache

from django.conf import settings

from paygate.payments.dispatch import BROKER_GONE
from paygate.webhooks.tasks import apply_due

log = logging.getLogger(__name__)

REST = 0.2  # Seconds between two messages: what is delivered meanwhile shares the next. Each costs as much as an event.
EXPIRES = 5.0  # Seconds; beat has come by more than once by then.


def ring(psp: str) -> None:
    """Have what the PSP told applied soon. Never waits, and never raises for a broker that is gone."""
    if not settings.GROUP_COMMITS:
        _publish(psp)
    else:
        _bell(psp).ring()


class _Bell:
    """Rung by many threads, heard by one, which sends the messages: no PSP waits for our broker."""

    def __init__(self, psp: str) -> None:
        self._psp = psp
        self._rung = threading.Event()
        self._starting = threading.Lock()
        self._owner: int | None = None  # The process whose thread listens; a fork has none.

    def ring(self) -> None:
        self._rung.set()
        if self._owner != os.getpid():
            with self._starting:
                if self._owner != os.getpid():
                    threading.Thread(target=self._listen, name="bell", daemon=True).start()
                    self._owner = os.getpid()

    def _listen(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            try:
                _publish(self._psp)
            except (
                Exception
            ):  # This thread must outlive it: beat is a second away, and it for ever.
                log.exception("bell.failed")
            time.sleep(REST)


@cache
def _bell(psp: str) -> _Bell:
    return _Bell(psp)


def _publish(psp: str) -> None:
    try:
        apply_due.apply_async(
            kwargs={"psp": psp}, queue="default", expires=EXPIRES, retry=False, ignore_result=True
        )
    except BROKER_GONE as error:
        log.warning("broker.gone", extra={"psp": psp, "error": repr(error)})
