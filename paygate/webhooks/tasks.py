"""What Celery carries for the inbox: the name of a PSP that has told something. Messages may be lost.

They go to the default queue, not to the PSP's own: hearers call no PSP, and what a PSP tells counts for most
while it answers no calls and its queue stands still.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from celery import shared_task

from kernel.clock import now
from paygate.webhooks.apply import apply
from paygate.webhooks.forget import forget_payloads

ROUNDS = 5  # Batches for which one PSP keeps a thread of the worker; then others have their turn.

_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@shared_task(name="webhooks.apply")
def apply_due(*, psp: str, **_: Any) -> None:
    """Apply what one PSP told, in one thread of this worker at most: a flood from one keeps no other waiting."""
    turn = _turns[psp]
    if not turn.acquire(blocking=False):
        return  # Who is at it here looks again before leaving.
    try:
        more = all(apply(psp, at=now()) for _ in range(ROUNDS))
    finally:
        turn.release()
    if more:
        apply_due.apply_async(kwargs={"psp": psp}, queue="default")  # At the end of the line.


@shared_task(name="webhooks.forget")
def forget(**_: Any) -> None:
    """Empty the payloads of what was settled long ago."""
    forget_payloads(now=now())
