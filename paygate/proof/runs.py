"""Running the proof so that it is known afterwards: each run is kept, and one that does not hold is told at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from paygate.proof.models import Run
from paygate.proof.prove import Proof, prove

log = logging.getLogger(__name__)

_ONE_AT_A_TIME = 0x70726F6F  # The advisory lock's number: "proo".


def keep(proof: Proof, *, by: str = "") -> Run:
    """A row for it; and a line in the log, a critical one when it does not hold."""
    run = Run.objects.create(
        at=proof.at,
        seconds=proof.seconds,
        by=by,
        holds=proof.holds,
        discrepancies=proof.discrepancies,
        payments=proof.payments,
        heads=proof.heads,
        result=proof.as_json(),
    )
    told = {"proof": str(run.id), "summary": proof.summary, "seconds": round(proof.seconds, 2)}
    if proof.holds:
        log.info("proof.holds", extra=told)
    for finding in proof.findings:
        if finding.contradictions:
            about = {"statement": finding.says, "contradictions": finding.contradictions}
            log.critical("proof.fails", extra=told | about | {"example": finding.example})
    return run


def prove_and_keep(*, by: str = "") -> Run | None:
    """Run it, unless it runs already; None then."""
    with _alone() as alone:
        return keep(prove(), by=by) if alone else None


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ONE_AT_A_TIME])
        [alone] = cursor.fetchone()
        try:
            yield bool(alone)
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONE_AT_A_TIME])
