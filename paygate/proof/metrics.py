"""What Prometheus reads of the proof and of seals."""

from __future__ import annotations

from kernel.readings import Reading

READINGS = [
    Reading(
        tells={
            "paygate_proof_holds": "Did the last run of the proof find nothing: 1 or 0.",
            "paygate_proof_discrepancies": "What the last run of the proof found.",
            "paygate_proof_seconds": "How long it took.",
            "paygate_proof_age_seconds": "How long ago it was.",
        },
        asks="""SELECT holds::integer, discrepancies, seconds, extract(epoch FROM %(at)s - at)
                FROM proof_run ORDER BY at DESC LIMIT 1""",
        every=60.0,
    ),
    Reading(
        tells={
            "paygate_seals_age_seconds": "How long ago the newest sealed day ended: at most a day and some minutes."
        },
        # By PostgreSQL's clock, as days of the books are.
        asks="""SELECT extract(epoch FROM clock_timestamp() - max(upto)) FROM ledger_roll
                HAVING max(upto) IS NOT NULL""",
        every=60.0,
    ),
]
