"""The simulated Adyen settles: a batch a night, a report of it that adds up, and a notice signed as all are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest
from Adyen.util import is_valid_hmac_notification

from simulators import run
from tests.simulators.adyen_desk import Desk
from tests.simulators.listener import listener
from tests.simulators.sdk import AdyenMerchant

KEY = "50415947415445" * 4 + "50415947"
DAY = 86400.0
ACCOUNT = "PaygateECOM"


@pytest.fixture
def at_adyen(tmp_path: Path) -> Iterator[AdyenMerchant]:
    """With books of the test's own."""
    with run.start("adyen", folder=tmp_path) as simulator:
        yield AdyenMerchant(simulator)


def take(at: AdyenMerchant, payment: str = "pay_1", **changes: Any) -> str:
    """Ten dollars, captured at once; Adyen's reference."""
    said = at.pay(reference=payment, additionalData=None, captureDelayHours=0, **changes)
    return str(said["pspReference"])


def card(name: str) -> dict[str, str]:
    return {"type": "scheme", "storedPaymentMethodId": name}


def capture(at: AdyenMerchant, psp: str, value: int, reference: str) -> str:
    body = {
        "merchantAccount": ACCOUNT,
        "amount": {"value": value, "currency": "USD"},
        "reference": reference,
    }
    said = at.modifications.capture_authorised_payment(body, psp, idempotency_key=reference)
    return str(said.message["pspReference"])


def download(at: AdyenMerchant, name: str, *, account: str = ACCOUNT, key: str = "") -> bytes:
    url = f"{at.simulator.url}/reports/download/MerchantAccount/{account}/{name}"
    with urlopen(Request(url, headers={"x-api-key": key or "AQE_reports"})) as reply:
        content: bytes = reply.read()
    return content


def lines(at: AdyenMerchant, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download(at, name).decode())))


def settled(at: AdyenMerchant) -> list[dict[str, str]]:
    """What a cut puts into the report that it makes."""
    return lines(at, at.simulator.act("cut")["id"])


def told(rows: list[dict[str, str]]) -> list[tuple[str, str, Decimal]]:
    return [(row["Type"], row["Modification Reference"], net(row)) for row in rows]


def net(row: dict[str, str]) -> Decimal:
    return number(row["Net Credit (NC)"]) - number(row["Net Debit (NC)"])


def number(cell: str) -> Decimal:
    return Decimal(cell or 0)


def booked(at: AdyenMerchant, *kinds: str) -> list[tuple[str, str, int, str]]:
    entries = at.simulator.books()["entries"]
    return [
        (e["kind"], e["payment"], e["amount"], e["currency"]) for e in entries if e["kind"] in kinds
    ]


def test_each_capture_is_a_line_and_the_report_adds_up_to_nothing(at_adyen: AdyenMerchant) -> None:
    at_once = take(at_adyen, "pay_1")
    held = at_adyen.pay(reference="pay_2")["pspReference"]
    first, second = (
        capture(at_adyen, held, 4_00, "att_1"),
        capture(at_adyen, held, 5_00, "att_2"),
    )
    at_adyen.simulator.act("price", basis_points=140, fixed=10)

    rows = settled(at_adyen)

    assert [(row["Type"], row["Psp Reference"], row["Modification Reference"]) for row in rows] == [
        ("Settled", at_once, at_once),
        ("Settled", held, first),
        ("Settled", held, second),
        ("MerchantPayout", "", rows[-1]["Modification Reference"]),
    ]
    ours = [(row["Merchant Reference"], row["Modification Merchant Reference"]) for row in rows]
    assert ours == [("pay_1", "pay_1"), ("pay_2", "att_1"), ("pay_2", "att_2"), ("", "")]
    assert [net(row) for row in rows] == [Decimal(n) for n in ("9.76", "3.84", "4.83", "-18.43")]
    assert sum(net(row) for row in rows) == 0
    assert {row["Batch Number"] for row in rows} == {"1"}
    assert booked(at_adyen, "processing_fee", "settled") == [
        ("processing_fee", "pay_1", 24, "USD"),
        ("processing_fee", "pay_2", 16, "USD"),
        ("processing_fee", "pay_2", 17, "USD"),
        ("settled", f"{ACCOUNT}:1", 18_43, "USD"),
    ]


def test_every_line_of_a_payment_keeps_the_equation(at_adyen: AdyenMerchant) -> None:
    take(at_adyen, "pay_1")
    take(at_adyen, "pay_2", amount={"value": 10_00, "currency": "GBP"})
    amex = {"type": "scheme", "number": "test_370000000000002", "holderName": "A"}
    take(at_adyen, "pay_3", paymentMethod=amex, amount={"value": 5_00, "currency": "GBP"})
    at_adyen.simulator.act("price", basis_points=100, fixed=5)
    at_adyen.simulator.act("settle_in", **{"currency": "GBP", "in": "EUR", "rate": "1.1705"})
    at_adyen.simulator.act("cut")
    files = [file["name"] for file in at_adyen.simulator.statements()]
    rows = [row for name in files for row in lines(at_adyen, name)]

    fees = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")
    payments = [row for row in rows if row["Type"] == "Settled"]
    for row in payments:
        gross = number(row["Gross Credit (GC)"]) - number(row["Gross Debit (GC)"])
        converted = (gross * number(row["Exchange Rate"])).quantize(
            Decimal("0.01"), "ROUND_HALF_UP"
        )
        assert converted - sum(number(row[fee]) for fee in fees) == net(row)
    assert [(row["Gross Currency"], row["Net Currency"]) for row in payments] == [
        ("USD", "USD"),
        ("GBP", "EUR"),
        ("GBP", "EUR"),
    ]
    blended = [bool(row["Commission (NC)"]) for row in payments]
    assert blended == [False, False, True]
    assert [bool(row["Interchange (NC)"]) for row in payments] == [True, True, False]
    assert booked(at_adyen, "converted", "settled") == [
        ("settled", f"{ACCOUNT}:1", 9_85, "USD"),
        ("converted", f"{ACCOUNT}:2", 15_00, "GBP"),
        ("converted", f"{ACCOUNT}:2", -(11_71 + 5_85), "EUR"),
        ("settled", f"{ACCOUNT}:2", 11_71 - 17 + 5_85 - 11, "EUR"),
    ]


@pytest.mark.parametrize(
    ("other", "rate"), [("EUR", "0"), ("EUR", "-1"), ("EUR", "NaN"), ("EUR", "a lot"), ("XXX", "1")]
)
def test_what_is_no_conversion_is_refused(at_adyen: AdyenMerchant, other: str, rate: str) -> None:
    with pytest.raises(HTTPError) as raised:
        at_adyen.simulator.act("settle_in", **{"currency": "GBP", "in": other, "rate": rate})
    raised.value.close()
    assert raised.value.code == 400


def test_what_failed_before_the_cut_is_not_told_and_what_fails_after_it_is_taken_back(
    at_adyen: AdyenMerchant,
) -> None:
    at_adyen.simulator.act("price", basis_points=0, fixed=10)
    kept, failed = take(at_adyen, "pay_1"), take(at_adyen, "pay_2")
    at_adyen.simulator.act("fail_capture", payment="pay_2")
    assert told(settled(at_adyen))[:-1] == [("Settled", kept, Decimal("9.90"))]

    at_adyen.simulator.act("recapture", payment="pay_2")
    at_adyen.simulator.act("fail_capture", payment="pay_1")
    assert told(settled(at_adyen))[:-1] == [
        ("Settled", failed, Decimal("9.90")),
        ("SettledReversed", kept, Decimal(-10)),
    ]


def test_refunds_are_lines_of_their_own_and_those_that_come_back_too(
    at_adyen: AdyenMerchant,
) -> None:
    psp = take(at_adyen, "pay_1")
    settled(at_adyen)
    amount = {"value": 3_00, "currency": "USD"}
    body = {"merchantAccount": ACCOUNT, "amount": amount, "reference": "re_1"}
    refund = at_adyen.modifications.refund_captured_payment(body, psp).message["pspReference"]
    at_adyen.simulator.clock(advance=5)
    at_adyen.simulator.act("fail_refund", payment="pay_1")
    by_hand = at_adyen.simulator.act("refund", payment="pay_1", amount=2_00)["id"]
    at_adyen.simulator.clock(advance=5)

    rows = settled(at_adyen)

    assert told(rows)[:-1] == [
        ("Refunded", refund, Decimal(-3)),
        ("RefundedReversed", refund, Decimal(3)),
        ("Refunded", by_hand, Decimal(-2)),
    ]
    ours = [row["Modification Merchant Reference"] for row in rows]
    assert ours == ["re_1", "re_1", "pay_1", ""]
    assert (rows[-1]["Type"], net(rows[-1])) == ("MerchantPayin", Decimal(2))
    assert booked(at_adyen, "settled")[-1] == ("settled", f"{ACCOUNT}:2", -2_00, "USD")


def test_a_dispute_is_told_each_time_it_moves_the_money(at_adyen: AdyenMerchant) -> None:
    desk = Desk(at_adyen, "pay_1", card="mastercard_ok")
    first = settled(at_adyen)
    desk.defend(b"no help")
    desk.wait(days=41)

    rows = [first[1], *settled_since(at_adyen, 1)]

    moved = [row for row in rows if row["Type"] != "MerchantPayout"]
    assert [(row["Type"], net(row)) for row in moved] == [
        ("Chargeback", Decimal(-10)),
        ("ChargebackReversed", Decimal(10)),
        ("SecondChargeback", Decimal(-10)),
    ]
    assert {row["Dispute Reference"] for row in moved} == {desk.case}
    assert {row["Psp Reference"] for row in moved} == {desk.psp}


def settled_since(at: AdyenMerchant, already: int) -> list[dict[str, str]]:
    """The lines of all reports but so many, those of a cut made now among them."""
    at.simulator.act("cut")
    files = at.simulator.statements()[already:]
    return [row for file in files for row in lines(at, file["name"])]


def test_every_midnight_is_a_cut_and_a_quiet_day_has_no_report(at_adyen: AdyenMerchant) -> None:
    take(at_adyen, "pay_1")
    began = datetime.fromisoformat(at_adyen.simulator.clock())

    at_adyen.simulator.clock(advance=3 * DAY)

    [file] = at_adyen.simulator.statements()
    [sale, payout] = lines(at_adyen, file["name"])
    amsterdam = ZoneInfo("Europe/Amsterdam")
    midnight = began.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert payout["Creation Date"] == f"{midnight.astimezone(amsterdam):%Y-%m-%d %H:%M:%S}"
    at = datetime.fromisoformat(sale["Booking Date"]).replace(tzinfo=amsterdam)
    assert abs(at.astimezone(UTC) - began) < timedelta(seconds=10)
    assert sale["TimeZone"] == sale["Booking Date TimeZone"] == "CET"

    take(at_adyen, "pay_2")
    at_adyen.simulator.clock(advance=30 * DAY)
    assert [entry[2] for entry in booked(at_adyen, "settled")] == [10_00, 10_00]


def test_what_was_paid_to_merchants_is_taken_off_and_what_is_settled_can_still_be_paid(
    at_adyen: AdyenMerchant,
) -> None:
    take(at_adyen, "pay_1")
    settled(at_adyen)
    body = {
        "amount": {"value": 4_00, "currency": "USD"},
        "balanceAccountId": "BA1",
        "category": "bank",
        "counterparty": {
            "bankAccount": {
                "accountHolder": {"fullName": "Kiosk"},
                "accountIdentification": {"type": "iban", "iban": "NL47ABNA0000000002"},
            }
        },
        "reference": "po_1",
    }
    made = at_adyen.sdk.transfers.transfers_api.transfer_funds(body).message
    assert made["status"] == "authorised"

    at_adyen.simulator.clock(advance=2 * 3600)
    at_adyen.simulator.clock(advance=4 * DAY)

    rows = settled_since(at_adyen, 1)
    transfers = [row for row in rows if row["Type"] == "Balancetransfer"]
    assert told(transfers) == [
        ("Balancetransfer", made["id"], Decimal(-4)),
        ("Balancetransfer", made["id"], Decimal(4)),
    ]
    assert {row["Modification Merchant Reference"] for row in transfers} == {"po_1"}
    assert at_adyen.simulator.books()["totals"]["USD"]["settled"] == 10_00


def test_an_invoice_is_a_line_of_no_payment(at_adyen: AdyenMerchant) -> None:
    at_adyen.simulator.act("invoice", amount=3_20, currency="EUR", text="Transaction Fees May")

    [fee, paid] = settled(at_adyen)

    assert (fee["Type"], fee["Modification Reference"]) == ("Fee", "Transaction Fees May")
    assert (fee["Psp Reference"], fee["Gross Currency"], net(fee)) == ("", "", Decimal("-3.20"))
    assert (paid["Type"], net(paid)) == ("MerchantPayin", Decimal("3.20"))
    assert booked(at_adyen, "processing_fee") == [("processing_fee", "", 3_20, "EUR")]


def test_what_comes_to_nothing_is_not_paid(at_adyen: AdyenMerchant) -> None:
    take(at_adyen, "pay_1")
    at_adyen.simulator.act("refund", payment="pay_1")
    at_adyen.simulator.clock(advance=5)

    assert [row["Type"] for row in settled_since(at_adyen, 0)] == ["Settled", "Refunded"]
    assert booked(at_adyen, "settled") == []


def test_a_report_is_told_of_by_a_notice_that_is_signed(at_adyen: AdyenMerchant) -> None:
    with listener() as ears:
        take(at_adyen, "pay_1")
        at_adyen.simulator.webhooks(url=ears.url)
        name = at_adyen.simulator.act("cut")["id"]
        ears.wait(lambda: bool(ears.bodies))

    [entry] = json.loads(ears.bodies[0])["notificationItems"]
    notice = entry["NotificationRequestItem"]
    assert is_valid_hmac_notification(json.loads(ears.bodies[0]), KEY)
    assert (notice["eventCode"], notice["pspReference"]) == ("REPORT_AVAILABLE", name)
    assert (notice["merchantAccountCode"], notice["success"]) == (ACCOUNT, "true")
    with urlopen(Request(notice["reason"], headers={"x-api-key": "AQE_reports"})) as reply:
        assert reply.read() == at_adyen.simulator.statement(name)


def test_only_the_report_user_is_let_in_and_only_to_what_there_is(at_adyen: AdyenMerchant) -> None:
    take(at_adyen, "pay_1")
    name = at_adyen.simulator.act("cut")["id"]

    for refused, how in ((401, {"key": "AQE_merchant"}), (404, {"account": "Another"})):
        with pytest.raises(HTTPError) as raised:
            download(at_adyen, name, **how)
        raised.value.close()
        assert raised.value.code == refused


def test_the_batches_go_on_where_the_books_end(tmp_path: Path) -> None:
    with run.start("adyen", folder=tmp_path) as simulator:
        before = AdyenMerchant(simulator)
        take(before, "pay_1")
        settled(before)
        held = before.pay(reference="pay_2")["pspReference"]
        part = capture(before, held, 6_00, "att_2")

    with run.start("adyen", folder=tmp_path) as simulator:
        [row, paid] = settled(AdyenMerchant(simulator))

    assert (row["Psp Reference"], row["Modification Reference"]) == (held, part)
    assert row["Modification Merchant Reference"] == "att_2"
    assert (row["Batch Number"], net(paid)) == ("2", Decimal(-6))


def test_what_is_planted_is_in_the_report_and_what_it_says_is_paid(at_adyen: AdyenMerchant) -> None:
    for number in range(6):
        take(at_adyen, f"pay_{number}")
    wanted = {"unheard_chargeback": 1, "wrong_account": 1, "duplicate_line": 1, "unknown_kind": 1}
    at_adyen.simulator.act("mistakes", wanted=wanted, seed=3)

    rows = settled(at_adyen)

    assert sum(net(row) for row in rows if row["Merchant Account"] == ACCOUNT) == 0
    assert sorted(row["Type"] for row in rows if row["Type"] != "Settled") == [
        "Chargeback",
        "MerchantPayout",
        "quantum_levy",
    ]
    assert {row["Merchant Account"] for row in rows} == {ACCOUNT, f"{ACCOUNT}Outlet"}
    assert {row["Batch Number"] for row in rows} == {"1"}
    [(_, _, paid, _)] = booked(at_adyen, "settled")
    assert paid == -net(rows[-1]) * 100
