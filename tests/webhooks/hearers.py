"""A hearer as wiring names one, whose mood the test sets: it counts, fails, waits or dies."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime
from typing import Any

heard: list[str] = []
at_once: Counter[str] = Counter()  # How many were being heard of one payment, at most.
_now: Counter[str] = Counter()
_lock = threading.Lock()
_mood: dict[str, Any] = {}


def behave(
    *, raises: Exception | None = None, only_of: str = "", seconds: float = 0.0, then: Any = None
) -> None:
    """From now on: raise that (of one payment only), take so long, call `then` when done."""
    heard.clear()
    at_once.clear()
    _now.clear()
    _mood.clear()
    _mood.update(raises=raises, only_of=only_of, seconds=seconds, then=then)


def hear(psp: str, news: Any, *, livemode: bool, now: datetime) -> str:
    with _lock:
        heard.append(news.psp_reference)
        _now[news.psp_reference] += 1
        at_once[news.psp_reference] = max(at_once[news.psp_reference], _now[news.psp_reference])
    try:
        time.sleep(_mood["seconds"])
        if _mood["raises"] and _mood["only_of"] in ("", news.psp_reference):
            raise _mood["raises"]
        if _mood["then"]:
            _mood["then"]()
        return "heard"
    finally:
        with _lock:
            _now[news.psp_reference] -= 1
