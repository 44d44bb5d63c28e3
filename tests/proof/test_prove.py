"""The proof finds what is wrong; a proof that cannot fail proves nothing."""

import pytest
from django.core.management import call_command
from django.db import connection

from paygate.proof.prove import prove


@pytest.fixture
def day(api):
    api.pay(psp="stripe")
    held = api.pay(psp="adyen", capture_method="manual").json()
    api.post(f"payments/{held['id']}/capture", {"amount": 400, "final": False})
    api.pay(psp="braintree", payment_method="pm_card_declined")


GUARDED = [
    "payment",
    "payment_attempt",
    "refund",
    "idempotency_key",
    "outbox_event",
    "ledger_transaction",
    "ledger_entry",
]


def tamper(sql):
    """Change what may not be changed, as only the tables' owner can: behind the triggers' backs."""
    with connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def found(sql):
    """Which statements the proof finds untrue after the books were tampered with."""
    tamper(sql)
    return {finding.says for finding in prove().findings if finding.contradictions}


def test_an_ordinary_day_holds(day):
    proof = prove()

    assert proof.holds, [f for f in proof.findings if f.contradictions]
    assert (proof.payments, proof.unresolved) == (3, 0)
    assert proof.captured == {"USD": 1400}


@pytest.mark.parametrize(
    "tampering, statement",
    [
        (
            "UPDATE ledger_entry SET amount = amount + 1 WHERE type = 'DEBIT'",
            "every ledger transaction sums to zero in each currency",
        ),
        (
            "DELETE FROM ledger_entry WHERE type = 'CREDIT'",
            "the whole of the books sums to zero in each currency",
        ),
        (
            "DELETE FROM ledger_entry",
            "every ledger transaction has entries, and every entry its transaction",
        ),
        (
            "UPDATE payment SET amount_captured = amount_captured - 1 WHERE amount_captured > 0",
            "every payment's captured amount is what the books say the PSP owes for it",
        ),
        (
            "UPDATE payment SET fee = fee + 1 WHERE amount_captured > 0",
            "every payment's fee is what the books say we earned on it",
        ),
        (
            "UPDATE payment_attempt SET outcome = 'declined' WHERE operation = 'capture'",
            "no capture is in the books that no approved attempt brought about",
        ),
        (
            "UPDATE payment SET state = 'processing' WHERE state = 'captured'",
            "a payment is being processed exactly when an attempt of it is open",
        ),
        (
            "UPDATE idempotency_key SET subject = gen_random_uuid()",
            "every idempotency key has what it set going",
        ),
        (
            "UPDATE idempotency_key SET status = NULL, body = NULL",
            "every approved or declined attempt under a key has its stored reply",
        ),
        (
            "DELETE FROM outbox_event WHERE sequence = 2",
            "every change of every payment has its event, none twice",
        ),
    ],
)
def test_tampering_is_found(day, tampering, statement):
    assert statement in found(tampering)


@pytest.mark.parametrize(
    "tampering, statement",
    [
        (
            "UPDATE payment SET amount_refunded = amount_refunded - 1 WHERE amount_refunded > 0",
            "every payment's refunded and reserved amounts are the sums of its refunds",
        ),
        (
            "UPDATE payment SET amount_refunded = 0, amount_refund_pending = amount_refunded",
            "every payment's refunded and reserved amounts are the sums of its refunds",
        ),
        (
            "UPDATE refund SET state = 'failed' WHERE state = 'succeeded'",
            "every refund that stands as succeeded is in the books, and no other",
        ),
        (
            # Somebody else bears it.
            """UPDATE ledger_entry SET guarded = false,
                   account_id = (SELECT id FROM ledger_account WHERE code = 'income:fees:processing')
               WHERE type = 'DEBIT' AND transaction_id IN
                   (SELECT id FROM ledger_transaction WHERE kind = 'refund.succeeded')""",
            "every refund that stands as succeeded is in the books, and no other",
        ),
        (
            "UPDATE ledger_transaction SET source = 're_0' WHERE kind = 'refund.succeeded'",
            "nothing is in the books for a refund that there is not",
        ),
        (
            "UPDATE payment_attempt SET finished_at = NULL, outcome = '' WHERE operation = 'refund'",
            "a refund of ours is pending exactly when its attempt is open, and each has one attempt",
        ),
        (
            "UPDATE payment_attempt SET outcome = 'declined' WHERE operation = 'refund'",
            "a refund of ours has succeeded only by an approved attempt of its amount",
        ),
        (
            "UPDATE payment_attempt SET amount = amount - 1 WHERE operation = 'refund'",
            "a refund of ours has succeeded only by an approved attempt of its amount",
        ),
        (
            "DELETE FROM outbox_event WHERE topic = 'refund.succeeded'",
            "every change of every refund has its event, none twice",
        ),
    ],
)
def test_tampering_with_refunds_is_found(api, tampering, statement):
    payment = api.pay(psp="stripe").json()["id"]
    assert api.post("refunds", {"payment": payment, "amount": 400}).status_code == 201
    assert prove().holds

    assert statement in found(tampering)


def test_the_command_says_so_and_fails(day, capsys):
    call_command("prove")
    assert "0 discrepancies" in capsys.readouterr().out

    tamper("UPDATE payment SET fee = fee + 1 WHERE amount_captured > 0")
    with pytest.raises(SystemExit) as failure:
        call_command("prove", "--json")
    assert failure.value.code == 1
