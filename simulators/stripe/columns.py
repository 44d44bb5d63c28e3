"""The CSV of Stripe's itemized reports: which rows, which columns, and how they are written.

Amounts are in major units with the currency's decimals, currencies in lower case, moments without a zone. Columns stand
in the order in which they were asked for. Source: docs.stripe.com/reports/report-types/payout-reconciliation.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from simulators.currencies import ISO
from simulators.settlement import Row
from simulators.stripe.balance import Balance, Transaction
from simulators.stripe.payment_intent import PaymentIntent

CATEGORIES = {
    "capture": "charge",
    "refund": "refund",
    "refund_reversed": "refund_failure",
    "chargeback": "dispute",
    "chargeback_reversed": "dispute_reversal",
    "payout": "transfer",
    "payout_returned": "transfer_reversal",
    "fee": "fee",
    "settlement": "payout",
}
_OF_PAYERS = frozenset(
    ("capture", "refund", "refund_reversed", "chargeback", "chargeback_reversed")
)
_METADATA = re.compile(r"(payment|refund|transfer)_metadata\[(.+)\]")
_MOMENT = "%Y-%m-%d %H:%M:%S"

_OF_THE_PAYOUT = (
    "automatic_payout_id",
    "automatic_payout_effective_at_utc",
    "automatic_payout_effective_at",
)
_TRANSACTION = (
    *("balance_transaction_id", "created_utc", "created", "available_on_utc", "available_on"),
    *("currency", "gross", "fee", "net", "reporting_category", "source_id", "description"),
    *("customer_facing_amount", "customer_facing_currency", "trace_id", "trace_id_status"),
)
_OF_THE_CHARGE = (
    *("customer_id", "charge_id", "payment_intent_id", "charge_created_utc", "charge_created"),
    *("payment_method_type", "is_link", "card_brand", "card_funding", "card_country"),
    *("statement_descriptor", "dispute_reason"),
)
KNOWN = frozenset((*_TRANSACTION, *_OF_THE_PAYOUT, *_OF_THE_CHARGE))

#: The columns where none are asked for.
DEFAULT = {
    "balance_change_from_activity": (*_TRANSACTION, *_OF_THE_PAYOUT, *_OF_THE_CHARGE),
    "payouts": (*_TRANSACTION, *_OF_THE_PAYOUT, *_OF_THE_CHARGE),
    "payout_reconciliation": (*_OF_THE_PAYOUT, *_TRANSACTION, *_OF_THE_CHARGE),
}
#: What a platform adds to them that writes its own references into Stripe's metadata.
REFERENCES = (
    *("payment_metadata[payment]", "payment_metadata[attempt]", "payment_metadata[capture]"),
    *("refund_metadata[refund]", "transfer_metadata[payout]"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """The rows of one cut, as they are told; of none where `moment` is None."""

    moment: float | None  # Seconds since 1970: when the payouts were made.
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows are to be written, and how."""

    rows: Sequence[tuple[float | None, Row]]
    columns: tuple[str, ...]
    zone: tzinfo = UTC


def chosen(
    report: str,
    told: Iterable[Told],
    *,
    since: float = 0.0,
    until: float = float("inf"),
    columns: Sequence[str] = (),
    zone: tzinfo = UTC,
    currency: str = "",
    category: str = "",
) -> Chosen:
    """The rows of a report: of what is in payouts made in the interval, or of what was made in it itself."""
    rows = []
    for cut in told:
        for row in cut.rows:
            if (row.kind == "settlement") != (report == "payouts"):
                continue
            at = cut.moment if report == "payout_reconciliation" else row.at.timestamp()
            if at is None or not since <= at < until:
                continue
            if currency not in ("", row.settled_currency.lower()):
                continue
            if category not in ("", reporting_category(row)):
                continue
            rows.append((cut.moment, row))
    return Chosen(rows, tuple(columns) or (*DEFAULT[report], *REFERENCES), zone)


def is_known(column: str) -> bool:
    return column in KNOWN or _METADATA.fullmatch(column) is not None


def reporting_category(row: Row) -> str:
    """The word of a row that nobody knows is in its description."""
    return CATEGORIES.get(row.kind) or row.description or "other_adjustment"


class Sheet:
    """Writes rows. What a row does not say itself is looked up, as far as what it names exists."""

    def __init__(self, balance: Balance, intent: Callable[[str], PaymentIntent | None]) -> None:
        self._balance = balance
        self._intent = intent

    def written(self, chosen: Chosen) -> tuple[bytes, int]:
        """The file, and how many rows it has without its heading."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(chosen.columns)
        for moment, row in chosen.rows:
            line = self._line(moment, row, chosen.zone)
            writer.writerow([self._cell(column, line, row) for column in chosen.columns])
        return text.getvalue().encode(), len(chosen.rows)

    def _cell(self, column: str, line: dict[str, str], row: Row) -> str:
        if found := _METADATA.fullmatch(column):
            return self._metadata(row, found[1], found[2])
        return line.get(column, "")

    def _line(self, moment: float | None, row: Row, zone: tzinfo) -> dict[str, str]:
        currency = row.settled_currency
        moved = self._balance.known(row.reference)
        made = row.at.timestamp()
        line = {
            "balance_transaction_id": row.reference,
            **_moments("created", made, zone),
            **_moments("available_on", moved.available_on if moved else made, zone),
            "currency": currency.lower(),
            "gross": _major(row.settled_gross, currency),
            "fee": _major(row.fee, currency),
            "net": _major(row.net, currency),
            "reporting_category": reporting_category(row),
            "source_id": row.object,
            "description": row.description,
        }
        if row.kind in _OF_PAYERS:
            line["customer_facing_amount"] = _major(row.gross, row.currency)
            line["customer_facing_currency"] = row.currency.lower()
        if moment is not None:
            line["automatic_payout_id"] = "" if row.kind == "settlement" else row.batch
            line |= _moments("automatic_payout_effective_at", moment, zone)
        if row.payment:
            line |= _charge(row, self._intent(row.payment), moved, zone)
        return line

    def _metadata(self, row: Row, of: str, name: str) -> str:
        """Our references are the row's own, so that it can name others than those that exist."""
        moved = self._balance.known(row.reference)
        own = {} if moved is None else moved.metadata
        if of == "payment":
            if name == "payment" or not row.payment:
                return row.order
            intent = self._intent(row.payment)
            return "" if intent is None else intent.metadata.get(name, "")
        ours = {"refund": row.kind.startswith("refund"), "transfer": row.kind.startswith("payout")}
        if not ours[of]:
            return ""
        return row.ours if name in ("refund", "payout") else own.get(name, "")


def _charge(
    row: Row, intent: PaymentIntent | None, moved: Transaction | None, zone: tzinfo
) -> dict[str, str]:
    line = {"payment_intent_id": row.payment, "payment_method_type": "card", "is_link": "false"}
    charge = None if intent is None else intent.charge
    if charge is None:
        return line | {"charge_id": row.object if row.kind == "capture" else ""}
    line |= {
        "charge_id": row.object if row.kind == "capture" else charge.id,
        **_moments("charge_created", charge.created, zone),
        "card_brand": charge.card.brand.title(),
        "card_funding": "credit",
        "card_country": "US",
    }
    if moved is not None and moved.category.startswith("dispute"):
        line["dispute_reason"] = moved.show()["reason"]
    return line


def _moments(name: str, at: float, zone: tzinfo) -> dict[str, str]:
    """In UTC, and where the account is."""
    there = datetime.fromtimestamp(at, UTC)
    return {
        f"{name}_utc": there.strftime(_MOMENT),
        name: there.astimezone(zone).strftime(_MOMENT),
    }


def _major(minor: int, currency: str) -> str:
    return str(Decimal(minor).scaleb(-ISO[currency]))
