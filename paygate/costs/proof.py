"""What must be true of what PSPs charge: each statement is a question whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

#: What is in the books of charges for payments: "pay_…:txn_…".
_BOOKED = booked(
    "t.kind IN ('psp.fee_charged', 'fee.cost_passed_on') AND t.source LIKE 'pay\\_%'",
    by=("t.merchant_id", "t.kind", "t.source", "c.code"),
)

CHECKS = [
    Check(
        "what a PSP charged for a payment is in the books, and passed on where that is agreed",
        f"""SELECT s.merchant_id, s.id, side.code, coalesce(b.balance, 0) FROM psp_charge s
           JOIN payment_cost p ON p.merchant_id = s.merchant_id AND p.payment_id = s.payment_id
           CROSS JOIN LATERAL (SELECT CASE WHEN s.statement_id IS NULL THEN s.amount ELSE 0 END AS booked) o
           CROSS JOIN LATERAL (VALUES
               ('psp.fee_charged', 'assets:psp:' || s.psp || ':receivable', o.booked),
               ('psp.fee_charged', 'expenses:psp:' || s.psp || ':fees', -o.booked),
               ('fee.cost_passed_on', 'income:fees:passed_on', CASE WHEN p.passed_on THEN s.amount ELSE 0 END),
               ('fee.cost_passed_on', 'liabilities:merchant:available', CASE WHEN p.passed_on THEN -s.amount ELSE 0 END)
           ) side (kind, code, amount)
           LEFT JOIN ({_BOOKED}) b ON b.merchant_id = s.merchant_id AND b.kind = side.kind AND b.code = side.code
               AND b.source = public_id('pay', s.payment_id) || ':' || s.reference
           WHERE coalesce(b.balance, 0) <> side.amount""",  # noqa: S608 - our own words.
    ),
    Check(
        "nothing is in the books of a charge for a payment that no PSP made",
        f"""SELECT b.merchant_id, b.kind, b.source FROM ({_BOOKED}) b WHERE NOT EXISTS (
               SELECT FROM psp_charge s WHERE s.merchant_id = b.merchant_id
                   AND public_id('pay', s.payment_id) || ':' || s.reference = b.source)""",  # noqa: S608
    ),
    Check(
        "what a payment did cost is the sum of what was charged for it",
        """SELECT p.merchant_id, p.payment_id, p.actual, s.charged FROM payment_cost p
           LEFT JOIN (
               SELECT merchant_id, payment_id, sum(amount) AS charged FROM psp_charge GROUP BY merchant_id, payment_id
           ) s ON s.merchant_id = p.merchant_id AND s.payment_id = p.payment_id
           WHERE p.actual IS DISTINCT FROM s.charged""",
    ),
    Check(
        "what is counted of a payment is what it had taken by its change that was heard of last",
        """SELECT p.merchant_id, p.payment_id, p.captured FROM payment_cost p
           JOIN outbox_event e ON e.merchant_id = p.merchant_id AND e.subject = public_id('pay', p.payment_id)
               AND e.sequence = p.sequence
           WHERE (e.body ->> 'amount_captured')::bigint <> p.captured""",
    ),
    Check(
        "merchants' months add up to what is counted of their payments",
        """SELECT merchant_id, livemode, currency, v.captured, p.captured
           FROM (
               SELECT merchant_id, livemode, currency, sum(captured) AS captured FROM merchant_volume
               GROUP BY merchant_id, livemode, currency
           ) v
           FULL JOIN (
               SELECT merchant_id, livemode, currency, sum(captured) AS captured FROM payment_cost
               GROUP BY merchant_id, livemode, currency
           ) p USING (merchant_id, livemode, currency)
           WHERE coalesce(v.captured, 0) <> coalesce(p.captured, 0)""",
    ),
]
