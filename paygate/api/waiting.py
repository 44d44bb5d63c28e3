"""Wait for the outcome of what was asked of a PSP, without holding a transaction or a database connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from django.conf import settings

from kernel.db import give_back_connection
from kernel.idempotency.replay import Key, Reply, recall
from kernel.news import Wait, listener
from paygate.payments.carry_out import reload
from paygate.payments.dispatch import carry_out_here, dispatch
from paygate.payments.models import Attempt
from paygate.payments.reply import is_final, reply_to, shown_for

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


class Asked(Protocol):
    """One thing asked of a PSP under a merchant's key: an attempt on a payment, an act on a dispute."""

    @property
    def id(self) -> UUID: ...
    @property
    def payment_id(self) -> UUID: ...
    @property
    def psp(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def taken_at(self) -> datetime | None: ...
    @property
    def next_look_at(self) -> datetime | None: ...
    @property
    def public_id(self) -> str: ...
    @property
    def open(self) -> bool: ...


A = TypeVar("A", bound=Asked)


@dataclass(frozen=True)  # With slots, Python 3.11 cannot make a generic of it.
class Manner(Generic[A]):
    """How one kind of what is asked is found, sent on its way, carried out and looked at."""

    find: Callable[[UUID, UUID], A]  # By merchant and id.
    dispatch: Callable[[A], None]
    carry_out_here: Callable[[A], None]
    look: Callable[[A], tuple[A, Reply]]  # As it is now, and the reply for that.


def wait_for(asked: A, wait: Wait, *, patience: float, manner: Manner[A]) -> Reply:
    """The reply, once it is settled; 202 with the present state when patience runs out.

    What nobody has taken by the second look is carried out here: its message was lost.
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
        asked, reply = manner.look(asked)
        if not asked.open or left <= 0:
            return reply
        if asked.taken_at is None and looked >= 2:
            manner.carry_out_here(asked)


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
    return attempt, reply_to(payment, attempt, shown_for(payment, attempt, others))


def expect(asked: Asked) -> Wait:
    """Begin to listen; before dispatch, or the news may come too early."""
    return listener.expect(asked.public_id)


ATTEMPTS = Manner[Attempt](
    find=lambda merchant_id, id_: Attempt.objects.get(merchant_id=merchant_id, id=id_),
    dispatch=dispatch,
    carry_out_here=lambda attempt: carry_out_here(attempt.psp, (attempt.merchant_id, attempt.id)),
    look=look,
)
