"""Adyen's settlement details report as a file: the classic headings, and those that can be added to them.

Amounts are in major units and unsigned, in a column for debit and one for credit; times are the clock of Amsterdam,
with the zone's name. Source: docs.adyen.com/reporting/settlement-reconciliation/transaction-level/
settlement-details-report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from simulators.currencies import ISO
from simulators.settlement import Row

CLASSIC = (
    *("Company Account", "Merchant Account", "Psp Reference", "Merchant Reference"),
    *("Payment Method", "Creation Date", "TimeZone", "Type", "Modification Reference"),
    *("Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)", "Exchange Rate"),
    *("Net Currency", "Net Debit (NC)", "Net Credit (NC)"),
    *("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)"),
    *("Payment Method Variant", "Modification Merchant Reference", "Batch Number"),
    *(f"Reserved{number}" for number in range(4, 11)),
)
ADDED = (
    *("Booking Date", "Booking Date TimeZone", "Metadata", "Balance Currency"),
    *("Net Debit (BC)", "Net Credit (BC)", "Payment Fees (NC)", "DCC Markup (NC)"),
    *("Funds Destination", "Balance Platform Debit", "Balance Platform Credit"),
    *("Shopper Country", "Clearing Network", "Merchant Order Reference", "Dispute Reference"),
    *("ARN", "Settlement Flow", "Authorisation Code", "Gross Fees (NC)"),
)

AGAIN = "SecondChargeback"  # The description of a chargeback that is one.
_TYPES = {
    "capture": "Settled",
    "capture_reversed": "SettledReversed",
    "refund": "Refunded",
    "refund_reversed": "RefundedReversed",
    "chargeback": "Chargeback",
    "chargeback_reversed": "ChargebackReversed",
    "payout": "Balancetransfer",
    "payout_returned": "Balancetransfer",
    "fee": "Fee",
}
_OF_PAYMENTS = frozenset(_TYPES) - {"payout", "payout_returned", "fee"}
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def written(rows: Iterable[Row], *, brand: Callable[[str], str]) -> bytes:
    """The file; `brand` says of a payment's reference with which card it was made."""
    file = io.StringIO()
    sheet = csv.DictWriter(file, (*CLASSIC, *ADDED), restval="", lineterminator="\n")
    sheet.writeheader()
    for row in rows:
        sheet.writerow(_cells(row, brand))
    return file.getvalue().encode()


def _cells(row: Row, brand: Callable[[str], str]) -> dict[str, str]:
    at = row.at.astimezone(_AMSTERDAM).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "Company Account": "Paygate",
        "Merchant Account": row.account,
        "Psp Reference": row.payment,
        "Merchant Reference": row.order,
        "Creation Date": at,
        "TimeZone": "CET",
        "Type": _type(row),
        "Modification Reference": row.object or row.description,
        "Net Currency": row.settled_currency,
        **_sides("Net", "NC", row.net, row.settled_currency),
        "Modification Merchant Reference": row.ours,
        "Batch Number": row.batch.rpartition(":")[2],
        "Booking Date": at,
        "Booking Date TimeZone": "CET",
        "Dispute Reference": row.object if row.kind.startswith("chargeback") else "",
        **(_of_a_payment(row, brand(row.payment)) if row.kind in _OF_PAYMENTS else {}),
    }


def _type(row: Row) -> str:
    if row.kind == "settlement":
        return "MerchantPayout" if row.net <= 0 else "MerchantPayin"
    if row.kind == "chargeback" and row.description == AGAIN:
        return AGAIN
    return _TYPES.get(row.kind) or row.description or "MiscCosts"


def _of_a_payment(row: Row, brand: str) -> dict[str, str]:
    return {
        "Payment Method": brand,
        "Payment Method Variant": f"{brand}standardcredit",
        "Gross Currency": row.currency,
        **_sides("Gross", "GC", row.gross, row.currency),
        "Exchange Rate": "1" if row.rate is None else format(row.rate, "f"),
        **_fees(row, brand),
    }


def _sides(which: str, currency: str, minor: int, iso: str) -> dict[str, str]:
    side = "Debit" if minor < 0 else "Credit"
    return {f"{which} {side} ({currency})": _major(abs(minor), iso)}


def _fees(row: Row, brand: str) -> dict[str, str]:
    """Visa's and Mastercard's cost what the schemes and issuers take and a markup; all others one commission."""
    if not row.fee:
        return {}
    whole = {"Payment Fees (NC)": _major(row.fee, row.settled_currency)}
    if brand not in ("visa", "mc"):
        return {"Commission (NC)": whole["Payment Fees (NC)"], **whole}
    interchange, scheme = row.fee // 2, row.fee // 6
    parts = {
        "Markup (NC)": row.fee - interchange - scheme,
        "Scheme Fees (NC)": scheme,
        "Interchange (NC)": interchange,
    }
    return {**{name: _major(fee, row.settled_currency) for name, fee in parts.items()}, **whole}


def _major(minor: int, currency: str) -> str:
    decimals = ISO[currency]
    if not decimals:
        return str(minor)
    digits = f"{abs(minor):0{decimals + 1}d}"
    return f"{'-' if minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"
