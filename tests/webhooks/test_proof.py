"""The proof finds what is wrong in the inbox, and does not mind what only a person can settle."""

import pytest
from django.db import connection

from paygate.proof.prove import prove
from paygate.psp.events import NotYet, Quarantined
from paygate.webhooks.models import PspEvent
from tests.webhooks.signed import letter, stripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def day(listening):
    """One of each: applied, irrelevant, quarantined, and one that waits for its turn."""
    intent = {"id": "pi_1", "object": "payment_intent", "amount": 1, "currency": "usd"}
    for mood in ({}, {"raises": Quarantined("unknown")}, {"raises": NotYet("too early")}):
        listening(**mood)
        stripe("payment_intent.succeeded", object=intent).send()
    letter("adyen").send()


def tamper(sql):
    """Change what may not be changed, as only the table's owner can."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE psp_event DISABLE TRIGGER USER")
        for (name,) in constraints(cursor):
            cursor.execute(f"ALTER TABLE psp_event DROP CONSTRAINT {name}")
        cursor.execute(sql)


def constraints(cursor):
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'psp_event'::regclass AND conname LIKE 'psp_event_%'"
    )
    return cursor.fetchall()


def found(sql):
    tamper(sql)
    return {finding.says for finding in prove().findings if finding.contradictions}


def test_an_ordinary_day_holds(day):
    proof = prove()

    assert proof.holds, [f for f in proof.findings if f.contradictions]
    assert set(PspEvent.objects.values_list("state", flat=True)) == {
        "applied",
        "irrelevant",
        "quarantined",
        "received",
    }


@pytest.mark.parametrize(
    "tampering, statement",
    [
        (
            "INSERT INTO psp_event SELECT * FROM psp_event",
            "nothing that a PSP told is kept twice, so nothing has its effect twice",
        ),
        (
            "UPDATE psp_event SET settled_at = NULL",
            "what a PSP told is settled exactly when it was applied, needed nothing, or was set aside",
        ),
        (
            "UPDATE psp_event SET next_try_at = now() - interval '16 minutes' WHERE state = 'received'",
            "nothing that a PSP told has waited a quarter of an hour for its turn",
        ),
        (
            "UPDATE psp_event SET state = 'set_aside', settled_at = now() WHERE state = 'quarantined'",
            "nothing that a PSP told was set aside without a name and a reason",
        ),
        (
            "UPDATE psp_event SET payload = NULL",
            "nothing that a PSP told was forgotten before it was settled",
        ),
    ],
)
def test_tampering_is_found(day, tampering, statement):
    assert statement in found(tampering)
