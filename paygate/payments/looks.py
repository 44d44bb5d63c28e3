"""When an attempt of which nothing was heard is looked after: soon, then for ever at growing pauses."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

PAUSES = (1, 2, 5, 10, 30, 60, 300, 900, 3600)  # Seconds between looks; the last one for ever.


def pauses() -> list[int]:
    """The seconds between looks here: a demonstration has less patience than production."""
    return [min(pause, settings.LONGEST_PAUSE) for pause in PAUSES]


def first_look(started: datetime) -> datetime:
    """For an attempt just begun: when its call must be over, whoever made it."""
    return started + timedelta(seconds=settings.CALL_OVER_AFTER)


def next_look(heard: datetime) -> datetime:
    """For an attempt that has just been answered "unknown" or "pending"."""
    return heard + timedelta(seconds=pauses()[0])
