"""Braintree's transaction-level fee report: what was paid to our bank on a day for one merchant account, line by line.

Headings as in the fixtures of Braintree's own SDKs (braintree_java, src/test/resources/fixtures), their meaning at
developer.paypal.com/braintree/docs/reference/response/transaction-level-fee-report-row. Where prices are interchange
plus, the older form of the report calls its sums estimates; all else that is read here is named alike in all forms.

- What is settled is gross. Fees are not taken off it; Braintree sends an invoice.
- A credit and a dispute debit are below zero. A word that is not one of these, or one with the other sign, is nothing
  that we know: "other".
- What is disputed is named by the transaction alone, not by the dispute. So `object` is empty there, and since a
  transaction can be disputed more than once, the name of such a line has the dispute's date.
- Of a sale in another currency than it is settled in the payer's amount is told; of everything else it is what, at the
  rate that is told, gives what was settled.
- Dates have no time, and no zone: they are taken for days of UTC, as the reports are ordered by.
- "credit reversal", for a refund that failed after it was paid out, is our simulator's word: Braintree documents none.
"""

from __future__ import annotations

from kernel.currencies import EXPONENTS
from paygate.psp.statements import Format

NEEDS = (
    "Merchant Account ID",
    "Transaction ID",
    "Original Transaction ID",
    "Transaction Type",
    "Presentment Currency",
    "Settlement Currency",
    "Settlement Amount",
    "Settlement Date",
    "Disbursement Date",
    "Exchange Rate",
    "Order ID",
)
READS = ("Original Sale Amount",)  # Not where prices are interchange plus.

_TYPE = """lower(btrim("Transaction Type"))"""
_DISPUTE = f"starts_with({_TYPE}, 'dispute ')"
_TAKEN = """starts_with("Settlement Amount", '-')"""
_PRESENTED = """coalesce(nullif("Presentment Currency", ''), "Settlement Currency")"""
_CONVERTED = f"""{_PRESENTED} <> "Settlement Currency\""""
_DATED = """coalesce(nullif("Settlement Date", ''), "Disbursement Date")"""
_BATCH = """"Merchant Account ID" || ' ' || "Disbursement Date\""""
_NUMBER = r"'^-?[0-9]+(\.[0-9]+)?$'"

#: Decimals of the payer's currency, where they are not two.
_DECIMALS = " ".join(
    f"WHEN '{currency}' THEN {decimals}"
    for currency, decimals in sorted(EXPONENTS.items())
    if decimals != 2
)

_KIND = f"""CASE
    WHEN {_TYPE} = 'sale' AND NOT {_TAKEN} THEN 'capture'
    WHEN {_TYPE} = 'credit' AND {_TAKEN} THEN 'refund'
    WHEN {_TYPE} = 'credit reversal' AND NOT {_TAKEN} THEN 'refund_reversed'
    WHEN {_TYPE} = 'dispute debit' AND {_TAKEN} THEN 'chargeback'
    WHEN {_TYPE} = 'dispute credit' AND NOT {_TAKEN} THEN 'chargeback_reversed'
    ELSE 'other' END"""

#: What is no number is given as it is: whoever reads the file refuses it, and says where.
_GROSS = f"""CASE
    WHEN NOT {_CONVERTED} THEN "Settlement Amount"
    WHEN {_TYPE} = 'sale' AND "Original Sale Amount" <> '' THEN "Original Sale Amount"
    WHEN "Settlement Amount" ~ {_NUMBER} AND "Exchange Rate" ~ {_NUMBER} AND "Exchange Rate" ~ '[1-9]' THEN round(
        "Settlement Amount"::numeric / "Exchange Rate"::numeric, CASE {_PRESENTED} {_DECIMALS} ELSE 2 END)::text
    ELSE '' END"""


def _lines(billed: str) -> str:
    return f"""
        SELECT row, {_KIND} AS kind,
            "Transaction ID" || ':' || {_TYPE} || CASE WHEN {_DISPUTE} THEN ':' || {_DATED} ELSE '' END
                AS reference,
            CASE WHEN {_DISPUTE} THEN '' ELSE "Transaction ID" END AS object,
            coalesce(nullif("Original Transaction ID", ''), "Transaction ID") AS payment,
            CASE WHEN "Order ID" ~ '^(pay|att|re)_' THEN "Order ID" ELSE '' END AS ours,
            "Merchant Account ID" AS account,
            {_PRESENTED} AS currency, {_GROSS} AS gross,
            "Settlement Currency" AS settled_currency, "Settlement Amount" AS settled_gross,
            '0' AS fee, "Settlement Amount" AS net, coalesce(nullif("{billed}", ''), '0') AS billed,
            CASE WHEN {_CONVERTED} THEN "Exchange Rate" ELSE '' END AS rate,
            {_BATCH} AS batch, {_DATED} AS booked_at, 'UTC' AS zone, "Transaction Type" AS description
        FROM raw
        WHERE concat("Merchant Account ID", "Transaction ID", "Transaction Type", "Settlement Amount") <> ''
    """  # noqa: S608 - our own words.


#: A day of an account; that which most rows name, should one of them name another.
_IDENTITY = f"""
    SELECT coalesce((
        SELECT {_BATCH} FROM raw WHERE "Merchant Account ID" <> '' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1), '')
"""  # noqa: S608 - our own words.


def _format(name: str, billed: str) -> Format:
    return Format(
        name=name,
        psp="braintree",
        needs=(*NEEDS, billed),
        reads=READS,
        lines=_lines(billed),
        identity=_IDENTITY,
        accounts=lambda configuration: frozenset(configuration["merchant_accounts"].values()),
    )


FORMATS = (
    _format("braintree.transaction_fees", "Total Fee Amount"),
    _format("braintree.estimated_fees", "Est. Total Fee Amount"),
)
