"""What must be true of the fees for refunds: each statement is a question whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

_CHARGED = booked("t.kind IN ('refund.fee_charged', 'refund.fee_returned')")

CHECKS = [
    Check(
        "every refund that stands as succeeded has its fee in the books, and no other",
        f"""SELECT r.merchant_id, r.id, r.state, r.fee, side.code, coalesce(b.balance, 0) FROM refund r
           CROSS JOIN (VALUES ('income:fees:refund', 1), ('liabilities:merchant:available', -1)) side (code, sign)
           LEFT JOIN ({_CHARGED}) b ON b.merchant_id = r.merchant_id AND b.source = public_id('re', r.id)
               AND b.code = side.code
           WHERE coalesce(b.balance, 0) <> CASE r.state WHEN 'succeeded' THEN side.sign * r.fee ELSE 0 END""",  # noqa: S608 - our own words.
    ),
    Check(
        "no fee for a refund is in the books that there is not",
        """SELECT t.merchant_id, t.source FROM ledger_transaction t
           WHERE t.kind IN ('refund.fee_charged', 'refund.fee_returned') AND NOT EXISTS (
               SELECT FROM refund r WHERE r.merchant_id = t.merchant_id AND public_id('re', r.id) = t.source)""",
    ),
]
