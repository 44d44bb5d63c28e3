"""The proof finds what is wrong with disputes; a proof that cannot fail proves nothing."""

import pytest
from django.db import connection

from disputes.proof import CHECKS
from paygate.proof.prove import prove
from tests.disputes.conftest import reinstated, withdrawn
from tests.proof.holds import holds

pytestmark = pytest.mark.django_db

GUARDED = [
    "dispute",
    "dispute_case",
    "dispute_report",
    "dispute_movement",
    "dispute_round",
    "dispute_act",
    "payment",
    "idempotency_key",
    "outbox_event",
    "ledger_transaction",
    "ledger_entry",
]


@pytest.fixture
def day(case, api, puppet):
    """One running, one won, one lost, one accepted."""
    case().heard("needs_response", withdrawn("a", fee=15_00))
    case("adyen").heard("won", withdrawn("b"), reinstated("c"))
    case("braintree").heard("lost", withdrawn("d"))
    accepted = case().heard("needs_response", withdrawn("e"))
    assert api.post(f"disputes/{accepted.public_id}/accept", key="k").status_code == 200


def found(sql):
    """Which statements the proof finds untrue after somebody changed what may not be changed."""
    with connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return {finding.says for finding in prove().findings if finding.contradictions}


TAMPERING = {
    CHECKS[
        0
    ].says: "UPDATE payment SET amount_disputed = amount_disputed - 1 WHERE amount_disputed > 0",
    CHECKS[1].says: "UPDATE dispute_movement SET amount = amount + 1 WHERE direction = 'withdrawn'",
    CHECKS[2].says: "UPDATE ledger_transaction SET source = 'dp_0:1' WHERE kind = 'dispute.won'",
    CHECKS[3].says: "UPDATE dispute_round SET lost_as = NULL WHERE lost_as IS NOT NULL",
    CHECKS[4].says: "UPDATE dispute_round SET fee = fee + 1 WHERE reinstatement IS NULL",
    CHECKS[
        5
    ].says: "UPDATE ledger_transaction SET source = 'dp_0:1' WHERE kind = 'psp.fee_charged'",
    CHECKS[
        6
    ].says: "UPDATE ledger_transaction SET source = 'dp_' || id WHERE kind = 'dispute.lost'",
    CHECKS[7].says: "UPDATE dispute SET status = 'won' WHERE status = 'lost'",
    CHECKS[8].says: "DELETE FROM outbox_event WHERE topic LIKE 'dispute.%' AND sequence = 2",
    CHECKS[9].says: "DELETE FROM dispute_report",
    CHECKS[10].says: "UPDATE dispute_act SET finished_at = NULL, outcome = ''",
    CHECKS[11].says: "UPDATE idempotency_key SET status = NULL, body = NULL WHERE key = 'k'",
    CHECKS[12].says: """UPDATE payment SET conversion = '{"to": "EUR", "parts": {}}'""",
}


def test_an_ordinary_day_holds(day):
    assert holds()


def test_every_statement_is_tried():
    assert set(TAMPERING) == {check.says for check in CHECKS}


@pytest.mark.parametrize("statement", TAMPERING)
def test_tampering_is_found(day, statement):
    assert statement in found(TAMPERING[statement])


def test_a_reinstatement_counted_twice_is_found(day):
    statement = "UPDATE dispute_movement SET direction = 'withdrawn' WHERE direction = 'reinstated'"
    assert CHECKS[1].says in found(statement)
