"""What must be true of reconciliation: each statement is a question to PostgreSQL whose right answer is "no rows"."""

from __future__ import annotations

from kernel.checks import Check
from ledger.booked import booked
from paygate.reconciliation.match import all_movements

#: Debits of each account by what a statement's lines say of themselves; above zero is a debit.
_BY_LINES = """
    SELECT s.id, public_id('stm', s.id) AS source, e.account, e.currency, sum(e.amount)::bigint AS amount
    FROM statement s
    JOIN LATERAL (
        SELECT l.currency, l.settled_currency, l.became, l.currency = l.settled_currency AS plain,
            sum(l.gross) AS gross, sum(l.settled_gross) AS settled, sum(l.fee) AS fee, sum(l.net) AS net,
            sum(l.billed) AS billed, sum(l.fee_booked) AS booked, sum(l.fee_unexpected) AS unexpected,
            sum(l.rounding) AS rounding, coalesce(sum(l.fee) FILTER (WHERE l.fee_booked <> 0), 0) AS known
        FROM statement_line l
        WHERE l.statement_id = s.id AND l.became IN ('settled', 'suspense')
            AND (s.psp <> 'bank' OR l.became = 'suspense')
        GROUP BY 1, 2, 3
    ) l ON true
    CROSS JOIN LATERAL (
        SELECT CASE s.psp WHEN 'bank' THEN 'assets:bank:operating' ELSE 'assets:bank:' || s.psp END,
            l.settled_currency, l.net
        UNION ALL
        SELECT 'suspense:reconciliation', l.settled_currency,
            CASE l.became WHEN 'suspense' THEN -l.net ELSE l.unexpected - l.rounding END
        UNION ALL
        SELECT 'expenses:psp:' || s.psp || ':fees', l.settled_currency,
            l.fee + l.billed - CASE WHEN l.plain THEN l.booked ELSE l.known END - l.unexpected
            WHERE l.became = 'settled'
        UNION ALL
        SELECT 'assets:psp:' || s.psp || ':receivable', l.settled_currency, -l.billed
            WHERE l.became = 'settled'
        UNION ALL
        SELECT 'assets:psp:' || s.psp || ':receivable', l.currency, l.booked - l.gross
            WHERE l.became = 'settled'
        UNION ALL
        SELECT 'equity:fx:' || l.currency, l.currency, l.gross - l.booked WHERE l.became = 'settled' AND NOT l.plain
        UNION ALL
        SELECT 'equity:fx:' || l.settled_currency, l.settled_currency, l.rounding + l.known - l.settled
            WHERE l.became = 'settled' AND NOT l.plain
    ) AS e (account, currency, amount)
    WHERE s.state = 'applied'
    GROUP BY 1, 2, 3, 4
"""

_BY_STATEMENT = booked(
    "t.source LIKE 'stm\\_%' AND t.source NOT LIKE '%:%'", by=("t.source", "c.code", "e.currency")
)

_OF_OLDER = booked(
    "t.source LIKE 'stm\\_%'",
    by=("t.merchant_id", "split_part(t.source, ':', 1) AS source", "c.code", "e.currency"),
)

#: What stands in suspense, and what the drafts of open breaks would clear; above zero is a credit.
_SUSPENSE = """
    SELECT c.livemode, e.currency, sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END) AS amount
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE c.code = 'suspense:reconciliation' GROUP BY 1, 2
"""
_DRAFTED = """
    SELECT b.livemode, e.currency, sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END) AS amount
    FROM reconciliation_break b
    CROSS JOIN LATERAL jsonb_to_recordset(b.draft) AS d (entries jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(d.entries) AS e (account text, currency char(3), type text, amount bigint)
    WHERE b.closed_at IS NULL AND e.account = 'suspense:reconciliation' GROUP BY 1, 2
"""

_MOVED = " UNION ALL ".join(
    f"SELECT psp, livemode, currency, amount - fee AS amount FROM ({select}) m WHERE psp <> 'bank'"  # noqa: S608
    for select in dict.fromkeys(one.select for one in all_movements())
)

#: What each PSP should owe us: what was moved there, less what its statements settled and what was decided of breaks.
_OWED = f"""
    SELECT psp, livemode, currency, sum(amount) AS amount FROM (
        {_MOVED}
        UNION ALL
        SELECT k.psp, k.livemode, k.currency, -k.amount FROM psp_charge k WHERE k.statement_id IS NULL
        UNION ALL
        SELECT s.psp, s.livemode, l.currency, l.fee_booked - l.gross
        FROM statement_line l JOIN statement s ON s.id = l.statement_id AND s.state = 'applied' AND s.psp <> 'bank'
        WHERE l.became = 'settled'
        UNION ALL
        SELECT s.psp, s.livemode, l.settled_currency, -l.billed
        FROM statement_line l JOIN statement s ON s.id = l.statement_id AND s.state = 'applied' AND s.psp <> 'bank'
        WHERE l.became = 'settled'
        UNION ALL
        SELECT split_part(c.code, ':', 3), t.livemode, e.currency,
            CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
        JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
        WHERE t.kind LIKE 'reconciliation.%' AND c.code LIKE 'assets:psp:%:receivable'
    ) AS m (psp, livemode, currency, amount) GROUP BY 1, 2, 3
"""  # noqa: S608 - our own words.

_RECEIVABLE = """
    SELECT split_part(c.code, ':', 3) AS psp, c.livemode, e.currency,
        sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END) AS amount
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE c.code LIKE 'assets:psp:%:receivable' GROUP BY 1, 2, 3
"""

CHECKS = [
    Check(
        "every statement that counts is in the books as its lines say",
        f"""SELECT coalesce(l.source, b.source), coalesce(l.account, b.code), l.amount, -b.balance
           FROM (SELECT * FROM ({_BY_LINES}) n WHERE n.amount <> 0) l
           FULL JOIN (
               SELECT b.* FROM ({_BY_STATEMENT}) b JOIN statement s ON public_id('stm', s.id) = b.source
                   AND s.state = 'applied'
               WHERE b.balance <> 0
           ) b ON b.source = l.source AND b.code = l.account AND b.currency = l.currency
           WHERE l.amount IS DISTINCT FROM -b.balance""",  # noqa: S608 - our own words.
    ),
    Check(
        "nothing of a statement that was superseded, or refused, stands in the books",
        f"""SELECT b.* FROM ({_OF_OLDER}) b JOIN statement s ON public_id('stm', s.id) = b.source
           WHERE s.state <> 'applied' AND b.balance <> 0""",  # noqa: S608 - our own words.
    ),
    Check(
        "what waits in suspense is what the drafts of open breaks would clear",
        f"""SELECT livemode, currency, s.amount, d.amount FROM ({_SUSPENSE}) s
           FULL JOIN ({_DRAFTED}) d USING (livemode, currency)
           WHERE coalesce(s.amount, 0) <> coalesce(d.amount, 0)""",  # noqa: S608 - our own words.
    ),
    Check(
        "what the PSPs owe us is what was moved there and no statement has settled",
        f"""SELECT psp, livemode, currency, r.amount, o.amount FROM ({_RECEIVABLE}) r
           FULL JOIN ({_OWED}) o USING (psp, livemode, currency)
           WHERE coalesce(r.amount, 0) <> coalesce(o.amount, 0)""",  # noqa: S608 - our own words.
    ),
    Check(
        "what arrived at our bank of a batch is what was posted of it",
        f"""SELECT b.id, b.arrived, coalesce(p.amount, 0) FROM settlement_batch b
           LEFT JOIN (
               SELECT n.source, -sum(n.balance) AS amount FROM ({
            booked(
                "t.kind IN ('settlement.arrived', 'bank.unexplained')",
                by=("regexp_replace(t.source, ':rest$', '') AS source", "c.code", "t.kind"),
            )
        }) n WHERE n.code = 'assets:bank:operating' GROUP BY 1
           ) p ON p.source = b.swept_as
           WHERE b.swept_at IS NOT NULL AND b.arrived <> coalesce(p.amount, 0)""",  # noqa: S608 - our own words.
    ),
    Check(
        "every break that people closed was approved by another than proposed it, and is in the books",
        """SELECT b.id FROM reconciliation_break b
           WHERE b.closed_by IN ('draft', 'write_off') AND (b.approved_by IN ('', b.proposed_by)
               OR (jsonb_array_length(b.draft) > 0 AND NOT EXISTS (
                   SELECT FROM ledger_transaction t WHERE t.source = public_id('brk', b.id))))""",
    ),
]
