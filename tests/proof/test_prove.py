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


@pytest.mark.parametrize(
    "tampering, statement",
    [
        (
            "UPDATE payment_attempt SET psp = 'stripe', psp_reference = 'pi_1' WHERE outcome = 'approved'",
            "no PSP's reference of an authorization or a refund is of two of our calls",
        ),
        (
            """UPDATE idempotency_key SET body = jsonb_set(body::jsonb, '{amount}', '1')::text
               WHERE status BETWEEN 200 AND 299""",
            "every acknowledged payment is there, of the sum that was acknowledged",
        ),
        (
            "UPDATE payment_attempt SET idempotency_key = 'another' WHERE idempotency_key <> ''",
            "every attempt under a key is what that key set going, and no other is",
        ),
        (
            "UPDATE ledger_entry SET effective_at = effective_at + interval '1s' WHERE line = 1",
            "every entry agrees with its transaction and with its account",
        ),
    ],
)
def test_tampering_with_calls_keys_and_entries_is_found(day, api, tampering, statement):
    api.pay(psp="stripe")
    with connection.cursor() as cursor:
        for table, constraint in (
            ("ledger_entry", "ledger_entry_transaction"),
            ("payment_attempt", "payment_attempt_once"),
        ):
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")

    assert statement in found(tampering)


def test_a_refund_of_what_a_dispute_holds_is_found(api):
    """As no verb would make it: the dispute was heard of an hour before the refund was asked for."""
    payment = api.pay(psp="stripe").json()["id"]
    assert api.post("refunds", {"payment": payment, "amount": 400}).status_code == 201
    statement = "what a dispute holds was not given back besides, unless that was under way before"
    dispute = """
        INSERT INTO dispute (merchant_id, id, payment_id, livemode, psp, psp_reference, stage, status, sequence, amount,
            currency, outstanding, fee, reason, reason_code, reminders, opened_at, reported_at, created_at, updated_at)
        SELECT merchant_id, id, id, livemode, psp, 'dp_1', 'chargeback', 'needs_response', 1, 1000, currency, 1000, 0,
            'fraudulent', '', 0, created_at, created_at, created_at, created_at FROM payment;
        INSERT INTO dispute_movement (merchant_id, id, dispute_id, livemode, psp, psp_reference, direction, amount, fee,
            currency, said_at, heard_at)
        SELECT merchant_id, id, id, livemode, psp, 'txn_1', 'withdrawn', 1000, 0, currency, created_at,
            created_at - interval '1 hour' FROM payment;
        UPDATE payment SET amount_disputed = 1000;"""

    assert statement in found(dispute)
    under_way = "UPDATE dispute_movement SET heard_at = heard_at + interval '1 hour'"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dispute_movement DISABLE TRIGGER USER")
    assert statement not in found(under_way)


def test_an_event_posted_twice_is_found(day):
    """With the constraint gone that refuses it."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_once")

    assert "every business event is in the books once" in found(
        "INSERT INTO ledger_transaction (merchant_id, id, livemode, kind, source, memo, effective_at)"
        " SELECT merchant_id, gen_random_uuid(), livemode, kind, source, '', effective_at FROM ledger_transaction"
    )


def test_the_command_says_so_and_fails(day, capsys):
    call_command("prove")
    assert "0 discrepancies" in capsys.readouterr().out

    tamper("UPDATE payment SET fee = fee + 1 WHERE amount_captured > 0")
    with pytest.raises(SystemExit) as failure:
        call_command("prove", "--json")
    assert failure.value.code == 1
