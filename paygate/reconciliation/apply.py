"""Apply a statement: read it, match it, post what agrees, and open a break for each thing that does not.

All in one commit, so that a statement is applied whole or not at all, and once, whoever is killed. A payment whose
outcome we did not know and that a line tells of is settled by it before, in commits of its own.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DataError, connection

from kernel.db import atomic, call, outside_transaction
from paygate.psp.registry import PSPS, configuration, formats
from paygate.reconciliation.batches import arrive, arrived_before_told, await_batches, sweep
from paygate.reconciliation.evidence import Evidence, evidence, hear
from paygate.reconciliation.explain import explain
from paygate.reconciliation.heal import catch_up, lines_came
from paygate.reconciliation.match import match
from paygate.reconciliation.models import BANK, Statement
from paygate.reconciliation.read import Reading, Refused, read
from paygate.reconciliation.supersede import older_than, supersede
from paygate.reconciliation.take import KnowsNothing, keep_further, post_lines, take
from paygate.reconciliation.turn import take_turn

log = logging.getLogger(__name__)


LARGE = 10_000  # Lines of a file after which the planner has to look again.

#: A million lines are joined in memory, and nothing is compiled for what runs once.
_AT_WORK = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL cursor_tuple_fraction = 1"


class _ToHear(Exception):
    """Lines settle what is open here: nothing is applied before that is heard."""

    def __init__(self, found: list[Evidence]) -> None:
        super().__init__(len(found))
        self.found = found


@outside_transaction
def apply_waiting(*, at: datetime) -> int:
    """Apply every statement that was received, oldest first; how many. One that fails does not stop the others."""
    applied = 0
    waiting = Statement.objects.filter(state=Statement.State.RECEIVED).order_by("received_at", "id")
    for statement in waiting:
        try:
            applied += apply(statement, at=at)
        except Exception:
            log.exception("statement.left_open", extra={"statement": statement.public_id})
    return applied


@outside_transaction
def apply(statement: Statement, *, at: datetime) -> bool:
    """Apply one statement; False when it was refused, or somebody else did."""
    try:
        return _apply(statement, at=at, listening=True)
    except _ToHear as to_hear:
        for one in to_hear.found:
            hear(statement, one, at=at)
    return _apply(statement, at=at, listening=False)


def _apply(statement: Statement, *, at: datetime, listening: bool) -> bool:
    try:
        with atomic():
            locked = _lock(statement)
            if locked is None:
                return False
            reading = read(locked)
            if listening and (found := evidence(locked)):
                raise _ToHear(found)
            _take(locked, reading, at=at)
            locked.state, locked.applied_at = Statement.State.APPLIED, at
            locked.format, locked.identity = reading.format, reading.identity
            locked.lines, locked.until = reading.lines, reading.until
            locked.save()
            if reading.lines >= LARGE:
                call("statement_measure")
            lines_came(at=at)
            catch_up(locked.psp, livemode=locked.livemode, at=at)
            await_batches(locked)
            arrived_before_told(livemode=locked.livemode, at=at)
            sweep(livemode=locked.livemode, at=at)
    except Refused as refused:
        _refuse(statement, refused.row, refused.because)
        return False
    except DataError:
        _refuse(statement, None, "Its sums are more than the books can hold.")
        return False
    except KnowsNothing:
        _refuse(statement, None, "None of its payments is known to us: it is of another account.")
        return False
    log.info("statement.applied", extra={"statement": statement.public_id, "lines": locked.lines})
    return True


def _lock(statement: Statement) -> Statement | None:
    """The statement, and nobody else's of this PSP until the transaction ends; None when it was seen to."""
    with connection.cursor() as cursor:
        cursor.execute(_AT_WORK)
    take_turn(livemode=statement.livemode)
    waiting = Statement.objects.select_for_update().filter(
        id=statement.id, state=Statement.State.RECEIVED
    )
    found: Statement | None = waiting.first()
    return found


def _take(statement: Statement, reading: Reading, *, at: datetime) -> None:
    older = older_than(statement, identity=reading.identity, format=reading.format)
    if older is not None:
        supersede(older, statement, at=at)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE told")
    further = match(statement.psp, livemode=statement.livemode)
    accounts = _accounts(statement, reading)
    take(statement, accounts=accounts)
    keep_further(statement.id, further)
    _learn_batches(statement)
    if statement.psp == BANK:
        arrive(statement, at=at)
    explain(statement, accounts=accounts, at=at)  # It finds out in whose book some lines are.
    post_lines(statement)


def _accounts(statement: Statement, reading: Reading) -> frozenset[str]:
    """Our own accounts that the lines may name."""
    if statement.psp not in PSPS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT account FROM told")
            return frozenset(account for (account,) in cursor.fetchall())
    configured = configuration(statement.psp, livemode=statement.livemode) or {}
    [format_] = [one for one in formats(statement.psp) if one.name == reading.format]
    return format_.accounts(configured)


def _learn_batches(statement: Statement) -> None:
    """Lines that were told before without their batch have it now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE statement_line l SET batch = t.batch
            FROM told t JOIN repeated r ON r.row = t.row AND r.same, statement s
            WHERE l.reference = t.reference AND l.kind = t.kind AND l.batch = '' AND t.batch <> ''
                AND s.id = l.statement_id AND s.state = 'applied' AND s.psp = %s AND s.livemode = %s""",
            [statement.psp, statement.livemode],
        )


def _refuse(statement: Statement, row: int | None, because: str) -> None:
    Statement.objects.filter(id=statement.id, state=Statement.State.RECEIVED).update(
        state=Statement.State.REFUSED, refused_row=row, refused_because=because
    )
    about = {"statement": statement.public_id, "row": row, "because": because}
    log.error("statement.refused", extra=about)
