"""The proof finds what was changed of statements, batches and breaks behind everybody's back."""

from __future__ import annotations

import pytest
from django.db import connection

from paygate.proof.prove import prove
from paygate.reconciliation.models import Break
from tests.proof.holds import holds
from tests.reconciliation.statements import capture_of, line
from tests.reconciliation.test_breaks import DRAFT, WRITE_OFF, proposed
from tests.reconciliation.test_close import approved

GUARDED = (
    *("statement", "statement_line", "settlement_batch", "reconciliation_break"),
    *("ledger_transaction", "ledger_entry"),
)


@pytest.fixture
def night(api, apply):
    """A file that agrees, its batch at the bank, and three lines that nobody knows: accepted, given up and left."""
    paid = api.pay(psp="stripe", amount=10_000).json()
    apply(capture_of(paid, batch="po_9", fee=180), line("settlement", -9_820, batch="po_9"))
    apply(line("settlement", 9_820, ours="po_9"), psp="bank")
    apply(*(line("capture", 5_000, object=f"pi_{n}", payment=f"pi_{n}") for n in range(3)))
    accepted, given_up, _ = Break.objects.order_by("id")
    approved(proposed(accepted, DRAFT), DRAFT)
    approved(proposed(given_up, WRITE_OFF), WRITE_OFF)
    assert holds()


@pytest.mark.parametrize(
    "tampering, statement",
    [
        (
            "UPDATE statement_line SET fee_unexpected = 1 WHERE became = 'settled'",
            "every statement that counts is in the books as its lines say",
        ),
        (
            "DELETE FROM statement_line WHERE became = 'suspense'",
            "every statement that counts is in the books as its lines say",
        ),
        (
            "UPDATE statement SET state = 'superseded' WHERE psp = 'stripe'",
            "nothing of a statement that was superseded, or refused, stands in the books",
        ),
        (
            "UPDATE reconciliation_break SET draft = '[]' WHERE closed_at IS NULL",
            "what waits in suspense is what the drafts of open breaks would clear",
        ),
        (
            "UPDATE statement_line SET gross = gross - 1 WHERE became = 'settled'",
            "what the PSPs owe us is what was moved there and no statement has settled",
        ),
        (
            "UPDATE settlement_batch SET arrived = arrived + 1",
            "what arrived at our bank of a batch is what was posted of it",
        ),
        (
            "UPDATE reconciliation_break SET approved_by = proposed_by WHERE closed_by = 'draft'",
            "every break that people closed was approved by another than proposed it, and is in the books",
        ),
        (
            "UPDATE ledger_transaction SET source = 'brk_0' WHERE kind = 'reconciliation.resolved'",
            "every break that people closed was approved by another than proposed it, and is in the books",
        ),
        (
            "UPDATE ledger_transaction SET source = 'brk_0' WHERE kind = 'reconciliation.written_off'",
            "every break that people closed was approved by another than proposed it, and is in the books",
        ),
    ],
)
def test_tampering_with_a_night_is_found(night, tampering, statement):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE reconciliation_break DROP CONSTRAINT reconciliation_break_by_two"
        )
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(tampering)

    assert statement in {one.says for one in prove().findings if one.contradictions}
