"""Ask what is due of all readings, and keep the answers.

Each question by itself: one that fails, or takes too long, is logged and leaves its last answer to grow old, and the
others theirs. Two at once do no harm: both write what was true a moment ago.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any

import orjson
from django.db import connection

from kernel.db import atomic
from kernel.readings import Reading, Rows
from paygate.monitoring.models import Taken
from paygate.wiring import READINGS, named

log = logging.getLogger(__name__)

LEAST, MOST = (
    5.0,
    60.0,
)  # Seconds for which a question may keep PostgreSQL busy; the seldom ones longer.
SLACK = timedelta(seconds=1)  # Beat is not that exact: what is due in a moment is due.


@cache
def readings() -> tuple[Reading, ...]:
    """All that is asked, of all rooms."""
    return tuple(chain(*named(READINGS)))


def read(*, at: datetime, of: Iterable[Reading] | None = None) -> int:
    """Ask what is due; how many questions were answered."""
    taken = dict(Taken.objects.values_list("name", "taken_at"))
    answered = 0
    for reading in readings() if of is None else of:
        last = min(
            taken.get(name, datetime.min.replace(tzinfo=at.tzinfo)) for name in reading.tells
        )
        if at - last + SLACK < timedelta(seconds=reading.every) and last <= at:
            continue
        try:
            keep(reading, ask(reading, at=at), at=at)
        except Exception:
            log.exception("reading.failed", extra={"reading": next(iter(reading.tells))})
        else:
            answered += 1
    return answered


def ask(reading: Reading, *, at: datetime) -> Rows:
    """The answer, in a transaction of its own: whatever a question does to PostgreSQL ends with it."""
    with atomic(), connection.cursor() as cursor:
        longest = f"{patience(reading) * 1000:.0f}ms"
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [longest])
        if callable(reading.asks):
            return list(reading.asks(at))
        cursor.execute(reading.asks, {"at": at})
        rows: Rows = cursor.fetchall()
        return rows


def patience(reading: Reading) -> float:
    """Seconds that each query of a question may take."""
    return min(MOST, max(LEAST, reading.every / 60))


def keep(reading: Reading, rows: Rows, *, at: datetime) -> None:
    """Put the answer in the place of the last one, all gauges of a question at once."""
    answers: dict[str, list[Any]] = {name: [] for name in reading.tells}
    width = len(reading.labels)
    for row in rows:
        labels = [_label(value) for value in row[:width]]
        for samples, number in zip(answers.values(), row[width:], strict=True):
            if number is not None:
                samples.append([labels, _number(number)])
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO reading AS r (name, samples, taken_at)
               SELECT t.name, t.samples, %s FROM jsonb_each(%s::jsonb) AS t (name, samples) ORDER BY t.name
               ON CONFLICT (name) DO UPDATE SET samples = excluded.samples, taken_at = excluded.taken_at
               WHERE r.taken_at <= excluded.taken_at OR r.taken_at > excluded.taken_at + interval '1 hour'""",
            [at, orjson.dumps(answers).decode()],
        )


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | int:
    """As JSON can hold it. Prometheus counts in floats: nothing here is reckoned with as money any more."""
    match value:
        case bool():
            return int(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return float(value) if isinstance(value, float) else int(value)
