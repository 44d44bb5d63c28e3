"""The passes that pay merchants, each of them timed, and beside it the bare SQL of what it wrote.

What was captured becomes available, schedules make payouts of it, two people let a batch of them leave, and the bank's
files are written. Then the same for some merchants more, one at a time.
"""

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from bench import bare, cpu, crowd
from bench.bare import Rows, of_transactions
from kernel.clock import now
from kernel.db import atomic
from kernel.ids import uuid7
from merchants.funds.calendars import Calendar, next_business_day
from merchants.funds.release import read_on, release_due
from payouts.approve import approve, submit
from payouts.batch import build
from payouts.collect import collect
from payouts.create import Wanted, create
from payouts.models import Batch, Payout, Rail, State
from payouts.preview import preview
from payouts.send import send_batch

TURNS = 3  # Of bare SQL; the median counts.

#: What each step writes, but for its events.
AVAILABLE = (
    Rows("funds_due", updates=("released = amount, releases = 1",)),
    Rows("ledger_account", "code = 'liabilities:merchant:available'"),
    *of_transactions("funds.available"),
)
COLLECTED = (
    Rows("payout_collected"),
    Rows("payout"),
    Rows("ledger_account", "code = 'liabilities:payouts:requested'"),
    *of_transactions("payout.created"),
)
MOVE = "state = state, sequence = sequence + 1, updated_at = now()"
APPROVED = (Rows("payout", updates=("batch_id = uuid7()", MOVE, MOVE), inserted=False),)
SENT = (
    Rows("payout_file"),
    Rows("payout", updates=(f"{MOVE}, file_id = uuid7(), sent_at = now()",), inserted=False),
    Rows("ledger_account", "code = 'liabilities:payouts:in_transit'"),
    *of_transactions("payout.sent"),
)


def passes(*, merchants: int, alone: int, owner: str, postgres: int) -> dict[str, Any]:
    """Each step for so many `merchants`, and for those `alone` one at a time.

    `owner` is the address of the database for who may make tables in it, `postgres` the process whose time (with
    that of its children) is PostgreSQL's.
    """
    at = now()
    captured_at = at - timedelta(days=14)
    crowd.gather(merchants, captured_at=captured_at)
    began_with = megabytes()
    clock = partial(postgres_seconds, postgres)
    steps = []
    batch: list[Batch] = []
    with psycopg.connect(owner, autocommit=True) as database:
        for what, work, rows in (
            ("money available", lambda: release_due(at=at).transactions, AVAILABLE),
            ("payouts by schedule", lambda: collect(livemode=False, at=at).payouts, COLLECTED),
            ("batch built, submitted, approved", lambda: approved(batch, at), APPROVED),
            ("files written, in transit", lambda: sent(batch[0], at), SENT),
        ):
            measured = timed(work, clock)
            bound = [bare.write(database, rows, clock=clock) for _ in range(TURNS)]
            seconds, busy = map(statistics.median, zip(*bound, strict=True))
            bound_by = {"bare_seconds": seconds, "bare_postgres_seconds": busy}
            steps.append({"what": what, **measured, **bound_by})
    peak = megabytes()
    return {
        "merchants": merchants,
        "steps": steps,
        "alone": one_at_a_time(alone, captured_at=captured_at, at=at, clock=clock),
        "megabytes": {"before": began_with, "peak": peak},
    }


def timed(work: Callable[[], int], clock: Callable[[], float]) -> dict[str, float]:
    """How many it did in how many seconds, and in how many of Python's and of PostgreSQL's."""
    began, busy, before = time.perf_counter(), time.process_time(), clock()
    count = work()
    return {
        "count": count,
        "seconds": time.perf_counter() - began,
        "python_seconds": time.process_time() - busy,
        "postgres_seconds": clock() - before,
    }


def approved(batches: list[Batch], at: datetime) -> int:
    """All loose payouts, in a batch that two people stand for; how many. The batch comes into the list."""
    day = next_business_day(at.date(), Calendar.TARGET)
    batch = build(rail=Rail.BANK, livemode=False, value_date=day, by="ada", at=at)
    batch = submit(batch, by="ada", digest=preview(batch, at=at).digest, at=at)
    digest = preview(batch, at=at).digest
    batch = approve(
        batch, by="grace", because="As seen.", digest=digest, may_approve_large=True, at=at
    )
    batches.append(batch)
    return Payout.objects.filter(batch_id=batch.id, state=State.APPROVED).count()


def sent(batch: Batch, at: datetime) -> int:
    """The files of a batch; how many payouts are on their way."""
    send_batch(batch, at=at)
    return Payout.objects.filter(batch_id=batch.id, state=State.IN_TRANSIT).count()


def one_at_a_time(
    merchants: int, *, captured_at: datetime, at: datetime, clock: Callable[[], float]
) -> list[dict[str, Any]]:
    """The same functions, called for each of so many merchants."""
    ids = crowd.gather(merchants, captured_at=captured_at, interval="manual")
    read_on(at=at)

    def payouts() -> int:
        for id_ in ids:
            with atomic():
                create(id_, Wanted("EUR"), id_=uuid7(), livemode=False, at=at)
        return len(ids)

    steps: Sequence[tuple[str, Callable[[], int]]] = (
        ("money available", lambda: release_due(at=at, chunk=1).transactions),
        ("payouts by schedule", payouts),
    )
    return [{"what": what, **timed(work, clock)} for what, work in steps]


def megabytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def postgres_seconds(process: int) -> float:
    return cpu.by_part({"postgres": process})["postgres"] / 1000
