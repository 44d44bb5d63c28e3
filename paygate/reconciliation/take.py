"""Take the lines of a statement into the books: each as it is explained, or to suspense; sums by merchant.

All of it is set-based. What one line does is written with it (statement_line), so that whoever doubts a posting can
add it up again: the recipes are ledger.recipes.settlement, for sets (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.currencies import EXPONENTS
from ledger.chart import HOUSE
from paygate.reconciliation.models import BANK, Statement

#: A difference of a minor unit is rounding: of a fee, where lists and invoices round otherwise; of a conversion, two.
FEE_TOLERANCE = 1
ROUNDING_TOLERANCE = 2

_EXPONENTS = ", ".join(f"('{code}', {places})" for code, places in EXPONENTS.items())

#: What of a converted line the rate that it names does not give.
_ROUNDING = f"""
    SELECT t.row, (t.settled_gross - round(t.gross * t.rate * 10::numeric ^ (s.places - g.places)))::bigint AS rounding
    FROM told t
    JOIN (VALUES {_EXPONENTS}) AS g (currency, places) ON g.currency = t.currency
    JOIN (VALUES {_EXPONENTS}) AS s (currency, places) ON s.currency = t.settled_currency
    WHERE t.rate IS NOT NULL AND t.currency <> t.settled_currency
"""  # noqa: S608 - our own list.

_TAKE = f"""
    INSERT INTO statement_line (
        statement_id, row, kind, reference, became, merchant_id, item, currency, gross, settled_currency, settled_gross,
        fee, net, billed, fee_booked, fee_unexpected, rounding, batch, booked_at)
    SELECT %(statement)s, t.row, t.kind, t.reference, j.became, coalesce(m.merchant_id, %(house)s), m.item,
        t.currency, f.gross, t.settled_currency, f.settled_gross, f.fee, t.net, t.billed,
        CASE WHEN j.became <> 'settled' THEN 0 ELSE coalesce(m.fee, 0)
            + CASE WHEN t.currency = t.settled_currency THEN coalesce(k.amount, 0) ELSE 0 END END,
        CASE WHEN j.became = 'settled' AND k.amount IS NULL AND t.currency = t.settled_currency
            AND abs(t.fee + t.billed - c.expected) > {FEE_TOLERANCE} THEN t.fee + t.billed - c.expected ELSE 0 END,
        CASE WHEN j.became = 'settled' THEN coalesce(x.rounding, 0) ELSE 0 END,
        t.batch, t.booked_at
    FROM told t
    LEFT JOIN matched m ON m.row = t.row
    LEFT JOIN repeated r ON r.row = t.row
    LEFT JOIN ({_ROUNDING}) x ON x.row = t.row
    LEFT JOIN psp_charge k ON t.kind = 'capture' AND k.reference = t.reference AND k.psp = %(psp)s
        AND k.livemode = %(livemode)s AND k.merchant_id = m.merchant_id AND k.statement_id IS NULL
    LEFT JOIN payment_cost c ON t.kind = 'capture' AND c.merchant_id = m.merchant_id AND c.payment_id = m.payment_id
        AND c.captures = 1 AND c.captured = t.gross
    -- A fee of no payment is all fee, whatever column it stands in.
    CROSS JOIN LATERAL (
        SELECT CASE t.kind WHEN 'fee' THEN 0 ELSE t.gross END AS gross,
            CASE t.kind WHEN 'fee' THEN 0 ELSE t.settled_gross END AS settled_gross,
            CASE t.kind WHEN 'fee' THEN -t.net ELSE t.fee END AS fee
    ) f
    CROSS JOIN LATERAL (SELECT CASE
        WHEN r.same THEN 'repeated'
        WHEN r.row IS NOT NULL THEN 'suspense'
        WHEN t.account <> '' AND t.account <> ALL (%(accounts)s::text[]) THEN 'suspense'
        WHEN m.row IS NULL AND t.gross = 0 AND t.net = 0 AND t.fee = 0 AND t.billed = 0 THEN 'settled'
        WHEN t.kind = 'settlement' THEN CASE %(psp)s WHEN 'bank' THEN 'suspense' ELSE 'settlement' END
        WHEN t.kind = 'fee' THEN CASE %(psp)s WHEN 'bank' THEN 'suspense' ELSE 'settled' END
        WHEN m.row IS NULL OR m.settled OR m.currency <> t.currency OR m.amount <> t.gross THEN 'suspense'
        WHEN abs(x.rounding) > {ROUNDING_TOLERANCE} THEN 'suspense'
        ELSE 'settled' END AS became) j
"""  # noqa: S608 - our own words.

_KNOWS_NOTHING = """
    SELECT NOT EXISTS (SELECT FROM matched) AND (
        SELECT count(*) FROM told t
        WHERE t.kind IN ('capture', 'refund', 'chargeback') AND NOT EXISTS (SELECT FROM repeated r WHERE r.row = t.row)
    ) >= 20
"""

#: What the lines of a statement do to the accounts: sums by merchant and currency first, then the entries of each.
_SUMS = """
    SELECT l.merchant_id, l.currency, l.settled_currency, l.became, max(l.booked_at) AS at,
        sum(l.gross) AS gross, sum(l.settled_gross) AS settled, sum(l.fee) AS fee, sum(l.net) AS net,
        sum(l.billed) AS billed, sum(l.fee_booked) AS booked, sum(l.fee_unexpected) AS unexpected,
        sum(l.rounding) AS rounding, coalesce(sum(l.fee) FILTER (WHERE l.fee_booked <> 0), 0) AS known
    FROM statement_line l
    WHERE l.statement_id = %(statement)s AND l.became IN ('settled', 'suspense')
    GROUP BY 1, 2, 3, 4
"""

#: Above zero is a debit.
ENTRIES_OF_A_PSP = f"""
    SELECT s.merchant_id, e.kind, e.account, e.currency, sum(e.amount)::bigint AS amount, max(s.at) AS at
    FROM ({_SUMS}) s
    CROSS JOIN LATERAL (VALUES
        ('settlement.booked', 'assets:bank:' || %(psp)s, s.settled_currency, s.net),
        ('settlement.booked', 'expenses:psp:' || %(psp)s || ':fees', s.settled_currency,
            s.fee + s.billed - s.booked - s.unexpected),
        ('settlement.booked', 'suspense:reconciliation', s.settled_currency, s.unexpected),
        ('settlement.booked', 'assets:psp:' || %(psp)s || ':receivable', s.currency, -(s.gross + s.billed - s.booked)),

        ('settlement.converted', 'assets:bank:' || %(psp)s, s.settled_currency, s.net),
        ('settlement.converted', 'expenses:psp:' || %(psp)s || ':fees', s.settled_currency,
            s.fee - s.known + s.billed - s.unexpected),
        ('settlement.converted', 'suspense:reconciliation', s.settled_currency, s.unexpected - s.rounding),
        ('settlement.converted', 'equity:fx:' || s.currency, s.currency, s.gross - s.booked),
        ('settlement.converted', 'equity:fx:' || s.settled_currency, s.settled_currency,
            -(s.settled - s.known - s.rounding)),
        ('settlement.converted', 'assets:psp:' || %(psp)s || ':receivable', s.settled_currency, -s.billed),
        ('settlement.converted', 'assets:psp:' || %(psp)s || ':receivable', s.currency, -(s.gross - s.booked)),

        ('settlement.unexplained', 'assets:bank:' || %(psp)s, s.settled_currency, s.net),
        ('settlement.unexplained', 'suspense:reconciliation', s.settled_currency, -s.net)
    ) AS e (kind, account, currency, amount)
    WHERE e.kind = CASE WHEN s.became = 'suspense' THEN 'settlement.unexplained'
        WHEN s.currency = s.settled_currency THEN 'settlement.booked' ELSE 'settlement.converted' END
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - our own words.

#: Of our bank's own statement only what nothing explains is posted: payouts are in the books by themselves.
ENTRIES_OF_THE_BANK = f"""
    SELECT s.merchant_id, 'bank.unexplained' AS kind, e.account, s.settled_currency AS currency,
        sum(e.amount)::bigint AS amount, max(s.at) AS at
    FROM ({_SUMS}) s
    CROSS JOIN LATERAL (VALUES
        ('assets:bank:operating', s.net), ('suspense:reconciliation', -s.net)) AS e (account, amount)
    WHERE s.became = 'suspense'
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - our own words.

STAGE = """
    WITH e AS MATERIALIZED ({entries}),
    x AS MATERIALIZED (
        SELECT i.merchant_id, i.kind, uuid7() AS id, max(i.at) AS at FROM e i WHERE i.amount <> 0 GROUP BY 1, 2
    )
    INSERT INTO ledger_staged (
        merchant_id, livemode, transaction_id, kind, source, effective_at, line, account, currency, type, amount)
    SELECT e.merchant_id, %(livemode)s, x.id, e.kind, %(source)s, x.at,
        row_number() OVER (PARTITION BY e.merchant_id, e.kind ORDER BY e.account, e.currency),
        e.account, e.currency, CASE WHEN e.amount > 0 THEN 'DEBIT' ELSE 'CREDIT' END, abs(e.amount)
    FROM e JOIN x ON x.merchant_id = e.merchant_id AND x.kind = e.kind
    WHERE e.amount <> 0
"""


class KnowsNothing(Exception):
    """Not one of a statement's payments is known to us: it is somebody else's."""


def take(statement: Statement, *, accounts: Collection[str]) -> None:
    """Write how each of the lines in `told` is taken. Raises KnowsNothing."""
    with connection.cursor() as cursor:
        if statement.psp != BANK:
            cursor.execute(_KNOWS_NOTHING)
            if cursor.fetchone()[0]:
                raise KnowsNothing(statement.name)
        cursor.execute(
            _TAKE,
            {
                "statement": statement.id,
                "house": HOUSE,
                "psp": statement.psp,
                "livemode": statement.livemode,
                "accounts": list(accounts),
            },
        )


def keep_further(statement_id: UUID, further: Collection[tuple[UUID, UUID, int]]) -> None:
    """Write the further movements of one line: (merchant, item, row)."""
    if not further:
        return
    with connection.cursor() as cursor:
        columns = "(merchant_id, item, statement_id, row)"
        with cursor.copy(f"COPY statement_line_item {columns} FROM STDIN") as copy:
            for merchant, item, row in further:
                copy.write_row((merchant, item, statement_id, row))


def post_lines(statement: Statement) -> int:
    """Post what the lines of a statement do to the books; how many transactions."""
    entries = ENTRIES_OF_THE_BANK if statement.psp == BANK else ENTRIES_OF_A_PSP
    return post_entries(
        entries,
        {"statement": statement.id, "psp": statement.psp},
        livemode=statement.livemode,
        source=statement.public_id,
    )


def post_entries(entries: str, values: dict[str, Any], *, livemode: bool, source: str) -> int:
    """Post, for each merchant and kind, what a SELECT of (merchant_id, kind, account, currency, amount, at) gives."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_stage()")
        cursor.execute(
            STAGE.format(entries=entries),
            {**values, "livemode": livemode, "source": source},
        )
        cursor.execute("SELECT ledger_post_staged()")
        posted: int = cursor.fetchone()[0]
        return posted
