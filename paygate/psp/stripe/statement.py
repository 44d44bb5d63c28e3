"""Stripe's itemized reports: what moved our balance there, line by line, and what was paid to our bank.

Three reports have the same columns, in whatever order they were asked for: what is in the automatic payouts
(payout_reconciliation), those payouts themselves (payouts), and all that is not a payout
(balance_change_from_activity). So they are one format, and a row says itself what it is, by its reporting category. The
same balance transaction has the same name in all of them. Which day a file is of only its name tells.

- Amounts are in major units, with the currency's decimals. They are signed from our side; a fee is a cost above zero.
- gross, fee, net and currency are as they are settled. What the payer was charged stands in customer_facing_amount and
  its currency; where those are empty nothing was converted.
- No column tells at which rate was converted: the exchange rate is in the API alone. But the rows of a file that were
  converted from one currency into another at the same rate tell it among themselves: see RATE.
- A charge goes by its PaymentIntent: what was captured of it, at once or in parts, is one row. A dispute goes by its
  balance transaction, as in the API, and a transfer to a merchant by our payout, which the metadata names.
- A payout's batch is the payout. Money of a payout that failed is in our balance again, and part of the next one, and
  what failed awaits a person: it is nothing that we know by itself. So is every category without a line below; new
  ones come with almost every release.
- Times are without zone, and of UTC where the heading says so.

Sources, at docs.stripe.com: /reports/report-types/balance, /reports/report-types/payout-reconciliation,
/reports/reporting-categories.
"""

from __future__ import annotations

from paygate.psp.statements import Format

NEEDS = (
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
)
READS = (
    "automatic_payout_id",
    "customer_facing_amount",
    "customer_facing_currency",
    "description",
    "payment_intent_id",
    "payment_metadata[attempt]",
    "payment_metadata[capture]",
    "refund_metadata[refund]",
    "transfer_metadata[payout]",
)
#: What is asked for where we order a report: the rest of it is for people.
COLUMNS = (
    *("automatic_payout_id", "automatic_payout_effective_at_utc"),
    *("balance_transaction_id", "created_utc", "available_on_utc"),
    *("currency", "gross", "fee", "net", "reporting_category", "source_id", "description"),
    *("customer_facing_amount", "customer_facing_currency", "trace_id"),
    *("charge_id", "payment_intent_id", "card_brand", "dispute_reason"),
    *("payment_metadata[payment]", "payment_metadata[attempt]", "payment_metadata[capture]"),
    *("refund_metadata[refund]", "transfer_metadata[payout]"),
)

_CATEGORY = """lower(btrim(r.reporting_category))"""
_FACING = "r.customer_facing_amount <> '' AND r.customer_facing_currency <> ''"
_CURRENCY = f"upper(CASE WHEN {_FACING} THEN r.customer_facing_currency ELSE r.currency END)"
_GROSS = f"CASE WHEN {_FACING} THEN r.customer_facing_amount ELSE r.gross END"

_KIND = f"""CASE {_CATEGORY}
    WHEN 'charge' THEN 'capture'
    WHEN 'charge_failure' THEN 'capture_reversed'
    WHEN 'refund' THEN 'refund'
    WHEN 'refund_failure' THEN 'refund_reversed'
    WHEN 'dispute' THEN 'chargeback'
    WHEN 'dispute_reversal' THEN 'chargeback_reversed'
    WHEN 'transfer' THEN 'payout'
    WHEN 'transfer_reversal' THEN 'payout_returned'
    WHEN 'fee' THEN 'fee'
    WHEN 'payout' THEN 'settlement'
    ELSE 'other' END"""

_OBJECT = f"""CASE
    WHEN {_CATEGORY} IN ('charge', 'charge_failure')
        THEN coalesce(nullif(r.payment_intent_id, ''), r.source_id)
    WHEN {_CATEGORY} IN ('dispute', 'dispute_reversal') THEN r.balance_transaction_id
    WHEN {_CATEGORY} IN ('transfer', 'transfer_reversal')
        THEN coalesce(nullif(r."transfer_metadata[payout]", ''), r.source_id)
    ELSE r.source_id END"""

_OURS = f"""CASE
    WHEN {_CATEGORY} IN ('charge', 'charge_failure')
        THEN coalesce(nullif(r."payment_metadata[capture]", ''), r."payment_metadata[attempt]")
    WHEN {_CATEGORY} IN ('refund', 'refund_failure') THEN r."refund_metadata[refund]"
    WHEN {_CATEGORY} IN ('transfer', 'transfer_reversal') THEN r."transfer_metadata[payout]"
    ELSE '' END"""

#: RATE. Each of the largest conversions of a pair of currencies says a rate: the shortest number that gives, rounded to
#: a minor unit, what was settled. Where two of three rows of the pair, and three at least, are as one of these says,
#: it is the rate of all that are so or off by no more than rounding may be; it is for whoever reads them to say which
#: are off. Of several the one counts that all rows agree on, or else the shortest: a longer one fits by chance what is
#: wrong. Other rows have rates of their own, and name none.
_OFF = 2  # Minor units.
_NUMBER = r"'^-?[0-9]{1,15}(\.[0-9]{1,4})?$'"
_RATES = f"""
    converted AS MATERIALIZED (
        SELECT r."row", r.customer_facing_currency AS facing, r.currency, r.customer_facing_amount::numeric AS gross,
            r.gross::numeric AS settled, scale(r.gross::numeric) AS places
        FROM raw r
        WHERE r.customer_facing_currency <> r.currency AND r.customer_facing_amount ~ {_NUMBER}
            AND r.gross ~ {_NUMBER} AND r.customer_facing_amount ~ '[1-9]'
    ), said AS (
        SELECT DISTINCT p.facing, p.currency, s.rate
        FROM (SELECT DISTINCT facing, currency FROM converted) p
        CROSS JOIN LATERAL (
            SELECT c.gross, c.settled, c.places FROM converted c WHERE (c.facing, c.currency) = (p.facing, p.currency)
            ORDER BY abs(c.gross) DESC, c."row" LIMIT 20
        ) c
        CROSS JOIN LATERAL (
            SELECT n.rate FROM (SELECT round(c.settled / c.gross, d) AS rate FROM generate_series(0, 10) AS d) n
            WHERE round(c.gross * n.rate, c.places) = c.settled ORDER BY scale(n.rate) LIMIT 1
        ) s
    ), agreed AS (
        SELECT DISTINCT ON (facing, currency) facing, currency, rate
        FROM (
            SELECT c.facing, c.currency, s.rate, count(*) AS rows,
                count(*) FILTER (WHERE round(c.gross * s.rate, c.places) = c.settled) AS so
            FROM said s JOIN converted c USING (facing, currency) GROUP BY 1, 2, 3
        ) v
        WHERE so >= 3 AND so * 3 >= rows * 2
        ORDER BY facing, currency, (so = rows) DESC, scale(rate), so DESC, rate
    ), rated AS (
        SELECT c."row", a.rate FROM converted c JOIN agreed a USING (facing, currency)
        WHERE abs(round(c.gross * a.rate, c.places) - c.settled) * 10::numeric ^ c.places <= {_OFF}
    )
"""  # noqa: S608 - our own words.

_LINES = f"""
    WITH {_RATES}
    SELECT r."row", {_KIND} AS kind, r.balance_transaction_id AS reference, {_OBJECT} AS object,
        r.payment_intent_id AS payment, {_OURS} AS ours, '' AS account,
        {_CURRENCY} AS currency, {_GROSS} AS gross,
        upper(r.currency) AS settled_currency, r.gross AS settled_gross, r.fee, r.net, '0' AS billed,
        coalesce(t.rate::text, '') AS rate,
        CASE WHEN {_CATEGORY} = 'payout' THEN r.source_id ELSE r.automatic_payout_id END AS batch,
        r.created_utc AS booked_at, 'UTC' AS zone, concat_ws(' ', r.reporting_category, r.description) AS description
    FROM raw r LEFT JOIN rated t ON t."row" = r."row"
    WHERE concat(r.balance_transaction_id, r.currency, r.gross, r.fee, r.net, r.reporting_category) <> ''
"""  # noqa: S608 - our own words.

FORMATS = (
    Format(
        name="stripe.itemized",
        psp="stripe",
        needs=NEEDS,
        reads=READS,
        lines=_LINES,
        identity="SELECT ''",
        accounts=lambda configuration: frozenset(),
    ),
)
