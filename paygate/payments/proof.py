"""What must be true of what staff do by hand: each is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check

#: Refunds by hand, each with the key that its attempt was claimed under.
_BY_HAND = """
    SELECT r.merchant_id, r.id, r.livemode, r.amount, r.currency, r.state, a.idempotency_key AS key FROM refund r
    JOIN payment_attempt a ON a.merchant_id = r.merchant_id AND a.refund_id = r.id
    WHERE r.source = 'back_office'"""

CHECKS = [
    Check(
        "every refund by hand is within a budget or was approved by another person, and of that amount",
        f"""SELECT r.merchant_id, r.id FROM ({_BY_HAND}) r
            LEFT JOIN approval_spending s ON s.merchant_id = r.merchant_id AND s.livemode = r.livemode AND s.key = r.key
                AND (s.given_back_at IS NULL OR r.state IN ('failed', 'canceled'))
            LEFT JOIN approval_request q ON q.merchant_id = r.merchant_id AND q.kind = 'refund'
                AND r.key = 'back-office-' || public_id('apr', q.id) AND q.state IN ('approved', 'done')
            WHERE (s.id IS NULL) = (q.id IS NULL)
                OR r.amount <> coalesce(s.amount, q.amount) OR r.currency <> coalesce(s.currency, q.currency)""",  # noqa: S608 - our own text.
    ),
    Check(
        "every refund that was asked for and done is one refund, and none that was not done is any",
        f"""SELECT q.merchant_id, q.id FROM approval_request q
            LEFT JOIN ({_BY_HAND}) r ON r.merchant_id = q.merchant_id
                AND r.key = 'back-office-' || public_id('apr', q.id)
            WHERE q.kind = 'refund'
            GROUP BY q.merchant_id, q.id
            HAVING q.state = 'done' AND (count(r.id) <> 1 OR min(public_id('re', r.id)) <> q.result)
                OR q.state NOT IN ('approved', 'done') AND count(r.id) > 0""",  # noqa: S608 - our own text.
    ),
    Check(
        "every attempt that two people decided about stands as they decided",
        """SELECT q.merchant_id, q.id FROM approval_request q
           LEFT JOIN payment_attempt a ON a.merchant_id = q.merchant_id AND public_id('att', a.id) = q.result
           WHERE q.kind = 'verdict' AND q.state = 'done'
               AND (a.id IS NULL OR q.result <> q.subject OR a.amount <> q.amount
                   OR a.outcome <> CASE q.payload ->> 'verdict' WHEN 'executed' THEN 'approved' ELSE 'not_sent' END)""",
    ),
]
