"""Wait for an attempt's outcome without holding a transaction or a database connection."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from functools import cache

from django.conf import settings

from kernel.db import give_back_connection
from kernel.idempotency.replay import Reply
from kernel.news import Wait, listener
from paygate.payments.carry_out import reload
from paygate.payments.dispatch import carry_out_here
from paygate.payments.models import Attempt
from paygate.payments.render import render
from paygate.payments.reply import reply_to

#: News may be lost: how long after the start to look into the database (seconds); the last pause repeats.
LOOKS = (0.5, 1.0, 1.5, 2.0)


@cache
def _places() -> dict[str, threading.BoundedSemaphore]:
    return defaultdict(lambda: threading.BoundedSemaphore(settings.WAITING_PLACES))


class Place:
    """One of this process's waiting places for a PSP: a slow PSP must not eat the web server."""

    def __init__(self, psp: str) -> None:
        self.free = _places()[psp].acquire(blocking=False)
        self._psp = psp

    def __enter__(self) -> bool:
        return self.free

    def __exit__(self, *_: object) -> None:
        if self.free:
            _places()[self._psp].release()


def wait_for(attempt: Attempt, wait: Wait, *, patience: float) -> Reply:
    """The reply, once the attempt is settled; 202 with the present state when patience runs out.

    An attempt that nobody has taken by the second look is carried out here: its message was lost.
    """
    deadline = time.monotonic() + patience
    looked = 0
    while True:
        left = deadline - time.monotonic()
        pause = LOOKS[min(looked, len(LOOKS) - 1)]
        if wait.heard.wait(max(0.0, min(pause, left))) and wait.message is not None:
            status, _, body = wait.message.partition(b"\n")
            return Reply(int(status), body.decode())
        looked += 1
        attempt, reply = look(attempt)
        if not attempt.open or left <= 0:
            return reply
        if attempt.taken_at is None and looked >= 2:
            carry_out_here((attempt.merchant_id, attempt.id))


def look(attempt: Attempt) -> tuple[Attempt, Reply]:
    """The attempt as it is now and the reply for it; the connection goes back to the pool."""
    try:
        attempt, payment, others = reload(attempt)
    finally:
        give_back_connection()
    return attempt, reply_to(payment, attempt, render(payment, [*others, attempt]))


def expect(attempt: Attempt) -> Wait:
    """Begin to listen; before dispatch, or the news may come too early."""
    return listener.expect(attempt.public_id)
