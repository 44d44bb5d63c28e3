"""Adyen's settlement details as they are read and fetched: by heading, by what is paid, from one place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from paygate.psp.adyen import webhook
from paygate.psp.adyen.gateway import make
from paygate.psp.adyen.statement import FORMATS, ZONES
from paygate.psp.events import Irrelevant, Item, StatementReady
from paygate.psp.gateway import Approved, Gateway
from paygate.psp.registry import formats
from paygate.psp.statements import Offered, StatementDesk, StatementUnavailable
from paygate.reconciliation.reading import Refused
from simulators import run
from tests.psp_contract.conftest import authorize, capture, configuration, refund
from tests.psp_contract.puppet import DIES, Puppet, nobody, puppet, reply
from tests.psp_contract.statements import identity_of, rows_of, sample

[FORMAT] = FORMATS
REPORT = "adyen_settlement_detail_report_batch_134.csv"
CLASSIC = "adyen_settlement_detail_report_batch_134.classic30.csv"
BATCH = "AcmeEcomEU:134"

pytestmark = pytest.mark.usefixtures("db")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def report(*changes: dict[str, str], name: str = CLASSIC) -> bytes:
    """The sample's first line once for each of the changes; a heading that it has not is added."""
    [first, *_] = csv.DictReader(io.StringIO(sample(name).decode()))
    names = list(dict.fromkeys([*first, *(heading for change in changes for heading in change)]))
    text = io.StringIO()
    lines = csv.DictWriter(text, names, restval="")
    lines.writeheader()
    lines.writerows({**first, **change} for change in changes)
    return text.getvalue().encode()


def line(changes: dict[str, str]) -> dict[str, Any]:
    """What that line is read as."""
    [read] = rows_of(FORMAT, report(changes))
    return read


def column(read: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in read]


# --------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("name", [REPORT, CLASSIC])
def test_the_sample_is_read_line_by_line(name: str) -> None:
    read = rows_of(FORMAT, sample(name))

    captures = [f"QFQTPCQ8HXSKGK{number}" for number in (82, 83, 84, 85, 86)]
    assert column(read[:10], "kind", "reference", "object") == [
        *[("capture", each, each) for each in captures],
        ("refund", "RFQTPCQ8HXSKGK87", "RFQTPCQ8HXSKGK87"),
        ("chargeback", "DZ4DPSHB4WD2WN82", "DZ4DPSHB4WD2WN82:CHARGEBACK"),
        ("chargeback_reversed", "DZ4DPSHB4WD2WN83", "DZ4DPSHB4WD2WN83:CHARGEBACK_REVERSED"),
        ("refund_reversed", "RFQTPCQ8HXSKGK88", "RFQTPCQ8HXSKGK88"),
        ("capture", "QFQTPCQ8HXSKGK89", "QFQTPCQ8HXSKGK89"),
    ]
    assert column(read[10:], "kind", "reference", "object") == [
        ("fee", "AcmeEcomEU:134:Fee:11", ""),
        ("fee", "AcmeEcomEU:134:InvoiceDeduction:12", ""),
        ("other", "AcmeEcomEU:134:DepositCorrection:13", ""),
        ("settlement", "AcmeEcomEU:134:MerchantPayout:14", ""),
    ]
    assert [row["payment"][:5] for row in read] == [
        *("NC6HT", "MC6HT", "ID6HT", "NC6HT", "NC6HT", "NC6HT"),
        *("NC5HT", "NC4HT", "NC3HT", "MC7HT", "", "", "", ""),
    ]
    assert {(row["account"], row["batch"], row["billed"]) for row in read} == {
        ("AcmeEcomEU", BATCH, 0)
    }


@pytest.mark.parametrize("name", [REPORT, CLASSIC])
def test_what_is_settled_less_the_fee_is_what_is_paid(name: str) -> None:
    read = rows_of(FORMAT, sample(name))
    amounts = ("currency", "gross", "settled_currency", "settled_gross", "fee", "net")
    assert column(read, *amounts) == [
        ("EUR", 100_00, "EUR", 100_00, 92, 99_08),
        ("GBP", 80_00, "EUR", 93_60, 99, 92_61),
        ("EUR", 25_00, "EUR", 25_00, 29, 24_71),
        ("EUR", 40_00, "EUR", 40_00, 37, 39_63),
        ("EUR", 20_00, "EUR", 20_00, 21, 19_79),
        ("EUR", -30_00, "EUR", -30_00, 10, -30_10),
        ("EUR", -45_00, "EUR", -45_00, 15_00, -60_00),
        ("EUR", 45_00, "EUR", 45_00, 10, 44_90),
        ("EUR", 12_00, "EUR", 12_00, 0, 12_00),
        ("INR", 10_00, "EUR", 11, 14, -3),  # The fees are more than was taken.
        ("EUR", 0, "EUR", 0, 3_20, -3_20),
        ("EUR", 0, "EUR", 0, 1_10, -1_10),
        ("EUR", -10_00, "EUR", -10_00, 0, -10_00),
        ("EUR", -228_29, "EUR", -228_29, 0, -228_29),
    ]
    assert sum(row["net"] for row in read) == 0
    rates = {row["row"]: row["rate"] for row in read if row["rate"] is not None}
    assert rates == {2: Decimal("1.17"), 10: Decimal("0.011")}


def test_its_times_are_those_of_amsterdam() -> None:
    read = rows_of(FORMAT, sample(REPORT))
    assert read[0]["booked_at"] == utc("2026-11-03 09:20:00")
    assert read[-1]["booked_at"] == utc("2026-11-05 23:10:00")


def test_columns_may_stand_anywhere_and_there_may_be_more() -> None:
    lines = list(csv.reader(io.StringIO(sample(REPORT).decode())))
    turned = io.StringIO()
    csv.writer(turned).writerows(["new", *reversed(cells)] for cells in lines)
    assert rows_of(FORMAT, turned.getvalue().encode()) == rows_of(FORMAT, sample(REPORT))


def test_gross_in_the_wrong_column_goes_the_way_of_what_is_paid() -> None:
    swapped = {"Gross Debit (GC)": "100.00", "Gross Credit (GC)": ""}
    assert line(swapped)["gross"] == 100_00
    refunded = {"Type": "Refunded", "Net Debit (NC)": "100.92", "Net Credit (NC)": ""}
    assert line(refunded)["gross"] == -100_00
    nothing = {"Net Credit (NC)": "", "Net Debit (NC)": "0.92", "Gross Credit (GC)": "0.00"}
    assert (line(nothing)["gross"], line(nothing)["fee"]) == (0, 92)


def test_each_capture_of_a_payment_is_a_line_and_the_payments_own_where_none_is_named() -> None:
    at_once = line({"Modification Reference": ""})
    assert (at_once["object"], at_once["reference"]) == ("NC6HT9CRT65ZGN82",) * 2
    first, again, back = rows_of(
        FORMAT,
        report(
            {}, {}, {"Type": "SettledReversed", "Net Debit (NC)": "99.08", "Net Credit (NC)": ""}
        ),
    )
    assert (first["kind"], first["reference"]) == (again["kind"], again["reference"])
    assert (back["kind"], back["reference"]) == ("capture_reversed", first["reference"])


def test_a_second_chargeback_is_another_line_of_the_same_dispute() -> None:
    taken = {"Net Debit (NC)": "100.92", "Net Credit (NC)": "", "Modification Reference": "DZ1"}
    first, second, other = rows_of(
        FORMAT,
        report(
            {**taken, "Type": "Chargeback"},
            {**taken, "Type": "SecondChargeback"},
            {**taken, "Type": "Chargeback", "Dispute Reference": "DZ2"},
        ),
    )
    assert column([first, second], "kind", "reference", "object") == [
        ("chargeback", "DZ1", "DZ1:CHARGEBACK"),
        ("chargeback", "DZ1:SecondChargeback", "DZ1:SECOND_CHARGEBACK"),
    ]
    assert other["object"] == "DZ2:CHARGEBACK"


@pytest.mark.parametrize(
    ("debit", "credit", "kind", "amount"),
    [("4.00", "", "payout", -4_00), ("", "4.00", "payout_returned", 4_00)],
)
def test_a_transfer_of_ours_is_a_payout_and_any_other_is_not(
    debit: str, credit: str, kind: str, amount: int
) -> None:
    moved = {
        **dict.fromkeys(("Psp Reference", "Merchant Reference", "Gross Currency"), ""),
        **dict.fromkeys(("Gross Credit (GC)", "Exchange Rate", "Markup (NC)"), ""),
        **dict.fromkeys(("Scheme Fees (NC)", "Interchange (NC)"), ""),
        "Type": "Balancetransfer",
        "Modification Reference": "1W1UG35U8A9J5ZLG",
        "Net Debit (NC)": debit,
        "Net Credit (NC)": credit,
    }
    ours = line({**moved, "Modification Merchant Reference": "po_01"})
    assert (ours["kind"], ours["object"], ours["ours"]) == (kind, "1W1UG35U8A9J5ZLG", "po_01")
    assert (ours["gross"], ours["net"], ours["currency"]) == (amount, amount, "EUR")
    theirs = line({**moved, "Modification Merchant Reference": "carried over"})
    assert (theirs["kind"], theirs["object"], theirs["net"]) == ("other", "", amount)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("SettledBulk", "capture"),
        (" settled ", "capture"),
        ("MerchantPayin", "settlement"),
        ("PaymentCost", "fee"),
        ("MiscCosts", "fee"),
        ("SettledExternally", "other"),
        ("ReserveAdjustment", "other"),
        ("quantum_levy", "other"),
        ("", "other"),
    ],
)
def test_a_type_that_nobody_knows_is_other(type_: str, kind: str) -> None:
    read = line({"Type": type_})
    assert (read["kind"], read["net"]) == (kind, 99_08)


def test_what_is_of_no_payment_is_never_taken_for_a_line_that_was_there_before() -> None:
    fee = {"Type": "Fee", "Psp Reference": "", "Modification Reference": "Transaction Fees"}
    names = {row["reference"] for row in rows_of(FORMAT, report(fee, fee))}
    assert names == {"AcmeEcomEU:134:Fee:1", "AcmeEcomEU:134:Fee:2"}
    cost = {"Type": "PaymentCost", "Modification Reference": "NC6HT9CRT65ZGN82"}
    assert line(cost)["reference"] == "AcmeEcomEU:134:PaymentCost:1"
    unknown = {"Type": "quantum_levy", "Modification Reference": "QFQTPCQ8HXSKGK99"}
    assert line(unknown)["reference"] == "QFQTPCQ8HXSKGK99"


@pytest.mark.parametrize(
    ("modification", "merchant", "ours"),
    [
        ("att_01", "pay_01", "att_01"),
        ("re_01", "pay_01", "re_01"),
        ("0990", "pay_01", "pay_01"),
        ("pay_01", "pay_01", "pay_01"),
        ("", "1001", ""),
        ("prepay_1", "attic", ""),
    ],
)
def test_our_own_name_is_known_by_its_form(modification: str, merchant: str, ours: str) -> None:
    names = {"Modification Merchant Reference": modification, "Merchant Reference": merchant}
    assert line(names)["ours"] == ours


@pytest.mark.parametrize("damaged", ["1.2302025304E+022", "8515131751004933.0"])
def test_a_reference_that_a_spreadsheet_has_spoilt_is_not_guessed(damaged: str) -> None:
    read = line({"Modification Reference": damaged, "Merchant Reference": "990.0"})
    assert (read["object"], read["ours"]) == (damaged, "")


# ------------------------------------------------------------------------------------------- its times


@pytest.mark.parametrize(
    ("said", "zone", "at"),
    [
        ("2026-11-03 10:20:00", "CET", "2026-11-03 09:20:00"),
        ("2026-06-03 10:20:00", "CET", "2026-06-03 08:20:00"),  # As people mean it.
        ("2026-06-03 10:20:00", "CEST", "2026-06-03 08:20:00"),
        ("2026-10-25 02:30:00", "CEST", "2026-10-25 00:30:00"),  # That hour comes twice.
        ("2026-10-25 02:30:00", "CET", "2026-10-25 01:30:00"),
        ("2026-06-03 10:20:00", "BST", "2026-06-03 09:20:00"),
        ("2026-06-03 10:20:00", "PST", "2026-06-03 17:20:00"),
        ("2026-01-03 10:20:00", "PST", "2026-01-03 18:20:00"),
        ("2026-01-03 10:20:00", " pst", "2026-01-03 18:20:00"),
        ("2026-01-03 10:20:00", "AEDT", "2026-01-02 23:20:00"),
        ("2026-01-03 10:20:00", "GMT", "2026-01-03 10:20:00"),
        ("2026-01-03 10:20:00", "MARS", "2026-01-03 10:20:00"),
        ("2026-01-03 10:20:00", "", "2026-01-03 10:20:00"),
    ],
)
def test_a_zones_name_means_the_clocks_there(said: str, zone: str, at: str) -> None:
    assert line({"Creation Date": said, "TimeZone": zone})["booked_at"] == utc(at)


@pytest.mark.parametrize("zone", sorted(set(ZONES.values())))
def test_postgresql_knows_each_of_the_zones(zone: str) -> None:
    [name] = [name for name, known in ZONES.items() if known == zone][:1]
    assert line({"TimeZone": name})["booked_at"].tzinfo is not None


def test_what_was_booked_counts_more_than_what_was_asked_for() -> None:
    dates = {"Booking Date": "2026-11-04 01:00:00", "Booking Date TimeZone": "PST"}
    assert line(dates)["booked_at"] == utc("2026-11-04 09:00:00")
    assert line({**dates, "Booking Date TimeZone": ""})["booked_at"] == utc("2026-11-04 00:00:00")


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"Net Credit (NC)": "1,099.08"}, "net is '1,099.08'"),
        ({"Net Credit (NC)": "9908e-2"}, "net is '9908e-2'"),
        ({"Net Credit (NC)": "NaN"}, "net is 'NaN'"),
        ({"Net Credit (NC)": "99.08.1"}, "99.08.1"),
        ({"Markup (NC)": "none"}, "fee is 'none 0.12 0.20'"),
        ({"Gross Credit (GC)": "€100"}, "gross is '€100'"),
        ({"Exchange Rate": "1:1"}, "rate is '1:1'"),
        ({"Interchange (NC)": "0.205"}, "more decimals"),
        ({"Net Currency": "EURO"}, "'EURO'"),
        ({"Creation Date": "03/11/2026"}, "03/11/2026"),
    ],
)
def test_what_is_no_number_or_no_date_refuses_the_file(
    changes: dict[str, str], because: str
) -> None:
    with pytest.raises(Refused) as refused:
        rows_of(FORMAT, report({}, changes))
    assert refused.value.row == 2
    assert because in refused.value.because


def test_a_file_without_a_column_for_fees_is_none_of_these() -> None:
    with pytest.raises(Refused):
        rows_of(FORMAT, sample(CLASSIC).replace(b"Scheme Fees (NC)", b"Scheme Fees (XX)"))


def test_a_blank_line_is_none() -> None:
    blank = dict.fromkeys(next(csv.reader(io.StringIO(sample(CLASSIC).decode()))), "")
    [read] = rows_of(FORMAT, report(blank, {}))
    assert read["row"] == 2


def test_a_file_is_a_version_of_the_batches_that_it_says_are_paid() -> None:
    assert identity_of(FORMAT, sample(REPORT)) == "AcmeEcomEU batch 134"
    paid = {"Type": "MerchantPayout"}
    strange = {"Merchant Account": "AcmeEcomUS"}
    assert identity_of(FORMAT, report({}, strange, paid)) == "AcmeEcomEU batch 134"
    assert identity_of(FORMAT, report({}, paid, {**paid, "Batch Number": "135"})) == (
        "AcmeEcomEU batch 134, AcmeEcomEU batch 135"
    )
    assert identity_of(FORMAT, report({})) == "AcmeEcomEU batch 134"
    assert identity_of(FORMAT, report()) == ""


def test_its_account_is_the_one_that_is_configured() -> None:
    assert formats("adyen") == FORMATS
    assert FORMAT.accounts(configuration("adyen", "")) == {"PaygateECOM"}


# --------------------------------------------------------------------------------- how it is announced


def announced(**changes: Any) -> Any:
    payload = {
        "eventCode": "REPORT_AVAILABLE",
        "pspReference": REPORT.removeprefix("adyen_"),
        "reason": "https://evil.example/report.csv",
        "success": "true",
        **changes,
    }
    return webhook.translate(
        Item(key="1", kind="REPORT_AVAILABLE", at=utc("2026-11-06"), payload=payload)
    )


def test_a_report_is_known_by_its_name_which_is_signed_and_not_by_its_address() -> None:
    name = "settlement_detail_report_batch_134.csv"
    assert announced() == StatementReady(name=name, where=name)


@pytest.mark.parametrize(
    "changes",
    [
        {"pspReference": "payments_accounting_report_2026_11_05.csv"},
        {"pspReference": "settlement_detail_report_batch_134.xlsx"},
        {"pspReference": "settlement_detail_report/../../x.csv"},
        {"success": "false"},
    ],
)
def test_all_other_reports_are_not_read(changes: dict[str, str]) -> None:
    assert isinstance(announced(**changes), Irrelevant)


# ------------------------------------------------------------------------------------- fetching it


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One of this module's own, far from midnight."""
    with run.start("adyen", folder=tmp_path_factory.mktemp("adyen")) as started:
        begun = datetime.fromisoformat(started.clock())
        noon = begun.replace(hour=12, minute=0) + timedelta(days=1)
        started.clock(advance=(noon - begun).total_seconds())
        yield started


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def desk_at(url: str, **more: Any) -> StatementDesk:
    mode = {**configuration("adyen", url), "reports_api_key": "AQE_reports", **more}
    return cast("StatementDesk", make(mode))


OFFERED = Offered("a.csv", "settlement_detail_report_batch_1.csv")


def fetched(desk: StatementDesk, where: str = OFFERED.where) -> bytes:
    pieces = desk.fetch_statement(Offered(where, where))
    assert pieces is not None
    return b"".join(pieces)


def test_nothing_is_ordered_as_adyen_tells_by_itself() -> None:
    assert desk_at("http://psp.invalid").order_statements(date(2026, 11, 5)) == []


def test_what_the_simulator_publishes_is_fetched_and_read(simulator: run.Simulator) -> None:
    desk = desk_at(simulator.url)
    asked = authorize("adyen")
    send = cast("Gateway", desk).send
    held = send(asked)
    assert isinstance(held, Approved)
    part = capture(asked, held.psp_reference, asked.amount)
    taken = send(part)
    assert isinstance(taken, Approved)
    back = refund(asked, held.psp_reference, asked.amount)
    given = send(back)
    simulator.clock(advance=2.0)
    simulator.act("price", basis_points=129, fixed=10)

    name = simulator.act("cut")["id"]
    content = fetched(desk, name)

    assert content == simulator.statement(name)
    captured, refunded = rows_of(FORMAT, content)[:2]
    assert (captured["kind"], captured["object"]) == ("capture", taken.psp_reference)
    assert (captured["payment"], captured["ours"]) == (held.psp_reference, part.key)
    assert (captured["gross"], captured["fee"]) == (asked.amount.minor, 23)
    assert (refunded["kind"], refunded["ours"]) == ("refund", back.refund)
    assert refunded["object"] == getattr(given, "psp_reference", None)
    assert abs(captured["booked_at"] - datetime.fromisoformat(simulator.clock())) < timedelta(
        minutes=1
    )


def test_a_dispute_and_a_payout_are_named_as_our_books_name_them(simulator: run.Simulator) -> None:
    desk = desk_at(simulator.url)
    asked = authorize("adyen", capture=True)
    cast("Gateway", desk).send(asked)
    case = simulator.act("dispute", payment=asked.payment)["id"]
    simulator.act("decide", dispute=case, outcome="won")
    simulator.act("escalate", dispute=case)

    read = rows_of(FORMAT, fetched(desk, simulator.act("cut")["id"]))

    disputed = [row for row in read if row["object"].startswith(case)]
    assert column(disputed, "kind", "object", "reference") == [
        ("chargeback", f"{case}:CHARGEBACK", case),
        ("chargeback_reversed", f"{case}:CHARGEBACK_REVERSED", case),
        ("chargeback", f"{case}:SECOND_CHARGEBACK", f"{case}:SecondChargeback"),
    ]
    assert sum(row["net"] for row in read) == 0


def test_it_is_asked_for_by_the_report_user_at_the_place_that_is_configured(
    strings: Puppet,
) -> None:
    strings.says(200, "a,b\n1,2\n")
    desk = desk_at("http://psp.invalid", reports_base=f"{strings.url}/")

    assert fetched(desk, "../x y.csv") == b"a,b\n1,2\n"

    head = strings.asked[0].decode()
    assert head.startswith("GET /reports/download/MerchantAccount/PaygateECOM/..%2Fx%20y.csv ")
    assert "x-api-key: AQE_reports" in head


def test_it_is_not_looked_for_elsewhere(strings: Puppet) -> None:
    with puppet() as elsewhere:
        strings.says(302, "", Location=f"{elsewhere.url}/x.csv")
        with pytest.raises(StatementUnavailable, match="302"):
            fetched(desk_at(strings.url))
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "answers",
    [
        [reply(401, "")],
        [reply(404, "")],
        [reply(503, "")],
        [DIES],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\na,b\n"],
        [b"no HTTP at all\r\n\r\n"],
    ],
)
def test_what_is_not_given_or_not_all_of_it_is_unavailable(
    strings: Puppet, answers: list[bytes]
) -> None:
    strings.answers = answers
    if b"99" in answers[0]:
        strings.answers = [*answers, DIES]
    with pytest.raises(StatementUnavailable):
        fetched(desk_at(strings.url, download_timeout=0.5))


def test_a_file_that_trickles_in_is_given_up(strings: Puppet) -> None:
    strings.says(200, "x" * 200)
    strings.pause = 0.02
    with pytest.raises(StatementUnavailable):
        fetched(desk_at(strings.url, download_timeout=0.5))


def test_where_nobody_answers_it_is_unavailable() -> None:
    with pytest.raises(StatementUnavailable):
        fetched(desk_at(nobody()))
