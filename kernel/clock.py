"""The clock is read at the edge and passed in; this is the edge.

On a stage the clock can be set forward: the file that settings.CLOCK_SHIFT_FILE names holds by how many seconds.
Production has no such setting. What both ends of a wire look at, a signature's freshness, goes by `wall` always.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

_BELIEVED = 0.2  # Seconds for which the shift is not read again.


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC) + _shift()


def wall() -> datetime:
    """The present moment outside, in UTC, however far our own clock was set forward."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """As the API writes it: "2026-11-23T14:02:11.123Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_read_at = float("-inf")
_last = timedelta(0)


def _shift() -> timedelta:
    """What the clock is set forward by; nothing without the setting, or until somebody writes the file."""
    global _read_at, _last
    if not (name := getattr(settings, "CLOCK_SHIFT_FILE", "")):
        return timedelta(0)
    if time.monotonic() - _read_at > _BELIEVED:
        try:
            _last = timedelta(seconds=float(Path(name).read_text() or 0))
        except FileNotFoundError:
            _last = timedelta(0)
        _read_at = time.monotonic()
    return _last
