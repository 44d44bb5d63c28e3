"""Stripe's itemized reports, line by line; how they are ordered, told of and fetched."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe

from kernel.ids import encode, uuid7
from kernel.money import Money
from paygate.psp.events import Irrelevant, Item, StatementReady, Unreadable
from paygate.psp.gateway import Approved
from paygate.psp.registry import formats
from paygate.psp.statements import Offered, StatementUnavailable
from paygate.psp.stripe import reports, statement
from paygate.psp.stripe.calls import insist
from paygate.psp.stripe.webhook import translate
from simulators import run
from tests.psp_contract.conftest import adapter, authorize, capture, configuration, refund
from tests.psp_contract.statements import identity_of, rows_of, sample

pytestmark = pytest.mark.django_db

DAY = 86_400
[FORMAT] = formats("stripe")
ACTIVITY = "stripe_balance_change_from_activity.itemized.csv"
IN_PAYOUTS = "stripe_payout_reconciliation.itemized.csv"
PAYOUTS = "stripe_payouts.itemized.csv"
PO = "po_1SampleEUR000000000001"


def read(content: bytes | str) -> list[dict[str, Any]]:
    return rows_of(FORMAT, content.encode() if isinstance(content, str) else content)


def of(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def sheet(*changes: dict[str, str], columns: tuple[str, ...] = statement.COLUMNS) -> str:
    """A file of charges, each changed as the test says."""
    charge = {
        "balance_transaction_id": "txn_1",
        "created_utc": "2026-11-03 09:15:02",
        "currency": "eur",
        "gross": "100.00",
        "fee": "1.75",
        "net": "98.25",
        "reporting_category": "charge",
        "source_id": "ch_1",
        "payment_intent_id": "pi_1",
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for number, change in enumerate(changes):
        writer.writerow({**charge, "balance_transaction_id": f"txn_{number}", **change})
    return text.getvalue()


# ------------------------------------------------------------------------------------ the samples


def test_each_row_of_what_is_in_a_payout_is_read_as_what_it_is() -> None:
    rows = read(sample(IN_PAYOUTS))
    assert of(rows, "kind", "reference", "object", "payment") == [
        ("capture", "txn_3A01", "pi_3A01", "pi_3A01"),
        ("capture", "txn_3A02", "pi_3A02", "pi_3A02"),
        ("refund", "txn_3A03", "re_3A03", "pi_3A01"),
        ("chargeback", "txn_3A04", "txn_3A04", "pi_3A00"),
        ("chargeback_reversed", "txn_3A05", "txn_3A05", "pi_3B00"),
        ("refund_reversed", "txn_3A06", "re_3A06", "pi_3C00"),
        ("fee", "txn_3A07", "fee_3A07", ""),
    ]
    assert of(rows, "currency", "gross", "settled_currency", "settled_gross", "fee", "net") == [
        ("EUR", 100_00, "EUR", 100_00, 1_75, 98_25),
        ("GBP", 80_00, "EUR", 93_60, 4_46, 89_14),  # What the payer paid, and what became of it.
        ("EUR", -30_00, "EUR", -30_00, 0, -30_00),
        ("EUR", -45_00, "EUR", -45_00, 20_00, -65_00),
        ("EUR", 45_00, "EUR", 45_00, 0, 45_00),
        ("EUR", 12_00, "EUR", 12_00, 0, 12_00),
        ("EUR", -70, "EUR", -70, 0, -70),
    ]
    assert {row["batch"] for row in rows} == {PO}
    assert {(row["billed"], row["account"]) for row in rows} == {(0, "")}
    assert rows[0]["booked_at"] == datetime(2026, 11, 3, 9, 15, 2, tzinfo=UTC)


def test_what_is_in_a_payout_adds_up_to_it() -> None:
    [paid] = read(sample(PAYOUTS))
    assert (paid["kind"], paid["reference"], paid["batch"]) == ("settlement", "txn_3P01", PO)
    assert (paid["currency"], paid["gross"], paid["net"]) == ("EUR", -148_69, -148_69)
    assert sum(row["net"] for row in read(sample(IN_PAYOUTS))) == -paid["net"]


def test_all_activity_tells_the_same_lines_and_those_that_are_in_no_payout_yet() -> None:
    *same, yen = read(sample(ACTIVITY))
    assert same == read(sample(IN_PAYOUTS))
    assert (yen["currency"], yen["gross"], yen["fee"], yen["net"]) == ("JPY", 5000, 180, 4820)
    assert (yen["object"], yen["batch"]) == ("pi_3A08", "")


def test_a_file_is_a_version_of_what_its_name_says() -> None:
    assert identity_of(FORMAT, sample(IN_PAYOUTS)) == ""


# ---------------------------------------------------------------------------------------- quirks


def test_columns_may_stand_in_any_order_and_be_fewer() -> None:
    few = tuple(reversed(statement.NEEDS))
    [row] = read(sheet({"gross": "100.00"}, columns=few))
    assert (row["kind"], row["object"], row["gross"], row["batch"]) == (
        *("capture", "ch_1", 100_00),
        "",
    )


def test_a_capture_apart_goes_by_the_charge_and_one_at_once_by_the_payment() -> None:
    apart = {"payment_metadata[attempt]": "att_1", "payment_metadata[capture]": "att_2"}
    rows = read(sheet(apart, {"payment_metadata[attempt]": "att_1"}))
    assert of(rows, "object", "payment", "ours") == [
        ("ch_1", "pi_1", "att_2"),
        ("pi_1", "pi_1", "att_1"),
    ]


def test_a_transfer_goes_by_our_payout() -> None:
    transfer = {
        **{"reporting_category": "transfer", "source_id": "tr_1", "payment_intent_id": ""},
        **{"gross": "-4.00", "fee": "0.00", "net": "-4.00"},
    }
    ours = {"transfer_metadata[payout]": "po_ours"}
    back = {"reporting_category": "transfer_reversal", "gross": "4.00", "net": "4.00"}
    rows = read(sheet({**transfer, **ours}, {**transfer, **ours, **back}, transfer))
    assert of(rows, "kind", "object", "ours", "gross") == [
        ("payout", "po_ours", "po_ours", -4_00),
        ("payout_returned", "po_ours", "po_ours", 4_00),
        ("payout", "tr_1", "", -4_00),  # One that somebody made there.
    ]


@pytest.mark.parametrize("category", ["payout_reversal", "topup", "platform_earning", "brand_new"])
def test_a_category_that_nobody_knows_is_something_else_and_no_mistake(category: str) -> None:
    [row] = read(sheet({"reporting_category": category}))
    assert (row["kind"], row["net"]) == ("other", 98_25)
    assert row["description"].startswith(category)


def test_a_dispute_costs_a_fee_and_gives_it_back() -> None:
    taken = {"reporting_category": "dispute", "gross": "-45.00", "fee": "20.00", "net": "-65.00"}
    back = {"reporting_category": "dispute_reversal", "gross": "45.00", "fee": "-20.00"}
    rows = read(sheet(taken, {**back, "net": "65.00"}))
    assert of(rows, "kind", "fee", "net") == [
        ("chargeback", 20_00, -65_00),
        ("chargeback_reversed", -20_00, 65_00),
    ]


def test_currencies_have_their_own_decimals() -> None:
    rows = read(
        sheet(
            {"currency": "kwd", "gross": "1.234", "fee": "0.004", "net": "1.230"},
            {"currency": "isk", "gross": "1500", "fee": "0", "net": "1500"},
            {"currency": "isk", "gross": "1500.00", "fee": "0.00", "net": "1500.00"},
        )
    )
    assert of(rows, "currency", "gross", "net") == [
        ("KWD", 1234, 1230),
        ("ISK", 1500, 1500),
        ("ISK", 1500, 1500),
    ]
