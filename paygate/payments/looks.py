"""When an attempt of which nothing was heard is looked after: soon, then for ever at growing pauses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import Model

M = TypeVar("M", bound=Model)

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


def take_due(model: type[M], psp: str, *, at: datetime, most: int) -> list[M]:
    """What was asked of this PSP and is due; each goes to one caller, and its next turn is put off.

    `model` has what an attempt has for it: psp, looks, next_look_at, finished_at.
    """
    table = model._meta.db_table
    return list(
        model._default_manager.raw(
            f"""
            WITH due AS MATERIALIZED (  -- Or a planner that takes the table for small may lock more than LIMIT says.
                SELECT merchant_id, id FROM {table}
                WHERE finished_at IS NULL AND next_look_at <= %(at)s AND psp = %(psp)s
                ORDER BY next_look_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
            )
            UPDATE {table} a SET
                looks = a.looks + 1,
                next_look_at = %(at)s + make_interval(secs => (%(pauses)s::int[])[least(a.looks + 1, %(last)s)])
            FROM due
            WHERE a.merchant_id = due.merchant_id AND a.id = due.id
            RETURNING a.*
            """,  # noqa: S608 - the name of a table of ours.
            {"at": at, "pauses": pauses(), "last": len(pauses()), "psp": psp, "most": most},
        )
    )
