"""What was told has its effect: translated by its PSP's adapter, heard by whom it concerns, written down.

Of an event whose turn it is:

    its effect is there, or was         applied (hearers do not mind hearing a thing twice)
    nothing for us to do                irrelevant
    it contradicts what we know, or
    is not as the PSP's documents say   quarantined: a person must look
    it came too early, or failed        its turn comes again, at growing pauses; in the end, mostly after three
                                        days, a person must look

Nothing is held while a hearer is at work, neither a transaction nor a lock: an event whose turn it is was leased.
Whoever dies between hearing and writing leaves a lease that lapses, and the event is heard again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from kernel.clock import now
from kernel.db import outside_transaction
from kernel.logs import about, forget
from paygate import wiring
from paygate.metrics import PSP_EVENTS
from paygate.psp.events import Irrelevant, Item, News, NotYet, Quarantined, Unreadable
from paygate.psp.registry import webhook
from paygate.webhooks.models import PspEvent, State

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # For all of a batch to be heard in.
PAUSES = (
    1,
    2,
    5,
    15,
    60,
    300,
    900,
    3600,
)  # Seconds between tries, at most LONGEST_PAUSE; the last one for ever.
PATIENCE = timedelta(days=3)
BATCH = 200
AT_ONCE = 8  # Events of one PSP that one process hears side by side.


@outside_transaction
def apply(psp: str, *, at: datetime, most: int = BATCH) -> int:
    """Give a turn to what is due of one PSP; how many events had theirs."""
    events = take_due(psp, at=at, most=most)
    for heard in _side_by_side(psp, _by_payment(events)):
        write(heard)
    return len(events)


def take_due(psp: str, *, at: datetime, most: int) -> list[PspEvent]:
    """Lease the events whose turn it is, each to one taker; in the order in which they were said.

    What is due is asked in a CTE, once: a subquery in FROM may be asked for every row, and find `most` more each time.
    """
    taken = PspEvent.objects.raw(
        """
        WITH due AS MATERIALIZED (
            SELECT psp, livemode, key FROM psp_event
            WHERE psp = %(psp)s AND state = 'received' AND next_try_at <= %(at)s
            ORDER BY next_try_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
        )
        UPDATE psp_event e SET tries = e.tries + 1, next_try_at = %(until)s
        FROM due
        WHERE e.psp = due.psp AND e.livemode = due.livemode AND e.key = due.key
        RETURNING e.*
        """,
        {"psp": psp, "at": at, "until": at + LEASE, "most": most},
    )
    return sorted(taken, key=lambda event: (event.said_at, event.id))


# ------------------------------------------------------------------------------------ side by side

Meant = tuple[PspEvent, News | Exception]  # What it says, or why that cannot be told.


def _by_payment(events: Iterable[PspEvent]) -> list[list[Meant]]:
    """The events in rows, one for each payment: those of one are heard one after the other."""
    rows: dict[tuple[bool, str], list[Meant]] = {}
    for event in events:
        meant = _translate(event)
        event.concerns = getattr(meant, "psp_reference", "")
        reference = event.concerns or event.key
        rows.setdefault((event.livemode, reference), []).append((event, meant))
    return list(rows.values())


def _translate(event: PspEvent) -> News | Exception:
    assert event.payload is not None  # It is kept until the event is settled.
    item = Item(key=event.key, kind=event.kind, at=event.said_at, payload=event.payload)
    try:
        return webhook(event.psp).translate(item)
    except Exception as reason:
        return reason


@cache
def _hearing(psp: str) -> ThreadPoolExecutor:
    """This process's threads for one PSP: what another one told waits for none of them."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"hear {psp}")


def _side_by_side(psp: str, rows: list[list[Meant]]) -> Iterator[list[PspEvent]]:
    """The events as they are after they were heard: whatever is ready at the moment, until all are."""
    if len(rows) == 1 or not settings.GROUP_COMMITS:
        for row in rows:
            yield _hear_row(row)
        return
    going: set[Future[list[PspEvent]]] = {_hearing(psp).submit(_hear_row, row) for row in rows}
    while going:
        ready, going = wait(going, return_when=FIRST_COMPLETED)
        yield [event for row in ready for event in row.result()]


def _hear_row(row: Sequence[Meant]) -> list[PspEvent]:
    said = about(event=row[0][0].public_id)
    try:
        return [event for event, meant in row if _hear(event, meant)]
    finally:
        forget(said)
        if threading.current_thread() is not threading.main_thread():
            connection.close()  # Back to the pool; this thread may not need one for long.


# ----------------------------------------------------------------------------------------- hearing


def _hear(event: PspEvent, meant: News | Exception) -> bool:
    """Have it heard, and say on the event what came of it. False when its lease has lapsed: another has it."""
    assert event.next_try_at is not None
    if now() >= event.next_try_at:
        log.warning("psp_event.too_late", extra=_named(event))
        return False
    try:
        if isinstance(meant, Exception):
            raise meant
        if isinstance(meant, Irrelevant):
            event.pass_over()
            event.result = meant.why
        else:
            hear = _hearer(type(meant).__name__)
            event.result = hear(event.psp, meant, livemode=event.livemode, now=now())
            event.apply()
    except (Quarantined, Unreadable) as reason:
        _hand_over(event, str(reason))
    except Exception as reason:
        _put_off(event, reason)
    else:
        event.why, event.next_try_at, event.settled_at = "", None, now()
    return True


@cache
def _hearer(kind: str) -> Callable[..., str]:
    found: Callable[..., str] = import_string(wiring.NEWS[kind])
    return found


def _hand_over(event: PspEvent, why: str) -> None:
    event.quarantine()
    event.why, event.next_try_at = why, None


def _put_off(event: PspEvent, reason: Exception) -> None:
    """It comes again; a genuine event is never given up without a person."""
    # What an exception of somebody else's says may hold anything; the log has it, masked.
    why = str(reason) if isinstance(reason, NotYet) else type(reason).__name__
    if isinstance(reason, NotYet):
        log.info("psp_event.not_yet", extra={**_named(event), "why": why})
    else:
        log.error("psp_event.failed", extra=_named(event), exc_info=reason)
    at = now()
    patience = reason.patience if isinstance(reason, NotYet) else PATIENCE
    if at - (event.decided_at or event.received_at) > patience:
        _hand_over(event, f"for {_in_words(patience)}: {why}")
    else:
        pause = min(PAUSES[min(event.tries, len(PAUSES)) - 1], settings.LONGEST_PAUSE)
        event.why, event.next_try_at = why, at + timedelta(seconds=pause)


def _in_words(span: timedelta) -> str:
    return f"{span.days} days" if span.days else f"{span.seconds // 60} minutes"


# ----------------------------------------------------------------------------------- writing it down


def write(events: list[PspEvent]) -> None:
    """Write in one commit what came of these events, where it is still to be written.

    An effect is written whoever had it; that it was put off, or that a person must look, only by the one who
    has taken the event last.
    """
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE psp_event e SET
                state = w.state, concerns = w.concerns, result = w.result, why = w.why,
                next_try_at = w.next_try_at, settled_at = w.settled_at
            FROM jsonb_to_recordset(%s::jsonb) AS w (
                psp text, livemode boolean, key text, tries integer, state text, concerns text, result text, why text,
                next_try_at timestamptz, settled_at timestamptz
            )
            WHERE e.psp = w.psp AND e.livemode = w.livemode AND e.key = w.key
                AND e.state = 'received' AND (e.tries = w.tries OR w.settled_at IS NOT NULL)
            RETURNING e.id
            """,
            [orjson.dumps([_columns(event) for event in events]).decode()],
        )
        written = {id_ for (id_,) in cursor.fetchall()}
    for event in events:
        if event.id in written:
            _tell(event)


def _columns(event: PspEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in (*_NAMED_BY, *_WRITTEN)}


_NAMED_BY = ("psp", "livemode", "key", "tries")
_WRITTEN = ("state", "concerns", "result", "why", "next_try_at", "settled_at")


def _tell(event: PspEvent) -> None:
    became = "put_off" if event.state == State.RECEIVED else str(event.state)
    PSP_EVENTS.labels(event.psp, became).inc()
    if event.state == State.QUARANTINED:
        log.critical("psp_event.quarantined", extra={**_named(event), "why": event.why})
    elif event.state != State.RECEIVED:
        log.info(f"psp_event.{became}", extra={**_named(event), "result": event.result})


def _named(event: PspEvent) -> dict[str, Any]:
    return {"event": event.public_id, "psp": event.psp, "kind": event.kind, "key": event.key}
