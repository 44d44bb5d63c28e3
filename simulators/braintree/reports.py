"""The transaction-level fee report: one CSV for each account and day, found by GraphQL and fetched from its address.

Headings and arithmetic as in the fixtures of Braintree's own SDKs (braintree_java, src/test/resources/fixtures);
the query as in developer.paypal.com/braintree/graphql/reference/types/report, under its old name and its new one.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from simulators.braintree import amounts
from simulators.braintree.disbursements import TYPES, Price
from simulators.braintree.errors import Invalid, NotFound
from simulators.http import Reply
from simulators.settlement import File, Planted, Row

HEADINGS = (
    "Merchant Account ID",
    "Transaction ID",
    "Original Transaction ID",
    "Transaction Type",
    "Presentment Currency",
    "Original Sale Amount",
    "Settlement Currency",
    "Settlement Amount",
    "Settlement Date",
    "Disbursement Date",
    "Payment Instrument",
    "Card Brand",
    "Card Type",
    "First 6 of CC",
    "Issuing Bank",
    "Refunded Amount",
    "Refund Type",
    "Exchange Rate",
    "Order ID",
    "Acquirer Reference Number",
    "Card Issuing Country",
    "Discount",
    "Discount Credit",
    "Per Transaction Fee",
    "Per Transaction Fee Credit",
    "Multicurrency Fee Amount",
    "Multicurrency Fee Credit",
    "Total Fee Amount",
)
_FIELD = re.compile(r"\b(transactionLevelFees|paymentLevelFees)\s*\(([^)]*)\)")
_ARGUMENT = re.compile(r"(\w+)\s*:\s*\$(\w+)")
_DEFAULT_ACCOUNT = "default_usd"

Mistaken = Callable[[Iterable[Row]], tuple[list[Row], list[Planted]]]


class Reports:
    """Those that were written so far. `mistaken` may change rows before they are; `publish` gets each file."""

    def __init__(
        self, new_id: Callable[[], str], *, mistaken: Mistaken, publish: Callable[[File], None]
    ) -> None:
        self._new_id = new_id
        self._mistaken = mistaken
        self._publish = publish
        self._at: dict[tuple[str, str], str] = {}
        self._files: dict[str, File] = {}

    def write(self, rows: list[Row], on: date, price: Price) -> int:
        """The report of one account's rows; what the last of them, the settlement, says is paid in the end."""
        account = rows[-1].account
        said, planted = self._mistaken(rows)
        told = [row for row in said if row.kind != "settlement"]
        name = f"transaction_level_fees_{account}_{on}.csv"
        file = File(name, written(told, on, price), len(told), planted)
        place = self._new_id()
        self._at[account, str(on)] = place
        self._files[place] = file
        self._publish(file)
        return -sum(row.settled_gross for row in said if row.kind == "settlement")

    def find(self, place: str) -> bytes:
        """Raises NotFound."""
        if place not in self._files:
            raise NotFound(place)
        return self._files[place].content

    def query(self, body: bytes, *, host: str) -> Reply:
        """Where the report is; the address is nobody's to guess, and asks for no password."""
        try:
            asked = json.loads(body)
            field, arguments = _FIELD.findall(asked["query"])[0]
            variables = asked.get("variables") or {}
            given: dict[str, Any] = {
                name: variables.get(named) for name, named in _ARGUMENT.findall(arguments)
            }
            day = date.fromisoformat(given["date"])
        except (ValueError, LookupError, TypeError, AttributeError):
            return _refused("The query is not valid.")
        account = given.get("merchantAccountId") or _DEFAULT_ACCOUNT
        try:
            amounts.currency_of(account)
        except Invalid:
            return _refused(f"Invalid merchant account id: {account}")
        place = self._at.get((account, str(day)))
        url = place and f"http://{host}/reports/{place}"
        return _json({"data": {"report": {field: {"url": url}}}})


def written(rows: Iterable[Row], on: date, price: Price) -> bytes:
    """The rows as Braintree writes them."""
    text = io.StringIO()
    csv_file = csv.writer(text, lineterminator="\n")
    csv_file.writerow(HEADINGS)
    csv_file.writerows(_cells(row, on, price) for row in rows)
    return text.getvalue().encode()


def _cells(row: Row, on: date, price: Price) -> list[str]:
    settled_in, taken = row.settled_currency, row.kind == "capture"
    original = row.payment if row.payment != row.object or "chargeback" in row.kind else ""
    charged = price if row.billed else Price()
    return [
        row.account,
        row.object,
        original,
        TYPES.get(row.kind, row.description or row.kind),
        row.currency,
        amounts.signed(row.gross, row.currency) if taken else "",
        settled_in,
        amounts.signed(row.settled_gross, settled_in),
        str(row.at.date()),
        str(on),
        "credit_card",
        "Visa",
        "Credit",
        "411111",
        "Network Only",
        amounts.text(0, settled_in),
        "",
        "1.00" if row.rate is None else str(row.rate),
        row.ours or row.order,
        f"7408342{zlib.crc32(row.object.encode()):016}",
        "USA",
        _share(charged.basis_points),
        "0",
        amounts.text(charged.fixed, settled_in),
        amounts.text(0, settled_in),
        amounts.text(0, settled_in),
        amounts.text(0, settled_in),
        amounts.signed(row.billed, settled_in),
    ]


def _share(basis_points: int) -> str:
    """259 is "0.0259"."""
    return f"{basis_points // 10_000}.{basis_points % 10_000:04}" if basis_points else "0.00"


def _refused(message: str) -> Reply:
    extensions = {"errorClass": "VALIDATION"}
    return _json(
        {"data": {"report": None}, "errors": [{"message": message, "extensions": extensions}]}
    )


def _json(page: dict[str, Any]) -> Reply:
    return Reply(200, json.dumps(page).encode(), {"Content-Type": "application/json"})
