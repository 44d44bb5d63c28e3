"""Wait for an attempt's outcome without holding a transaction or a database connection."""

from __future__ import annotations

import threading
import time
from functools import cache

from django.conf import settings

from kernel.db import give_back_connection
from kernel.idempotency.replay import Key, Reply, recall
from kernel.news import Wait, listener
from paygate.payments.carry_out import reload
from paygate.payments.dispatch import carry_out_here
from paygate.payments.models import Attempt
from paygate.payments.render import render
from paygate.payments.reply import is_final, reply_to

#: News may be lost: how long after the start to look into the database (seconds); the last pause repeats.
LOOKS = (0.5, 1.0, 1.5, 2.0)


@cache
def _places(psp: str) -> threading.BoundedSemaphore:
    """Those for one PSP; for "", those for all of them together."""
    return threading.BoundedSemaphore(
        settings.WAITING_PLACES if psp else settings.WAITING_PLACES_IN_ALL
    )


class Place:
    """One of this process's waiting places, of which each PSP has some, and all together not many more.

    A slow PSP must not eat the web server, nor two of them between them.
    """

    def __init__(self, psp: str) -> None:
        self._taken: list[threading.BoundedSemaphore] = []
        for places in (_places(psp), _places("")):
            if places.acquire(blocking=False):
                self._taken.append(places)
        self.free = len(self._taken) == 2
        if not self.free:
            self._leave()

    def __enter__(self) -> bool:
        return self.free

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        while self._taken:
            self._taken.pop().release()


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
            carry_out_here(attempt.psp, (attempt.merchant_id, attempt.id))


def look(attempt: Attempt) -> tuple[Attempt, Reply]:
    """The attempt as it is now and the reply for it; the connection goes back to the pool.

    A reply that is stored is the reply, to the byte: the payment may have moved on since.
    """
    try:
        attempt, payment, others = reload(attempt)
        if attempt.idempotency_key and is_final(attempt):
            key = Key(payment.merchant_id, payment.livemode, attempt.idempotency_key)
            bound = recall(key)
            if bound is not None and bound.reply is not None:
                return attempt, bound.reply
    finally:
        give_back_connection()
    return attempt, reply_to(payment, attempt, render(payment, [*others, attempt]))


def expect(attempt: Attempt) -> Wait:
    """Begin to listen; before dispatch, or the news may come too early."""
    return listener.expect(attempt.public_id)
