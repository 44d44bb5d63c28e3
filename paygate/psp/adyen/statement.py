"""Adyen's settlement details report: what was settled in a batch, line by line, and what was paid for it.

Columns and types as at docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report,
and as in files that merchants got. They can be configured, so they are found by heading. All of the report's amounts
are unsigned, in a column for debit and one for credit, and

    (Gross Credit - Gross Debit) * Exchange Rate - fees = Net Credit - Net Debit

- The net columns are what is paid, so they give the direction: a file is known in which the gross of what was settled
  is in the column for debit. Of small captures the net is a debit, as their fees are more than they are.
- A fee is a commission, or a markup with what the scheme and the issuer take.
- A line is named by its Modification Reference: there is one for each capture. Where Adyen captured by itself it may
  be the payment's own. All of a dispute's lines have the dispute's, so a second chargeback says that it is one.
- What is of no payment (Fee, InvoiceDeduction, DepositCorrection, ...) has a text there, and is named by its row.
- A reference that a spreadsheet has made a number of (1.23E+022) is left as it is, and finds nothing.
- Times are the account's clock, with the zone's name. CET is written in summer, too, and means Amsterdam's clock then;
  CEST or BST can only be summer time. A name that is not here is taken for UTC: it is off by hours, never by money.
- A batch that comes to less than nothing is carried into the next one by a Balancetransfer, or taken from our bank.

The payments accounting report is not read. It tells each fee twice, when a capture is sent and when it is settled, and
it is not what is paid; whatever moved money is in the settlement details.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paygate.psp.statements import Format

NEEDS = (
    "Merchant Account",
    "Psp Reference",
    "Merchant Reference",
    "Creation Date",
    "TimeZone",
    "Type",
    "Modification Reference",
    "Gross Currency",
    "Gross Debit (GC)",
    "Gross Credit (GC)",
    "Exchange Rate",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Commission (NC)",
    "Markup (NC)",
    "Scheme Fees (NC)",
    "Interchange (NC)",
    "Batch Number",
)
READS = (
    "Modification Merchant Reference",
    "Booking Date",
    "Booking Date TimeZone",
    "Dispute Reference",
)

#: The types that are about a payment, in lower case. All others are sums of their own.
_KINDS = {
    "settled": "capture",
    "settledbulk": "capture",
    "settledinstallment": "capture",
    "settledreversed": "capture_reversed",
    "refunded": "refund",
    "refundedbulk": "refund",
    "refundedreversed": "refund_reversed",
    "chargeback": "chargeback",
    "secondchargeback": "chargeback",
    "chargebackreversed": "chargeback_reversed",
}
_FEES = ("fee", "invoicededuction", "misccosts", "paymentcost")
_PAYOUTS = ("merchantpayout", "merchantpayin")

#: As our books name a dispute's movements: see reports.py.
_DISPUTES = {
    "chargeback": "CHARGEBACK",
    "secondchargeback": "SECOND_CHARGEBACK",
    "chargebackreversed": "CHARGEBACK_REVERSED",
}

#: By the name of standard time whose clocks are meant, or by that of summer time.
ZONES = {
    "CET": "Europe/Amsterdam",
    "CEST": "Etc/GMT-2",
    "WET": "Europe/Lisbon",
    "WEST": "Etc/GMT-1",
    "BST": "Etc/GMT-1",
    "EET": "Europe/Helsinki",
    "EEST": "Etc/GMT-3",
    "EST": "America/New_York",
    "EDT": "Etc/GMT+4",
    "CST": "America/Chicago",
    "CDT": "Etc/GMT+5",
    "MST": "America/Denver",
    "MDT": "Etc/GMT+6",
    "PST": "America/Los_Angeles",
    "PDT": "Etc/GMT+7",
    "BRT": "America/Sao_Paulo",
    "SGT": "Asia/Singapore",
    "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo",
    "AEST": "Australia/Sydney",
    "AEDT": "Etc/GMT-11",
    "NZST": "Pacific/Auckland",
    "NZDT": "Etc/GMT-13",
}


def _case(value: str, meanings: Mapping[str, str], otherwise: str) -> str:
    whens = " ".join(f"WHEN '{name}' THEN '{meaning}'" for name, meaning in meanings.items())
    return f"CASE {value} {whens} ELSE {otherwise} END"


def _any(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_GROSS = ('"Gross Debit (GC)"', '"Gross Credit (GC)"')
_NET = ('"Net Debit (NC)"', '"Net Credit (NC)"')
_COSTS = ('"Commission (NC)"', '"Markup (NC)"', '"Scheme Fees (NC)"', '"Interchange (NC)"')
_NUMBERS = (*_GROSS, *_NET, *_COSTS, '"Exchange Rate"')
_BATCH = """"Merchant Account" || ':' || "Batch Number\""""


def _plain(cells: Sequence[str]) -> str:
    """Do only digits, points and signs stand there?"""
    return f"translate(concat({', '.join(cells)}), '0123456789.-', '') = ''"


def _as_it_is(cells: Sequence[str]) -> str:
    """What stands there, for people."""
    filled = ", ".join(f"nullif({cell}, '')" for cell in cells)
    return f"coalesce(nullif(concat_ws(' ', {filled}), ''), '0')"


def _number(cell: str) -> str:
    return f"coalesce(nullif({cell}, ''), '0')::numeric"


def _difference(debit: str, credit: str) -> str:
    return f"CASE WHEN plain THEN {_number(credit)} - {_number(debit)} END"


_READ = f"""
    SELECT *, lower(btrim("Type")) AS type, {_plain(_NUMBERS)} AS plain,
        "Gross Currency" <> '' AND concat({", ".join(_GROSS)}) <> '' AS has_gross,
        coalesce(nullif("Dispute Reference", ''), "Modification Reference") AS dispute,
        coalesce(nullif("Modification Reference", ''), "Psp Reference") AS modification,
        CASE WHEN "Booking Date" <> '' AND "Booking Date TimeZone" <> '' THEN "Booking Date TimeZone"
            ELSE "TimeZone" END AS place
    FROM raw
    WHERE concat("Merchant Account", "Psp Reference", "Type", {", ".join(_NUMBERS)}) <> ''
    OFFSET 0
"""  # noqa: S608 - our own words, as below.

_COUNTED = f"""
    SELECT *, {
    _case(
        "type",
        _KINDS,
        f'''CASE
            WHEN type IN ({_any(_FEES)}) THEN 'fee'
            WHEN type IN ({_any(_PAYOUTS)}) THEN 'settlement'
            WHEN type = 'balancetransfer' AND starts_with("Modification Merchant Reference", 'po_') THEN 'payout'
            ELSE 'other' END''',
    )
} AS kind,
        {_difference(*_GROSS)} AS gross, {_difference(*_NET)} AS net,
        CASE WHEN plain THEN {" + ".join(map(_number, _COSTS))} END AS costs
    FROM ({_READ}) r
    OFFSET 0
"""  # noqa: S608

#: Cells that are no numbers are given as they are: whoever reads the file refuses it, and says where.
_LINES = f"""
    SELECT "row", CASE WHEN kind = 'payout' AND net > 0 THEN 'payout_returned' ELSE kind END AS kind,
        CASE
            WHEN type = 'secondchargeback' THEN modification || ':SecondChargeback'
            WHEN kind NOT IN ('fee', 'settlement', 'other') AND modification <> '' THEN modification
            WHEN "Modification Reference" ~ '^[A-Z0-9]{{16}}$' AND "Modification Reference" <> "Psp Reference"
                THEN "Modification Reference"
            ELSE concat_ws(':', "Merchant Account", "Batch Number", "Type", "row") END AS reference,
        CASE
            WHEN kind IN ('fee', 'settlement', 'other') THEN ''
            WHEN NOT starts_with(kind, 'chargeback') THEN modification
            WHEN dispute <> '' THEN dispute || ':' || {_case("type", _DISPUTES, "''")}
            ELSE '' END AS object,
        "Psp Reference" AS payment,
        CASE
            WHEN split_part("Modification Merchant Reference", '_', 1) IN ('att', 're', 'po', 'pay')
                THEN "Modification Merchant Reference"
            WHEN starts_with("Merchant Reference", 'pay_') THEN "Merchant Reference"
            ELSE '' END AS ours,
        "Merchant Account" AS account,
        CASE WHEN has_gross AND kind <> 'fee' THEN "Gross Currency" ELSE "Net Currency" END AS currency,
        CASE
            WHEN NOT plain THEN {_as_it_is(_GROSS)}
            WHEN kind = 'fee' THEN '0'
            WHEN NOT has_gross THEN (net + costs)::text
            WHEN net + costs = 0 THEN gross::text
            ELSE (abs(gross) * sign(net + costs))::text END AS gross,
        "Net Currency" AS settled_currency,
        CASE
            WHEN NOT plain THEN CASE WHEN {_plain(_NET)} THEN {_as_it_is(_NET)} ELSE '0' END
            WHEN kind = 'fee' THEN '0'
            ELSE (net + costs)::text END AS settled_gross,
        CASE
            WHEN NOT plain THEN CASE WHEN {_plain(_COSTS)} THEN '0' ELSE {_as_it_is(_COSTS)} END
            WHEN kind = 'fee' THEN (-net)::text
            ELSE costs::text END AS fee,
        CASE WHEN plain THEN net::text ELSE {_as_it_is(_NET)} END AS net,
        '0' AS billed,
        CASE WHEN has_gross AND kind <> 'fee' AND "Gross Currency" <> "Net Currency" OR NOT plain
            THEN "Exchange Rate" ELSE '' END AS rate,
        {_BATCH} AS batch,
        coalesce(nullif("Booking Date", ''), "Creation Date") AS booked_at,
        {_case("upper(btrim(place))", ZONES, "'UTC'")} AS zone,
        CASE WHEN "Psp Reference" = '' THEN concat_ws(': ', "Type", nullif("Modification Reference", ''))
            ELSE "Type" END AS description
    FROM ({_COUNTED}) c
"""  # noqa: S608

#: The batches that were paid; where none was, all that rows name.
_IDENTITY = f"""
    SELECT coalesce(
        (SELECT string_agg(DISTINCT replace({_BATCH}, ':', ' batch '), ', ') FROM raw
            WHERE lower(btrim("Type")) IN ({_any(_PAYOUTS)})),
        (SELECT string_agg(DISTINCT replace({_BATCH}, ':', ' batch '), ', ') FROM raw WHERE "Batch Number" <> ''),
        '')
"""  # noqa: S608


def _accounts(configuration: Mapping[str, Any]) -> frozenset[str]:
    return frozenset((configuration["merchant_account"],))


FORMATS = (
    Format(
        name="adyen.settlement_detail",
        psp="adyen",
        needs=NEEDS,
        reads=READS,
        lines=_LINES,
        identity=_IDENTITY,
        accounts=_accounts,
    ),
)
