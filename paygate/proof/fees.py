"""What must be true of the fees for refunds: each statement is a question whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check

CHECKS = [
    Check(
        "every refund that stands as succeeded has its fee in the books, and no other",
        """SELECT r.merchant_id, r.id, r.state, r.fee, side.code, coalesce(b.booked, 0) FROM refund r
           CROSS JOIN (VALUES ('income:fees:refund', 1), ('liabilities:merchant:available', -1)) side (code, sign)
           LEFT JOIN (
               SELECT t.merchant_id, t.source, c.code,
                   sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS booked
               FROM ledger_transaction t
               JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
               JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
               WHERE t.kind IN ('refund.fee_charged', 'refund.fee_returned')
               GROUP BY t.merchant_id, t.source, c.code
           ) b ON b.merchant_id = r.merchant_id AND b.source = public_id('re', r.id) AND b.code = side.code
           WHERE coalesce(b.booked, 0) <> CASE r.state WHEN 'succeeded' THEN side.sign * r.fee ELSE 0 END""",
    ),
    Check(
        "no fee for a refund is in the books that there is not",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind IN ('refund.fee_charged', 'refund.fee_returned') AND NOT EXISTS (
               SELECT FROM refund r WHERE r.merchant_id = t.merchant_id AND public_id('re', r.id) = t.source)""",
    ),
]
