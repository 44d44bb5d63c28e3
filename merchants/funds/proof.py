"""What must be true of funds: each statement is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check

#: How far this cluster's books have been read; no row before the first pass, and then nothing was released either.
_READ = (
    "SELECT * FROM funds_read WHERE cluster = (SELECT system_identifier FROM pg_control_system())"
)

#: What each release and each reserve's end put on an account, credits less debits.
_POSTED = """
    SELECT t.merchant_id, t.livemode, t.kind, t.source, t.effective_at, e.currency, a.code,
        CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END AS amount
    FROM ledger_transaction t
    JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
    JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
    WHERE t.kind IN ('funds.available', 'funds.recalled', 'reserve.released')
"""

CHECKS = [
    Check(
        "what is pending, as far as it was read, is what is due and was not released",
        f"""SELECT merchant_id, livemode, currency, b.pending, d.due
            FROM ({_READ}) r
            CROSS JOIN LATERAL (
                SELECT a.merchant_id, a.livemode, a.currency,
                    sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS pending
                FROM ledger_account a
                JOIN ledger_entry e ON e.merchant_id = a.merchant_id AND e.account_id = a.id
                JOIN ledger_transaction t ON t.merchant_id = e.merchant_id AND t.id = e.transaction_id
                WHERE a.code = 'liabilities:merchant:pending' AND (
                    t.kind = ANY (funds_released_by()) OR pg_visible_in_snapshot(t.xid, r.seen)
                    OR t.posted_at <= r.restored_until)
                GROUP BY a.merchant_id, a.livemode, a.currency
            ) b
            FULL JOIN (
                SELECT merchant_id, livemode, currency, sum(amount - released) AS due FROM funds_due
                GROUP BY merchant_id, livemode, currency
            ) d USING (merchant_id, livemode, currency)
            WHERE EXISTS ({_READ}) AND coalesce(b.pending, 0) <> coalesce(d.due, 0)""",  # noqa: S608 - our own text.
    ),
    Check(
        "what stands in reserve is what was held back and not released",
        """SELECT merchant_id, livemode, currency, b.reserve, r.held
           FROM (
               SELECT a.merchant_id, a.livemode, a.currency,
                   sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS reserve
               FROM ledger_account a
               JOIN ledger_entry e ON e.merchant_id = a.merchant_id AND e.account_id = a.id
               WHERE a.code = 'liabilities:merchant:reserve'
               GROUP BY a.merchant_id, a.livemode, a.currency
           ) b
           FULL JOIN (
               SELECT merchant_id, livemode, currency, sum(amount) FILTER (WHERE released_at IS NULL) AS held
               FROM funds_reserve GROUP BY merchant_id, livemode, currency
           ) r USING (merchant_id, livemode, currency)
           WHERE coalesce(b.reserve, 0) <> coalesce(r.held, 0)""",
    ),
    Check(
        "a day's releases in the books are what was released of it, and there are no others",
        f"""SELECT merchant_id, livemode, currency, due_on, b.released, d.released, b.releases, d.releases
            FROM (
                SELECT p.merchant_id, p.livemode, p.currency, split_part(p.source, ' ', 1)::date AS due_on,
                    -sum(p.amount) AS released, count(*) AS releases
                FROM ({_POSTED}) p WHERE p.code = 'liabilities:merchant:pending'
                GROUP BY 1, 2, 3, 4
            ) b
            FULL JOIN (SELECT * FROM funds_due WHERE releases > 0) d USING (merchant_id, livemode, currency, due_on)
            WHERE (b.released, b.releases) IS DISTINCT FROM (d.released::numeric, d.releases::bigint)""",  # noqa: S608
    ),
    Check(
        "each reserve was held back by its release, and ended once or not yet",
        f"""SELECT merchant_id, source, b.held, r.amount, b.ended, r.released_at
            FROM (
                SELECT p.merchant_id, p.source,
                    sum(p.amount) FILTER (WHERE p.kind = 'funds.available') AS held,
                    -sum(p.amount) FILTER (WHERE p.kind = 'reserve.released') AS ended
                FROM ({_POSTED}) p WHERE p.code = 'liabilities:merchant:reserve'
                GROUP BY p.merchant_id, p.source
            ) b
            FULL JOIN funds_reserve r USING (merchant_id, source)
            WHERE b.held IS DISTINCT FROM r.amount::numeric
                OR b.ended IS DISTINCT FROM CASE WHEN r.released_at IS NOT NULL THEN r.amount::numeric END""",  # noqa: S608
    ),
    Check(
        "nothing was available before its day had begun anywhere, no reserve before its own",
        f"""SELECT p.merchant_id, p.source, p.effective_at FROM ({_POSTED}) p
            WHERE p.kind = 'funds.available' AND p.code = 'liabilities:merchant:pending'
                AND p.effective_at
                    < (split_part(p.source, ' ', 1)::timestamp AT TIME ZONE 'UTC') - interval '14 hours'
            UNION ALL
            SELECT r.merchant_id, r.source, r.released_at FROM funds_reserve r
            WHERE r.released_at < r.due_at""",  # noqa: S608
    ),
]
