"""What must be true of calls to PSPs and of what was acknowledged: each statement is a question whose right answer is
"no rows"."""

from __future__ import annotations

from kernel.checks import Check

CHECKS = [
    Check(
        "every call to a PSP has one outcome, or is open and has none yet",
        """SELECT merchant_id, id, outcome FROM payment_attempt
           WHERE (finished_at IS NULL) <> (outcome IN ('', 'unknown', 'pending'))
               OR finished_at IS NULL AND next_look_at IS NULL AND outcome <> ''
           UNION ALL
           SELECT merchant_id, id, outcome FROM dispute_act
           WHERE (finished_at IS NULL) <> (outcome IN ('', 'unknown', 'pending'))""",
    ),
    Check(
        "no PSP's reference of an authorization or a refund is of two of our calls",
        """SELECT psp, operation, psp_reference, min(id::text) FROM payment_attempt
           WHERE operation IN ('authorize', 'refund') AND outcome = 'approved' AND psp_reference <> ''
           GROUP BY psp, operation, psp_reference HAVING count(*) > 1""",
    ),
    Check(
        "every acknowledged payment is there, of the sum that was acknowledged",
        """SELECT k.merchant_id, k.key FROM idempotency_key k
           JOIN payment_attempt a ON a.merchant_id = k.merchant_id AND a.id = k.subject
           JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
           WHERE k.status BETWEEN 200 AND 299 AND a.operation = 'authorize'
               AND (k.body::jsonb ->> 'id', (k.body::jsonb ->> 'amount')::bigint, k.body::jsonb ->> 'currency',
                    k.livemode) IS DISTINCT FROM (public_id('pay', p.id), p.amount, p.currency::text, p.livemode)""",
    ),
    Check(
        "every attempt under a key is what that key set going, and no other is",
        """SELECT a.merchant_id, a.id, a.idempotency_key FROM payment_attempt a
           JOIN payment p ON p.merchant_id = a.merchant_id AND p.id = a.payment_id
           WHERE a.idempotency_key <> '' AND NOT EXISTS (
               SELECT FROM idempotency_key k WHERE k.merchant_id = a.merchant_id AND k.livemode = p.livemode
                   AND k.key = a.idempotency_key AND k.subject = a.id)""",
    ),
    Check(
        # More may be disputed for a while than was taken: a second withdrawal is heard of before the first came back.
        "what a dispute holds was not given back besides, unless that was under way before",
        """SELECT p.merchant_id, p.id, p.amount_captured, p.amount_refunded, p.amount_disputed FROM payment p
           WHERE p.amount_disputed > 0
               AND p.amount_refunded + p.amount_refund_pending + p.amount_disputed > p.amount_captured
               AND EXISTS (
                   -- A minute: both may have been under way, and only one waited for the other.
                   SELECT FROM refund r
                   JOIN dispute d ON d.merchant_id = r.merchant_id AND d.payment_id = r.payment_id AND d.outstanding > 0
                   JOIN dispute_movement m ON m.merchant_id = d.merchant_id AND m.dispute_id = d.id
                       AND m.direction = 'withdrawn'
                   WHERE r.merchant_id = p.merchant_id AND r.payment_id = p.id AND r.source <> 'psp'
                       AND r.state IN ('pending', 'succeeded') AND r.created_at > m.heard_at + interval '1 minute')""",
    ),
    Check(
        "every business event is in the books once",
        """SELECT merchant_id, kind, source FROM ledger_transaction
           GROUP BY merchant_id, kind, source HAVING count(*) > 1""",
    ),
    Check(
        "every entry agrees with its transaction and with its account",
        """SELECT e.merchant_id, e.transaction_id, e.line FROM ledger_entry e
           LEFT JOIN ledger_transaction t ON t.merchant_id = e.merchant_id AND t.id = e.transaction_id
               AND t.livemode = e.livemode AND t.posted_at = e.posted_at AND t.effective_at = e.effective_at
           LEFT JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
               AND a.livemode = e.livemode AND a.currency = e.currency AND a.guarded = e.guarded
           WHERE t.id IS NULL OR a.id IS NULL OR e.amount <= 0""",
    ),
    Check(
        "the days that earlier proofs saw sealed are sealed as they were",
        """SELECT r.at, head.key, head.value ->> 'upto' FROM proof_run r, jsonb_each(r.heads) AS head
           WHERE NOT EXISTS (
               SELECT FROM ledger_roll l WHERE l.livemode = (head.key = 'live')
                   AND l.upto = (head.value ->> 'upto')::timestamptz
                   AND encode(l.hash, 'hex') = head.value ->> 'hash')""",
    ),
]
