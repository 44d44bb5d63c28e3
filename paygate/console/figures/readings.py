"""What the dashboard shows of the present for all merchants: what is unknown, by its age, and what PSPs hold for us."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from kernel.readings import Reading, Rows

#: The ages of what is unknown, in their order, and the seconds below which each is.
AGES: dict[str, int | None] = {
    "under a minute": 60,
    "under an hour": 3600,
    "under a day": 86_400,
    "older": None,
}

#: The age of an attempt `a`, in the words of AGES.
AGE = (
    "CASE "
    + " ".join(
        f"WHEN a.started_at > %(at)s - interval '{seconds} seconds' THEN '{words}'"
        for words, seconds in AGES.items()
        if seconds
    )
    + " ELSE 'older' END"
)

#: Each account is a checkpoint and the entries behind it.
_RECEIVABLE = """
    SELECT split_part(code, ':', 3) AS psp, livemode, currency, -sum(ledger_balance(merchant_id, id))
    FROM ledger_account WHERE code LIKE 'assets:psp:%:receivable' GROUP BY 1, 2, 3"""


def _receivable(_: datetime) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVABLE)
        rows: Rows = cursor.fetchall()
        return rows


READINGS = [
    Reading(
        tells={
            "paygate_unknown_by_age": "Attempts of which nobody can tell what became of them, by their age.",
            "paygate_unknown_by_age_minor": "How much they are about, in minor units of the currency.",
        },
        # By the partial index of what is open: as many rows as are in flight.
        asks=f"""SELECT a.psp, p.livemode, p.currency, {AGE} AS age, count(*), sum(a.amount)
                FROM payment_attempt a
                JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
                WHERE a.finished_at IS NULL AND a.outcome = 'unknown' GROUP BY 1, 2, 3, 4""",  # noqa: S608 - our own words.
        labels=("psp", "livemode", "currency", "age"),
    ),
    Reading(
        tells={
            "paygate_psp_receivable_minor": "What PSPs owe us by the books: captured, and not settled."
        },
        asks=_receivable,  # Of every merchant's account at every PSP: seldom.
        labels=("psp", "livemode", "currency"),
        every=900.0,
    ),
]
