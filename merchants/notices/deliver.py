"""Due notices are sent, side by side, and what became of each is written down.

Guarantee: at least once, and of one object's news at one endpoint each only after the one before it was delivered
or given up. A worker may be killed at any moment: what it had taken is due again when the lease is over. Any number
of workers may run.

Nobody waits for somebody else's endpoint. Only those that have just answered well and soon are served in the quick
lane; all others, new ones too, in one of their own, by other threads. In both no endpoint and no merchant gets
more than so many of them, and a free one goes to the merchant who has the fewest.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from kernel.clock import now, wall
from kernel.db import give_back_connection, outside_transaction
from merchants.notices.register import may_go_private
from merchants.notices.safely import post
from merchants.notices.settle import Tried, settle
from merchants.notices.signing import signed_headers
from merchants.notices.take import Task, take

log = logging.getLogger(__name__)

USER_AGENT = "paygate-webhooks/1.0"
REST, LONGEST_REST = 0.01, 0.1  # Seconds between two looks: for several to end, and when none does.


_ended = (
    threading.Event()
)  # Something has: there may be room for more, or a next one of the same object.


@dataclass
class Lane:
    """So many threads, and how many of them may be busy with one endpoint, and with one merchant's."""

    quick: bool
    threads: int
    each: int
    share: int
    busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor | None = None

    def fill(self) -> int:
        """Take as much as there are free threads for, and set it going; how much it was."""
        with self._lock:
            free = self.threads - self.busy
            self.busy += free
        taken = 0
        try:
            if free:
                for task in take(
                    quick=self.quick, most=free, each=self.each, share=self.share, at=now()
                ):
                    self._begin(task)
                    taken += 1
        finally:
            self._free(free - taken)
        return taken

    def _begin(self, task: Task) -> None:
        if connection.in_atomic_block:  # A test's: another connection would not see the notice.
            self._carry_out(task)
            return
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="notices")
        self._pool.submit(self._apart, task)

    def _apart(self, task: Task) -> None:
        try:
            self._carry_out(task)
        finally:
            connection.close()

    def _carry_out(self, task: Task) -> None:
        try:
            deliver(task)
        except Exception:  # The notice is due again when its lease is over.
            log.exception("notice.left", extra=task.names)
        finally:
            self._free(1)
            _ended.set()

    def _free(self, threads: int) -> None:
        with self._lock:
            self.busy -= threads


LANES = (
    Lane(quick=True, threads=64, each=24, share=32),
    Lane(quick=False, threads=64, each=2, share=8),
)


@outside_transaction
def deliver_due(*, seconds: float) -> int:
    """Send what is due until nothing is, nor on its way, or for so long; how many were begun."""
    until = time.monotonic() + seconds
    begun = 0
    while True:
        _ended.clear()
        taken = sum(lane.fill() for lane in LANES)
        begun += taken
        busy = taken or any(lane.busy for lane in LANES) or _ended.is_set()
        if time.monotonic() >= until or not busy:
            return begun
        give_back_connection()
        _ended.wait(LONGEST_REST)
        time.sleep(REST)


@outside_transaction
def deliver(task: Task) -> None:
    """Send one taken notice and settle it; nothing is sent when its lease is nearly over."""
    started_at = now()
    if started_at > task.begin_before:
        log.warning("notice.too_late", extra=task.names)
        return
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signed_headers(task.event, task.body, task.signing(at=started_at), at=wall()),
    }
    clock = time.monotonic()
    outcome = post(
        task.endpoint.url,
        body=task.body.encode(),
        headers=headers,
        may_go_private=may_go_private(livemode=task.endpoint.livemode),
        deadline=settings.NOTICES_DEADLINE,
        connect=settings.NOTICES_CONNECT_TIMEOUT,
    )
    settle(Tried(task, headers, outcome, started_at, now(), time.monotonic() - clock))
