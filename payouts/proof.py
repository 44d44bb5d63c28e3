"""What must be true of payouts: each statement is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

#: What the books say of each payout on each account.
_BOOKED = booked("t.kind LIKE 'payout.%'")

CHECKS = [
    Check(
        "every payout stands in the books where its state says, and nowhere else",
        f"""SELECT p.merchant_id, p.id, p.state, side.code, coalesce(b.balance, 0) FROM payout p
            CROSS JOIN LATERAL (VALUES
                ('liabilities:merchant:available',
                    CASE WHEN p.state IN ('canceled', 'failed', 'returned') THEN 0 ELSE -1 END),
                ('liabilities:payouts:requested',
                    CASE WHEN p.state IN ('draft', 'pending_approval', 'approved') THEN 1 ELSE 0 END),
                ('liabilities:payouts:in_transit', CASE p.state WHEN 'in_transit' THEN 1 ELSE 0 END),
                (payout_paid_from(p.rail), CASE p.state WHEN 'paid' THEN 1 ELSE 0 END)
            ) side (code, sign)
            LEFT JOIN ({_BOOKED}) b ON b.merchant_id = p.merchant_id AND b.source = public_id('po', p.id)
                AND b.code = side.code
            WHERE coalesce(b.balance, 0) <> side.sign * p.amount""",  # noqa: S608 - our own text.
    ),
    Check(
        "nothing is in the books for a payout that there is not",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind LIKE 'payout.%' AND NOT EXISTS (
               SELECT FROM payout p WHERE p.merchant_id = t.merchant_id AND public_id('po', p.id) = t.source)""",
    ),
    Check(
        "no payout left without a batch that two people stand for",
        """SELECT p.merchant_id, p.id FROM payout p LEFT JOIN payout_batch b ON b.id = p.batch_id
           WHERE p.state NOT IN ('draft', 'pending_approval', 'canceled')
               AND (b.id IS NULL OR b.state NOT IN ('approved', 'sent', 'pending_approval', 'canceled')
                    OR p.state <> 'approved' AND b.approved_by IN ('', b.created_by, b.submitted_by))""",
    ),
    Check(
        "every file's payments and total are those of its payouts",
        """SELECT f.id, f.message_id FROM payout_file f
           LEFT JOIN payout p ON p.file_id = f.id
           GROUP BY f.id
           HAVING count(p.id) <> f.payments OR sum(p.amount) <> f.total
               OR bool_or(p.currency <> f.currency OR p.batch_id <> f.batch_id)""",
    ),
    Check(
        "every payout that left by the bank is in exactly one file, and no other is in any",
        """SELECT p.merchant_id, p.id FROM payout p
           WHERE p.rail = 'bank' AND (p.file_id IS NOT NULL) IS DISTINCT FROM (p.sent_at IS NOT NULL)
               OR p.rail <> 'bank' AND p.file_id IS NOT NULL""",
    ),
    Check(
        "files are numbered without a gap, and reports of the bank likewise",
        """SELECT livemode::text, format, max(sequence) FROM payout_file GROUP BY livemode, format
               HAVING max(sequence) <> count(*)
           UNION ALL
           SELECT livemode::text, 'reports', max(number) FROM payout_report GROUP BY livemode
               HAVING max(number) <> count(*)""",
    ),
    Check(
        "no payout went to a destination before it had cooled off",
        """SELECT p.merchant_id, p.id FROM payout p
           JOIN payout_destination d ON d.merchant_id = p.merchant_id AND d.id = p.destination_id
           WHERE d.usable_from IS NULL OR p.created_at < d.usable_from OR d.currency <> p.currency
               OR d.livemode <> p.livemode""",
    ),
    Check(
        "every change of every payout has its event, none twice",
        """SELECT p.merchant_id, p.id FROM payout p
           LEFT JOIN outbox_event e ON e.merchant_id = p.merchant_id AND e.subject = public_id('po', p.id)
           GROUP BY p.merchant_id, p.id, p.sequence
           HAVING count(e.id) <> p.sequence OR count(DISTINCT e.sequence) <> p.sequence
               OR max(e.sequence) <> p.sequence""",
    ),
]
