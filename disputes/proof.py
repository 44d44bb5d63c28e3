"""What must be true of disputes: each statement is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

#: What the books say of each dispute's money in one account, and what its rounds say.
_IN_THE_BOOKS = booked(
    "t.kind LIKE 'dispute.%'",
    by=("t.merchant_id", "split_part(t.source, ':', 1) AS dispute", "c.code"),
)

_BY_THE_ROUNDS = """
    SELECT d.merchant_id, public_id('dp', d.id) AS dispute, d.psp, d.outstanding,
        coalesce(sum(r.amount - r.returned) FILTER (WHERE r.lost_as IS NULL), 0) AS set_aside,
        coalesce(sum(r.amount - r.returned), 0) AS outstanding_by_rounds,
        coalesce(sum(r.fee) FILTER (WHERE r.reinstatement IS NULL), 0) AS fee
    FROM dispute d
    LEFT JOIN dispute_round r ON r.merchant_id = d.merchant_id AND r.dispute_id = d.id
    GROUP BY d.merchant_id, d.id, d.psp, d.outstanding
"""

CHECKS = [
    Check(
        "what disputes have withdrawn and not given back is what their payments say is disputed",
        """SELECT p.merchant_id, p.id, p.amount_disputed, coalesce(d.outstanding, 0) FROM payment p
           LEFT JOIN (
               SELECT d.merchant_id, d.payment_id, sum(r.amount - r.returned) AS outstanding
               FROM dispute d
               JOIN dispute_round r ON r.merchant_id = d.merchant_id AND r.dispute_id = d.id
               GROUP BY d.merchant_id, d.payment_id
           ) d ON d.merchant_id = p.merchant_id AND d.payment_id = p.id
           WHERE p.amount_disputed <> coalesce(d.outstanding, 0)""",
    ),
    Check(
        "each withdrawal is one round of its dispute, and each round has its movements' amounts",
        """SELECT m.merchant_id, m.id FROM dispute_movement m
           LEFT JOIN dispute_round r ON r.merchant_id = m.merchant_id AND r.withdrawal = m.id
           WHERE m.direction = 'withdrawn'
               AND (r.dispute_id, r.amount) IS DISTINCT FROM (m.dispute_id, m.amount)
           UNION ALL
           SELECT r.merchant_id, r.reinstatement FROM dispute_round r
           LEFT JOIN dispute_movement m ON m.merchant_id = r.merchant_id AND m.id = r.reinstatement
           WHERE r.reinstatement IS NOT NULL AND (m.direction, m.dispute_id, m.amount)
               IS DISTINCT FROM ('reinstated', r.dispute_id, r.returned)""",
    ),
    Check(
        "each round is in the books once, and so is its end",
        """SELECT r.merchant_id, r.dispute_id, r.number FROM dispute_round r
           CROSS JOIN LATERAL (SELECT public_id('dp', r.dispute_id) || ':' || r.number AS source) s
           LEFT JOIN ledger_transaction t ON t.merchant_id = r.merchant_id AND t.source = s.source
               AND t.kind IN ('dispute.opened', 'dispute.won', 'dispute.reinstated')
           GROUP BY r.merchant_id, r.dispute_id, r.number, r.reinstatement
           HAVING count(*) FILTER (WHERE t.kind = 'dispute.opened') <> 1
               OR count(*) FILTER (WHERE t.kind IN ('dispute.won', 'dispute.reinstated'))
                   <> (CASE WHEN r.reinstatement IS NULL THEN 0 ELSE 1 END)""",
    ),
    Check(
        "what is set aside for a running dispute stands in the disputed accounts, on both sides",
        f"""SELECT r.merchant_id, r.dispute, r.set_aside FROM ({_BY_THE_ROUNDS}) r
            LEFT JOIN ({_IN_THE_BOOKS}) p ON p.merchant_id = r.merchant_id AND p.dispute = r.dispute
                AND p.code = 'assets:psp:' || r.psp || ':disputed'
            LEFT JOIN ({_IN_THE_BOOKS}) m ON m.merchant_id = r.merchant_id AND m.dispute = r.dispute
                AND m.code = 'liabilities:merchant:disputed'
            WHERE coalesce(p.balance, 0) <> -r.set_aside OR coalesce(m.balance, 0) <> r.set_aside
                OR r.outstanding <> r.outstanding_by_rounds""",  # noqa: S608 - our own text.
    ),
    Check(
        "what a dispute has cost the merchant is what the PSP took and our fee, and nothing once it is won",
        f"""SELECT r.merchant_id, r.dispute FROM ({_BY_THE_ROUNDS}) r
            LEFT JOIN ({_IN_THE_BOOKS}) a ON a.merchant_id = r.merchant_id AND a.dispute = r.dispute
                AND a.code = 'liabilities:merchant:available'
            LEFT JOIN ({_IN_THE_BOOKS}) f ON f.merchant_id = r.merchant_id AND f.dispute = r.dispute
                AND f.code = 'income:fees:dispute'
            WHERE coalesce(a.balance, 0) <> -r.outstanding_by_rounds - r.fee
                OR coalesce(f.balance, 0) <> r.fee""",  # noqa: S608 - our own text.
    ),
    Check(
        "what the PSP charged for a dispute, and gave back of that, is in the books",
        """SELECT m.merchant_id, m.id FROM dispute_movement m
           LEFT JOIN dispute_round r ON r.merchant_id = m.merchant_id AND r.reinstatement = m.id
           LEFT JOIN ledger_transaction t ON t.merchant_id = m.merchant_id
               AND t.source = public_id('dp', m.dispute_id) || ':' || m.psp_reference
               AND t.kind = CASE m.direction WHEN 'withdrawn' THEN 'psp.fee_charged' ELSE 'psp.fee_returned' END
           LEFT JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
               AND e.type = CASE m.direction WHEN 'withdrawn' THEN 'CREDIT' ELSE 'DEBIT' END
           LEFT JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
               AND c.code = 'assets:psp:' || m.psp || ':receivable'
           GROUP BY m.merchant_id, m.id, m.direction, m.fee, r.id
           HAVING coalesce(sum(e.amount) FILTER (WHERE c.id IS NOT NULL), 0)
               <> (CASE WHEN m.direction = 'withdrawn' OR r.id IS NOT NULL THEN m.fee ELSE 0 END)""",
    ),
    Check(
        "nothing of a dispute is in the books that no dispute of ours brought about",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind LIKE 'dispute.%' AND NOT EXISTS (
               SELECT FROM dispute d WHERE d.merchant_id = t.merchant_id
                   AND public_id('dp', d.id) = split_part(t.source, ':', 1))""",
    ),
    Check(
        "what is lost is given up, and nothing else is",
        """SELECT r.merchant_id, r.dispute_id, r.number FROM dispute_round r
           JOIN dispute d ON d.merchant_id = r.merchant_id AND d.id = r.dispute_id
           WHERE r.amount > r.returned AND (r.lost_as IS NOT NULL) <>
               (d.status = 'lost' OR (d.status = 'won' AND r.reinstatement IS NOT NULL))""",
    ),
    Check(
        "every change of every dispute has its event, none twice",
        """SELECT d.merchant_id, d.id FROM dispute d
           LEFT JOIN outbox_event e ON e.merchant_id = d.merchant_id AND e.subject = public_id('dp', d.id)
           GROUP BY d.merchant_id, d.id, d.sequence
           HAVING count(e.id) <> d.sequence OR count(DISTINCT e.sequence) <> d.sequence
               OR max(e.sequence) <> d.sequence""",
    ),
    Check(
        "every dispute has what was said of it, by a case of its own",
        """SELECT d.merchant_id, d.id FROM dispute d
           WHERE NOT EXISTS (
                   SELECT FROM dispute_report r WHERE r.merchant_id = d.merchant_id AND r.dispute_id = d.id)
               OR NOT EXISTS (
                   SELECT FROM dispute_case c WHERE c.merchant_id = d.merchant_id AND c.dispute_id = d.id
                       AND c.psp_reference = d.psp_reference)""",
    ),
    Check(
        "a dispute has at most one open act, and none once it is decided",
        """SELECT a.merchant_id, a.dispute_id FROM dispute_act a
           JOIN dispute d ON d.merchant_id = a.merchant_id AND d.id = a.dispute_id
           WHERE a.finished_at IS NULL
           GROUP BY a.merchant_id, a.dispute_id, d.status
           HAVING count(*) > 1 OR d.status IN ('won', 'lost')""",
    ),
    Check(
        "every act that ended under a key, and did not go unsent, has its stored reply",
        """SELECT a.merchant_id, a.id FROM dispute_act a
           JOIN idempotency_key k ON k.merchant_id = a.merchant_id AND k.subject = a.id
           WHERE a.outcome IN ('done', 'declined', 'overtaken') AND k.status IS NULL""",
    ),
    Check(
        "a dispute of a converted payment leaves its merchant nothing in the payment's own currency",
        """SELECT p.merchant_id, p.id, t.kind, t.source FROM payment p
           JOIN dispute d ON d.merchant_id = p.merchant_id AND d.payment_id = p.id
           JOIN dispute_round r ON r.merchant_id = d.merchant_id AND r.dispute_id = d.id
           JOIN ledger_transaction t ON t.merchant_id = r.merchant_id
               AND t.kind IN ('dispute.opened', 'dispute.won', 'dispute.reinstated')
               AND t.source = public_id('dp', r.dispute_id) || ':' || r.number
           WHERE NOT p.conversion -> 'parts' ? (t.kind || ':' || t.source)""",
    ),
]
