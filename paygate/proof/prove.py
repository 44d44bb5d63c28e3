"""The proof: each statement below is a question to PostgreSQL whose right answer is "no rows".

Nothing here trusts an amount that somebody has added up before: every check goes back to the entries, the
payments and the attempts themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.db import connection

from kernel.checks import Check as Check
from kernel.clock import now, rfc3339
from kernel.db import atomic
from kernel.money import Money
from ledger.booked import booked
from ledger.checkpoints import verify_checkpoints
from ledger.seals import heads, verify_seals
from paygate.proof.calls import CHECKS as OF_CALLS
from paygate.wiring import CHECKS as OTHERS_CHECKS
from paygate.wiring import KEYED, named


def _without_its(table: str) -> str:
    """What is true of a key that set nothing of this table going."""
    return f"NOT EXISTS (SELECT FROM {table} a WHERE a.merchant_id = k.merchant_id AND a.id = k.subject)"


_REFUNDED = booked("t.kind IN ('refund.succeeded', 'refund.failed')")

CHECKS = [
    Check(
        "every ledger transaction sums to zero in each currency",
        """SELECT merchant_id, transaction_id, currency FROM ledger_entry
           GROUP BY merchant_id, transaction_id, currency
           HAVING sum(CASE type WHEN 'CREDIT' THEN amount ELSE -amount END) <> 0""",
    ),
    Check(
        "the whole of the books sums to zero in each currency",
        """SELECT currency, sum(CASE type WHEN 'CREDIT' THEN amount ELSE -amount END) FROM ledger_entry
           GROUP BY currency HAVING sum(CASE type WHEN 'CREDIT' THEN amount ELSE -amount END) <> 0""",
    ),
    Check(
        "every ledger transaction has entries, and every entry its transaction",
        """SELECT t.merchant_id, t.id FROM ledger_transaction t
           WHERE NOT EXISTS (SELECT FROM ledger_entry e WHERE e.merchant_id = t.merchant_id AND e.transaction_id = t.id)
           UNION ALL
           SELECT e.merchant_id, e.transaction_id FROM ledger_entry e
           WHERE NOT EXISTS (
               SELECT FROM ledger_transaction t WHERE t.merchant_id = e.merchant_id AND t.id = e.transaction_id)""",
    ),
    Check(
        "every payment's captured amount is what the books say the PSP owes for it",
        """SELECT p.merchant_id, p.id, p.amount_captured, coalesce(b.booked, 0) FROM payment p
           LEFT JOIN (
               SELECT a.merchant_id, a.payment_id,
                   sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END) AS booked
               FROM payment_attempt a
               JOIN ledger_transaction t ON t.merchant_id = a.merchant_id
                   AND t.kind IN ('payment.captured', 'payment.capture_reversed', 'payment.recaptured')
                   AND t.source = public_id('att', a.id)
               JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
               JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
                   AND c.code = 'assets:psp:' || a.psp || ':receivable'
               GROUP BY a.merchant_id, a.payment_id
           ) b ON b.merchant_id = p.merchant_id AND b.payment_id = p.id
           WHERE p.amount_captured <> coalesce(b.booked, 0)""",
    ),
    Check(
        "every payment's fee is what the books say we earned on it",
        """SELECT p.merchant_id, p.id, p.fee, coalesce(b.booked, 0) FROM payment p
           LEFT JOIN (
               SELECT a.merchant_id, a.payment_id,
                   sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS booked
               FROM payment_attempt a
               JOIN ledger_transaction t ON t.merchant_id = a.merchant_id
                   AND t.kind IN ('payment.captured', 'payment.capture_reversed', 'payment.recaptured')
                   AND t.source = public_id('att', a.id)
               JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
               JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
                   AND c.code = 'income:fees:processing'
               GROUP BY a.merchant_id, a.payment_id
           ) b ON b.merchant_id = p.merchant_id AND b.payment_id = p.id
           WHERE p.fee <> coalesce(b.booked, 0)""",
    ),
    Check(
        "no capture is in the books that no approved attempt brought about",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind = 'payment.captured' AND NOT EXISTS (
               SELECT FROM payment_attempt a WHERE a.merchant_id = t.merchant_id
                   AND public_id('att', a.id) = t.source AND a.outcome = 'approved')""",
    ),
    Check(
        "nothing was taken that was not held, nothing given back that was not taken",
        """SELECT merchant_id, id FROM payment
           WHERE amount_captured > amount_authorized OR amount_authorized > amount
               OR amount_refunded + amount_refund_pending > amount_captured""",
    ),
    Check(
        "no payment has two successful authorizations or two open attempts",
        """SELECT merchant_id, payment_id FROM payment_attempt
           WHERE operation IN ('authorize', 'confirm') AND outcome = 'approved'
           GROUP BY merchant_id, payment_id HAVING count(*) > 1
           UNION ALL
           SELECT merchant_id, payment_id FROM payment_attempt WHERE finished_at IS NULL AND operation <> 'refund'
           GROUP BY merchant_id, payment_id HAVING count(*) > 1""",
    ),
    Check(
        "a payment is being processed exactly when an attempt of it is open",
        """SELECT p.merchant_id, p.id FROM payment p
           WHERE (p.state = 'processing') IS DISTINCT FROM EXISTS (
               SELECT FROM payment_attempt a
               WHERE a.merchant_id = p.merchant_id AND a.payment_id = p.id AND a.finished_at IS NULL
                   AND a.operation <> 'refund')""",
    ),
    Check(
        "every payment's refunded and reserved amounts are the sums of its refunds",
        """SELECT p.merchant_id, p.id, p.amount_refunded, p.amount_refund_pending, r.given, r.reserved FROM payment p
           LEFT JOIN (
               SELECT merchant_id, payment_id,
                   coalesce(sum(amount) FILTER (WHERE state = 'succeeded'), 0) AS given,
                   coalesce(sum(amount) FILTER (WHERE state = 'pending'), 0) AS reserved
               FROM refund GROUP BY merchant_id, payment_id
           ) r ON r.merchant_id = p.merchant_id AND r.payment_id = p.id
           WHERE (p.amount_refunded, p.amount_refund_pending)
               IS DISTINCT FROM (coalesce(r.given, 0), coalesce(r.reserved, 0))""",
    ),
    Check(
        "every refund that stands as succeeded is in the books, and no other",
        f"""WITH due AS MATERIALIZED (
               SELECT r.merchant_id, public_id('re', r.id) AS source, r.psp, r.state,
                   CASE r.state WHEN 'succeeded' THEN r.amount ELSE 0 END AS amount
               FROM refund r
           ), sides AS (
               SELECT merchant_id, source, state, 'assets:psp:' || psp || ':receivable' AS code, amount FROM due
               UNION ALL
               SELECT merchant_id, source, state, 'liabilities:merchant:available', -amount FROM due
           )
           SELECT s.merchant_id, s.source, s.state, s.code, coalesce(b.balance, 0) FROM sides s
           LEFT JOIN ({_REFUNDED}) b ON b.merchant_id = s.merchant_id AND b.source = s.source AND b.code = s.code
           WHERE coalesce(b.balance, 0) <> s.amount""",  # noqa: S608 - our own words.
    ),
    Check(
        "nothing is in the books for a refund that there is not",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind IN ('refund.succeeded', 'refund.failed') AND NOT EXISTS (
               SELECT FROM refund r WHERE r.merchant_id = t.merchant_id AND public_id('re', r.id) = t.source)""",
    ),
    Check(
        "a refund of ours is pending exactly when its attempt is open, and each has one attempt",
        """SELECT r.merchant_id, r.id FROM refund r
           LEFT JOIN payment_attempt a ON a.merchant_id = r.merchant_id AND a.refund_id = r.id
           WHERE r.source <> 'psp'
               AND (a.id IS NULL OR (r.state = 'pending') IS DISTINCT FROM (a.finished_at IS NULL))""",
    ),
    Check(
        "a refund of ours has succeeded only by an approved attempt of its amount",
        """SELECT r.merchant_id, r.id FROM refund r
           JOIN payment_attempt a ON a.merchant_id = r.merchant_id AND a.refund_id = r.id
           WHERE (a.payment_id, a.amount) IS DISTINCT FROM (r.payment_id, r.amount)
               OR r.state = 'succeeded' AND a.outcome <> 'approved'""",
    ),
    Check(
        "every change of every refund has its event, none twice",
        """SELECT r.merchant_id, r.id FROM refund r
           LEFT JOIN outbox_event e ON e.merchant_id = r.merchant_id AND e.subject = public_id('re', r.id)
           GROUP BY r.merchant_id, r.id, r.sequence
           HAVING count(e.id) <> r.sequence OR count(DISTINCT e.sequence) <> r.sequence
               OR max(e.sequence) <> r.sequence""",
    ),
    Check(
        "every idempotency key has what it set going",
        "SELECT k.merchant_id, k.key FROM idempotency_key k WHERE "  # noqa: S608 - our own tables.
        + " AND ".join(_without_its(table) for table in KEYED),
    ),
    Check(
        "every approved or declined attempt under a key has its stored reply",
        """SELECT k.merchant_id, k.key FROM idempotency_key k
           JOIN payment_attempt a ON a.merchant_id = k.merchant_id AND a.id = k.subject
           WHERE a.outcome IN ('approved', 'declined', 'action_required') AND k.status IS NULL""",
    ),
    Check(
        "every change of every payment has its event, none twice",
        """SELECT p.merchant_id, p.id FROM payment p
           LEFT JOIN outbox_event e ON e.merchant_id = p.merchant_id AND e.subject = public_id('pay', p.id)
           GROUP BY p.merchant_id, p.id, p.sequence
           HAVING count(e.id) <> p.sequence OR count(DISTINCT e.sequence) <> p.sequence
               OR max(e.sequence) <> p.sequence""",
    ),
]

UNRESOLVED = "SELECT count(*) FROM payment_attempt WHERE finished_at IS NULL"
VOLUME = """SELECT currency, count(*), sum(amount_captured) FROM payment GROUP BY currency ORDER BY currency"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    says: str
    contradictions: int
    example: str  # The first contradiction; "" when there is none.
    seconds: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved, over what, when, and how long it took."""

    findings: list[Finding]
    payments: int
    captured: dict[str, int]  # Minor units by currency.
    unresolved: int
    heads: dict[str, dict[str, str]]  # The newest roll of each mode: what was sealed by then.
    at: datetime
    seconds: float

    @property
    def discrepancies(self) -> int:
        return sum(finding.contradictions for finding in self.findings)

    @property
    def holds(self) -> bool:
        return not self.discrepancies

    @property
    def summary(self) -> str:
        """ "N payments, M captured, 0 discrepancies, checked at T in S seconds"."""
        sums = ", ".join(str(Money(minor, code)) for code, minor in self.captured.items())
        return (
            f"{self.payments} payments, {sums or 'nothing'} captured, {self.unresolved} unresolved, "
            f"{self.discrepancies} discrepancies, checked at {rfc3339(self.at)} in {self.seconds:.2f} s"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "summary": self.summary,
            "discrepancies": self.discrepancies,
            "payments": self.payments,
            "captured": self.captured,
            "unresolved": self.unresolved,
            "heads": self.heads,
            "at": rfc3339(self.at),
            "seconds": round(self.seconds, 2),
            "findings": [asdict(finding) for finding in self.findings],
        }


def prove() -> Proof:
    """Ask all of it, in one snapshot of the database."""
    started, at = time.monotonic(), now()
    outermost = not connection.in_atomic_block
    with atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for setting in _OF_THE_WHOLE:
                cursor.execute(f"SET LOCAL {setting}")
        findings = [_asked(check) for check in chain(CHECKS, OF_CALLS, *named(OTHERS_CHECKS))]
        for says, verify in _VERIFIED:
            findings.append(_verified(says, verify))
        cursor.execute(VOLUME)
        volume = cursor.fetchall()
        cursor.execute(UNRESOLVED)
        (unresolved,) = cursor.fetchone()
        newest = heads()
    return Proof(
        findings=findings,
        payments=sum(count for _, count, _ in volume),
        captured={currency: int(captured) for currency, _, captured in volume},
        unresolved=unresolved,
        heads={
            "live" if head.livemode else "test": {
                "upto": head.upto.astimezone(UTC).isoformat(),
                "hash": head.hash,
            }
            for head in newest
        },
        at=at,
        seconds=time.monotonic() - started,
    )


#: Every question reads all there is. A planner that guesses how often an id written out is found in the books guesses
#: too low, and would then write out all ids of a merchant once for each of their entries.
_OF_THE_WHOLE = ("enable_nestloop = off", "work_mem = '64MB'")

_VERIFIED: tuple[tuple[str, Callable[[], Sequence[object]]], ...] = (
    ("every checkpoint is the sum of the entries before it", verify_checkpoints),
    ("every sealed day stands as it was sealed, and each seal goes on from the last", verify_seals),
)


def _asked(check: Check) -> Finding:
    begun = time.monotonic()
    with connection.cursor() as cursor:
        question = f"SELECT count(*), min(found::text) FROM ({check.against}) AS found"  # noqa: S608
        cursor.execute(question)
        count, example = cursor.fetchone()
    return Finding(check.says, count, example or "", round(time.monotonic() - begun, 3))


def _verified(says: str, verify: Callable[[], Sequence[object]]) -> Finding:
    begun = time.monotonic()
    wrong = verify()
    example = str(wrong[0]) if wrong else ""
    return Finding(says, len(wrong), example, round(time.monotonic() - begun, 3))
