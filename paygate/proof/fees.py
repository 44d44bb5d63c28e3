"""What must be true of the fees for refunds: each statement is a question whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

_CHARGED = booked("t.kind IN ('refund.fee_charged', 'refund.fee_returned')")

CHECKS = [
    Check(
        "every refund that stands as succeeded has its fee in the books, and no other",
        f"""WITH due AS MATERIALIZED (
               SELECT r.merchant_id, public_id('re', r.id) AS source, r.state,
                   CASE r.state WHEN 'succeeded' THEN r.fee ELSE 0 END AS fee
               FROM refund r
           ), sides AS (
               SELECT merchant_id, source, state, 'income:fees:refund' AS code, fee FROM due
               UNION ALL
               SELECT merchant_id, source, state, 'liabilities:merchant:available', -fee FROM due
           )
           SELECT s.merchant_id, s.source, s.state, s.code, s.fee, coalesce(b.balance, 0) FROM sides s
           LEFT JOIN ({_CHARGED}) b ON b.merchant_id = s.merchant_id AND b.source = s.source AND b.code = s.code
           WHERE coalesce(b.balance, 0) <> s.fee""",  # noqa: S608 - our own words.
    ),
    Check(
        "no fee for a refund is in the books that there is not",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind IN ('refund.fee_charged', 'refund.fee_returned') AND NOT EXISTS (
               SELECT FROM refund r WHERE r.merchant_id = t.merchant_id AND public_id('re', r.id) = t.source)""",
    ),
]
