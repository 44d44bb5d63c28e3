"""What every Celery task leaves behind: how long it took, when it was last done; and whose lines are whose."""

from __future__ import annotations

import time
from typing import Any

from celery import signals

from kernel.logs import Said, about, forget
from paygate.metrics import TASK_DONE_AT, TASKS, look_at_the_pool

_going: dict[str, tuple[float, Said]] = {}  # By the task's id.


@signals.task_prerun.connect
def began(task: Any, task_id: str, **_: Any) -> None:
    """Whatever is logged from here on names the task."""
    _going[task_id] = time.perf_counter(), about(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def ended(task: Any, task_id: str, state: str | None, **_: Any) -> None:
    """It is over, one way or the other."""
    began_at, said = _going.pop(task_id)
    became = "done" if state == "SUCCESS" else "failed"
    TASKS.labels(task.name, became).observe(time.perf_counter() - began_at)
    if became == "done":
        TASK_DONE_AT.labels(task.name).set(time.time())
    look_at_the_pool()
    forget(said)
