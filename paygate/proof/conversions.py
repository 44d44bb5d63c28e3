"""What must be true of conversions: each statement is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked

#: What each transaction changes of what a merchant has, by account and currency.
_CHANGES = booked(
    "c.code IN ('liabilities:merchant:pending', 'liabilities:merchant:available')",
    by=("t.merchant_id", "t.kind", "t.source", "c.code", "e.currency"),
)

#: What payments keep of their conversions.
_PARTS = """
    SELECT p.merchant_id, p.id, p.currency, p.conversion ->> 'to' AS to_currency, part.key AS follows,
        (part.value ->> 'own')::bigint AS own, (part.value ->> 'settled')::bigint AS settled
    FROM payment p, jsonb_each(p.conversion -> 'parts') AS part
    WHERE p.conversion IS NOT NULL
"""

CHECKS = [
    Check(
        "each conversion follows a transaction, and takes exactly its change out of that currency",
        f"""WITH changes AS MATERIALIZED ({_CHANGES})
            SELECT f.merchant_id, f.source FROM ledger_transaction f
            WHERE f.kind = 'fx.converted' AND NOT EXISTS (
                SELECT FROM changes c
                JOIN changes d ON d.merchant_id = c.merchant_id AND d.kind = 'fx.converted' AND d.source = f.source
                    AND d.code = c.code AND d.currency = c.currency AND d.balance = -c.balance
                WHERE c.merchant_id = f.merchant_id AND c.kind || ':' || c.source = f.source)""",  # noqa: S608 - our own text.
    ),
    Check(
        "what payments say was converted is what the books say, and nothing else was",
        f"""WITH changes AS MATERIALIZED ({_CHANGES}), parts AS MATERIALIZED ({_PARTS})
            SELECT p.merchant_id, p.id::text, p.follows FROM parts p
            WHERE p.own IS DISTINCT FROM (
                SELECT -sum(c.balance) FROM changes c
                WHERE c.merchant_id = p.merchant_id AND c.kind = 'fx.converted' AND c.source = p.follows
                    AND c.currency = p.currency)
            OR p.settled IS DISTINCT FROM coalesce((
                SELECT sum(c.balance) FROM changes c
                WHERE c.merchant_id = p.merchant_id AND c.kind = 'fx.converted' AND c.source = p.follows
                    AND c.currency = p.to_currency), 0)
            UNION ALL
            SELECT t.merchant_id, t.source, t.kind FROM ledger_transaction t
            WHERE t.kind = 'fx.converted' AND NOT EXISTS (
                SELECT FROM parts p WHERE p.merchant_id = t.merchant_id AND p.follows = t.source)""",  # noqa: S608 - our own text.
    ),
    Check(
        "a converted payment leaves its merchant nothing in its own currency",
        f"""WITH changes AS MATERIALIZED ({_CHANGES}), about AS (
                SELECT a.merchant_id, a.payment_id, public_id('att', a.id) AS source FROM payment_attempt a
                UNION ALL
                SELECT r.merchant_id, r.payment_id, public_id('re', r.id) FROM refund r
                UNION ALL
                SELECT c.merchant_id, c.payment_id, public_id('pay', c.payment_id) || ':' || c.reference
                FROM psp_charge c
            )
            SELECT p.merchant_id, p.id, c.kind, c.source FROM payment p
            JOIN about a ON a.merchant_id = p.merchant_id AND a.payment_id = p.id
            JOIN changes c ON c.merchant_id = a.merchant_id AND c.source = a.source AND c.currency = p.currency
                AND c.balance <> 0
            WHERE p.conversion IS NOT NULL AND NOT p.conversion -> 'parts' ? (c.kind || ':' || c.source)""",  # noqa: S608 - our own text.
    ),
    Check(
        "each quote was used by the one payment that names it",
        """SELECT q.merchant_id, q.id, q.payment_id FROM fx_quote q
           FULL JOIN payment p ON p.merchant_id = q.merchant_id AND p.id = q.payment_id
               AND (p.conversion ->> 'quote')::uuid = q.id AND p.livemode = q.livemode
           WHERE (q.payment_id IS NOT NULL AND p.id IS NULL)
               OR (q.id IS NULL AND p.conversion ->> 'quote' IS NOT NULL)""",
    ),
]
