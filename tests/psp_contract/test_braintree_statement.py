"""Braintree's fee reports: read by heading and in their own signs, and fetched from Braintree's own hosts alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from kernel.money import Money
from paygate.psp.braintree import webhook
from paygate.psp.braintree.gateway import make
from paygate.psp.braintree.statement import FORMATS
from paygate.psp.events import Disbursed, Irrelevant, Item, Unreadable
from paygate.psp.gateway import Approved, Gateway
from paygate.psp.registry import formats
from paygate.psp.statements import Offered, StatementDesk, StatementUnavailable
from paygate.reconciliation.reading import Refused
from simulators import run
from tests.psp_contract.conftest import adapter, authorize, configuration
from tests.psp_contract.puppet import DIES, Puppet, nobody, puppet, reply
from tests.psp_contract.statements import identity_of, rows_of, sample

FLAT, ESTIMATED = FORMATS
REPORT = "braintree_transaction_level_fee_report_2026-11-07.csv"
INTERCHANGE = "braintree_transaction_level_interchange_fee_report_2026-11-07.csv"
BATCH = "acme_usd 2026-11-07"


def utc(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def report(*changes: dict[str, str], columns: dict[str, str] | None = None) -> bytes:
    """The sample's first line once for each of the changes; `columns` are added, or dropped where None."""
    [first, *_] = csv.DictReader(io.StringIO(sample(REPORT).decode()))
    text = io.StringIO()
    names = [*first, *(columns or {})]
    lines = csv.DictWriter(text, names)
    lines.writeheader()
    lines.writerows({**first, **(columns or {}), **change} for change in changes)
    return text.getvalue().encode()


def line(**changes: str) -> dict[str, Any]:
    """What that line is read as, with headings in place of spaces for underscores."""
    change = {name.replace("_", " "): value for name, value in changes.items()}
    [read] = rows_of(FLAT, report(change))
    return read


# --------------------------------------------------------------------------------------- what it says


@pytest.mark.usefixtures("db")
def test_the_sample_is_read_line_by_line() -> None:
    read = rows_of(FLAT, sample(REPORT))

    told = [
        (row["kind"], row["reference"], row["object"], row["payment"], row["ours"]) for row in read
    ]
    assert told == [
        ("capture", "bt000001:sale", "bt000001", "bt000001", ""),
        ("capture", "bt000002:sale", "bt000002", "bt000002", ""),
        ("capture", "bt000003:sale", "bt000003", "bt000003", ""),
        ("refund", "bt000004:credit", "bt000004", "bt000001", ""),
        ("chargeback", "bt000000:dispute debit:2026-11-06", "", "bt000000", ""),
        ("chargeback_reversed", "bt00000b:dispute credit:2026-11-06", "", "bt00000b", ""),
    ]
    amounts = [
        (
            row["currency"],
            row["gross"],
            row["settled_currency"],
            row["settled_gross"],
            row["billed"],
        )
        for row in read
    ]
    assert amounts == [
        ("USD", 100_00, "USD", 100_00, 3_08),
        ("EUR", 80_00, "USD", 86_40, 3_58),
        ("USD", 40_00, "USD", 40_00, 1_52),
        ("USD", -30_00, "USD", -30_00, 0),
        ("USD", -45_00, "USD", -45_00, 15_00),
        ("USD", 25_00, "USD", 25_00, 0),
    ]
    assert [row["rate"] for row in read] == [None, Decimal("1.08"), None, None, None, None]
    days = ["2026-11-05"] * 3 + ["2026-11-06"] * 3
    assert [row["booked_at"] for row in read] == [utc(day) for day in days]
    assert {row["account"] for row in read} == {"acme_usd"}
    assert {row["batch"] for row in read} == {BATCH}
    assert [row["row"] for row in read] == [1, 2, 3, 4, 5, 6]


@pytest.mark.usefixtures("db")
def test_what_is_paid_is_the_sum_of_all_lines_without_a_fee_taken_off() -> None:
    read = rows_of(FLAT, sample(REPORT))
    assert {row["fee"] for row in read} == {0}
    assert all(row["net"] == row["settled_gross"] for row in read)
    assert sum(row["net"] for row in read) == 176_40
    assert sum(row["billed"] for row in read) == 23_18


@pytest.mark.usefixtures("db")
def test_where_prices_are_interchange_plus_the_sum_is_an_estimate() -> None:
    [read] = rows_of(ESTIMATED, sample(INTERCHANGE))
    assert (read["kind"], read["object"], read["gross"]) == ("capture", "bt000001", 100_00)
    assert (read["fee"], read["billed"], read["batch"]) == (0, 2_40, BATCH)


@pytest.mark.usefixtures("db")
def test_the_newer_form_of_interchange_plus_has_dropped_the_estimate() -> None:
    newer = sample(INTERCHANGE).decode().replace("Est. ", "").replace("\n", ",{}\n")
    newer = newer.format("Total Scheme Fees", "0.11")
    with pytest.raises(Refused):
        rows_of(ESTIMATED, newer.encode())
    [read] = rows_of(FLAT, newer.encode())
    assert (read["gross"], read["billed"]) == (100_00, 2_40)


@pytest.mark.usefixtures("db")
def test_columns_may_stand_anywhere_and_there_may_be_more() -> None:
    lines = list(csv.reader(io.StringIO(sample(REPORT).decode())))
    turned = io.StringIO()
    csv.writer(turned).writerows(["new", *reversed(cells)] for cells in lines)
    assert rows_of(FLAT, turned.getvalue().encode()) == rows_of(FLAT, sample(REPORT))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("type_", "amount"),
    [
        ("adjustment", "-5.00"),
        ("", "5.00"),
        ("credit", "5.00"),
        ("dispute debit", "5.00"),
        ("sale", "-5.00"),
        ("dispute credit", "-5.00"),
    ],
)
def test_a_word_that_nobody_knows_or_with_the_wrong_sign_is_other(type_: str, amount: str) -> None:
    read = line(Transaction_Type=type_, Settlement_Amount=amount)
    assert read["kind"] == "other"
    assert read["net"] == int(Decimal(amount) * 100)
    assert read["description"] == type_


@pytest.mark.usefixtures("db")
def test_a_transaction_that_is_disputed_twice_has_two_lines_of_different_names() -> None:
    debit = {"Transaction Type": "Dispute Debit", "Settlement Amount": "-5.00"}
    first, again, same = rows_of(
        FLAT,
        report(
            {**debit, "Settlement Date": "2026-11-06"},
            {**debit, "Settlement Date": "2026-12-06"},
            {**debit, "Settlement Date": "2026-11-06"},
        ),
    )
    assert first["reference"] == "bt000001:dispute debit:2026-11-06" == same["reference"]
    assert again["reference"] == "bt000001:dispute debit:2026-12-06"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("order", "ours"),
    [
        ("pay_01", "pay_01"),
        ("re_01", "re_01"),
        ("att_01", "att_01"),
        ("1001", ""),
        ("prepay_1", ""),
        ("", ""),
    ],
)
def test_our_own_name_is_known_by_its_form(order: str, ours: str) -> None:
    assert line(Order_ID=order)["ours"] == ours


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("changes", "currency", "gross"),
    [
        ({"Settlement_Amount": "-14.44", "Exchange_Rate": "1.17"}, "GBP", -12_34),
        ({"Settlement_Amount": "-6.70", "Exchange_Rate": "0.0067"}, "JPY", -1000),
        ({"Settlement_Amount": "-3.26", "Exchange_Rate": "3.2600"}, "KWD", -1_000),
    ],
)
def test_what_was_given_back_in_another_currency_is_what_the_rate_makes_of_it(
    changes: dict[str, str], currency: str, gross: int
) -> None:
    read = line(Transaction_Type="credit", Presentment_Currency=currency, **changes)
    assert (read["kind"], read["currency"], read["gross"]) == ("refund", currency, gross)


@pytest.mark.usefixtures("db")
def test_a_currency_that_is_not_said_is_that_of_the_settlement() -> None:
    read = line(Presentment_Currency="", Settlement_Amount="99.00")
    assert (read["currency"], read["gross"], read["rate"]) == ("USD", 99_00, None)


@pytest.mark.usefixtures("db")
def test_a_line_without_a_settlement_date_is_of_the_day_that_pays_it() -> None:
    assert line(Settlement_Date="")["booked_at"] == utc("2026-11-07")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "changes",
    [
        {"Settlement_Amount": "1,000.00"},
        {"Settlement_Amount": ""},
        {"Presentment_Currency": "EUR", "Transaction_Type": "credit", "Exchange_Rate": "0.00"},
        {"Presentment_Currency": "EUR", "Transaction_Type": "credit", "Exchange_Rate": "n/a"},
        {"Settlement_Date": "11/05/2026"},
        {"Total_Fee_Amount": "free"},
        {"Total_Fee_Amount": "0.385"},
    ],
)
def test_what_is_no_number_or_no_date_refuses_the_file(changes: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        line(**changes)
    assert refused.value.row == 1


@pytest.mark.usefixtures("db")
def test_a_blank_line_is_none_and_a_fee_that_is_not_said_is_none() -> None:
    blank = dict.fromkeys(next(csv.reader(io.StringIO(sample(REPORT).decode()))), "")
    [read] = rows_of(FLAT, report(blank, {"Total Fee Amount": ""}))
    assert (read["row"], read["billed"]) == (2, 0)


@pytest.mark.usefixtures("db")
def test_a_report_is_a_version_of_an_accounts_day() -> None:
    assert identity_of(FLAT, sample(REPORT)) == BATCH
    strange = {"Merchant Account ID": "acme_usdOutlet"}
    assert identity_of(FLAT, report({}, {}, strange)) == BATCH
    assert identity_of(FLAT, report()) == ""


def test_its_accounts_are_those_that_are_configured() -> None:
    mode = configuration("braintree", "http://psp.invalid")
    assert formats("braintree") == FORMATS
    for format in FORMATS:
        assert {"paygate_usd", "paygate_jpy"} <= format.accounts(mode)


# ------------------------------------------------------------------------------------- fetching it


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One of this module's own, far from midnight."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("braintree")) as started:
        begun = datetime.fromisoformat(started.clock())
        noon = begun.replace(hour=12, minute=0) + timedelta(days=1)
        started.clock(advance=(noon - begun).total_seconds())
        yield started


@pytest.fixture
def desk(simulator: run.Simulator) -> StatementDesk:
    return desk_at(simulator.url)


def desk_at(url: str) -> StatementDesk:
    return cast("StatementDesk", adapter("braintree", url))


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


DAY = date(2026, 11, 7)
OFFERED = Offered("a.csv", "paygate_usd 2026-11-07")


def answer(url: Any) -> str:
    return json.dumps({"data": {"report": {"paymentLevelFees": {"url": url}}}})


def test_there_is_a_report_of_each_account_and_day(desk: StatementDesk) -> None:
    offered = desk.order_statements(DAY)
    assert Offered("transaction_level_fees_paygate_usd_2026-11-07.csv", OFFERED.where) in offered
    assert len({each.name for each in offered}) == len(offered) == 9
    assert desk.order_statements(DAY) == offered


@pytest.mark.usefixtures("db")
def test_what_the_simulator_publishes_is_fetched_and_read(
    simulator: run.Simulator, desk: StatementDesk
) -> None:
    asked = authorize("braintree", capture=True)
    taken = cast("Gateway", desk).send(asked)
    assert isinstance(taken, Approved)
    sale = taken.psp_reference
    simulator.act("settle", payment=asked.payment)
    simulator.act("refund", payment=asked.payment, amount=4_00)
    simulator.act("settle", payment=asked.payment)
    simulator.act("dispute", payment=asked.payment, amount=5_00)
    simulator.act("price", basis_points=129, fixed=10)
    batch = simulator.act("cut")["id"]
    account, _, day = batch.rpartition(" ")
    offers = {offer.where: offer for offer in desk.order_statements(date.fromisoformat(day))}

    pieces = desk.fetch_statement(offers[f"{account} {day}"])
    assert pieces is not None
    content = b"".join(pieces)

    assert content == simulator.statement(offers[batch].name)
    captured, refunded, disputed = rows_of(FLAT, content)
    assert (captured["kind"], captured["object"], captured["payment"]) == ("capture", sale, sale)
    assert (captured["net"], captured["billed"], captured["currency"]) == (10_00, 22, "EUR")
    assert captured["ours"] == asked.payment
    assert (refunded["kind"], refunded["payment"], refunded["net"]) == ("refund", sale, -4_00)
    assert (disputed["kind"], disputed["payment"], disputed["net"]) == ("chargeback", sale, -5_00)
    assert {row["batch"] for row in (captured, refunded, disputed)} == {batch}
    settled = [e for e in simulator.books()["entries"] if e["kind"] == "settled"][-1]
    assert (settled["payment"], settled["amount"], settled["currency"]) == (batch, 1_00, "EUR")


@pytest.mark.usefixtures("db")
def test_what_is_converted_and_what_comes_back_is_read_as_it_was_meant(
    simulator: run.Simulator, desk: StatementDesk
) -> None:
    simulator.act("settle_in", currency="GBP", **{"in": "EUR", "rate": "1.1700"})
    asked = authorize("braintree", Money(12_34, "GBP"), capture=True)
    assert isinstance(cast("Gateway", desk).send(asked), Approved)
    simulator.act("settle", payment=asked.payment)
    credit = simulator.act("refund", payment=asked.payment)["id"]
    simulator.act("settle", payment=asked.payment)
    batches = [simulator.act("cut")["id"]]
    simulator.act("fail_refund", payment=asked.payment)
    batches.append(simulator.act("cut")["id"])

    read = []
    for batch in batches:
        account, _, day = batch.rpartition(" ")
        name = f"transaction_level_fees_{account}_{day}.csv"
        read += rows_of(FLAT, simulator.statement(name))

    told = [(row["kind"], row["gross"], row["currency"], row["net"], row["rate"]) for row in read]
    rate = Decimal("1.17")
    assert told == [
        ("capture", 12_34, "GBP", 14_44, rate),
        ("refund", -12_34, "GBP", -14_44, rate),
        ("refund_reversed", 12_34, "GBP", 14_44, rate),
    ]
    assert {row["settled_currency"] for row in read} == {"EUR"}
    assert [row["object"] for row in read[1:]] == [credit, credit]
    assert len({row["reference"] for row in read}) == 3


def test_there_is_none_for_a_day_on_which_nothing_was_paid(desk: StatementDesk) -> None:
    assert desk.fetch_statement(OFFERED) is None


@pytest.mark.parametrize(
    "said", [answer(None), answer(""), json.dumps({"data": {"report": {"paymentLevelFees": None}}})]
)
def test_no_address_is_not_yet(strings: Puppet, said: str) -> None:
    strings.says(200, said)
    assert desk_at(strings.url).fetch_statement(OFFERED) is None


def test_an_account_that_is_not_ours_is_refused_in_words(desk: StatementDesk) -> None:
    with pytest.raises(StatementUnavailable, match="Invalid merchant account id: nobodys"):
        desk.fetch_statement(Offered("a.csv", "nobodys 2026-11-07"))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/report.csv",
        "http://127.0.0.1:1/report.csv",
        "ftp://127.0.0.1/report.csv",
        "http://[::1/report.csv",
        "{}@evil.example/",
        "/report.csv",
    ],
)
def test_a_report_lies_on_braintrees_own_hosts(strings: Puppet, address: str) -> None:
    strings.says(200, answer(address.format(strings.url)))
    with pytest.raises(StatementUnavailable, match="none of its"):
        desk_at(strings.url).fetch_statement(OFFERED)
    assert len(strings.asked) == 1


def test_where_reports_lie_can_be_configured(strings: Puppet) -> None:
    with puppet() as store:
        store.says(200, "Merchant Account ID\n")
        strings.says(200, answer(f"{store.url}/report.csv?signature=1"))
        mode = configuration("braintree", strings.url) | {"report_origins": [store.url]}
        pieces = make(mode).fetch_statement(OFFERED)
        assert pieces is not None
        assert b"".join(pieces) == b"Merchant Account ID\n"
        [asked] = store.asked
        assert b"authorization" not in asked.lower()


def test_a_report_that_is_elsewhere_now_is_not_followed(strings: Puppet) -> None:
    moved = reply(302, "", Location="http://127.0.0.1:1/other.csv")
    strings.answers = [reply(200, answer(f"{strings.url}/r")), moved]
    with pytest.raises(StatementUnavailable, match="302"):
        desk_at(strings.url).fetch_statement(OFFERED)


def test_a_report_that_breaks_off_is_none(strings: Puppet) -> None:
    half = reply(200, "x" * 1000)[:-500]
    strings.answers = [reply(200, answer(f"{strings.url}/r")), half, DIES]
    pieces = desk_at(strings.url).fetch_statement(OFFERED)
    assert pieces is not None
    with pytest.raises(StatementUnavailable):
        list(pieces)


@pytest.mark.parametrize(
    "said",
    [
        reply(500, ""),
        reply(401, ""),
        reply(200, "{}"),
        reply(200, "[1]"),
        reply(200, '{"data": {"report": null}}'),
        reply(200, "<html>"),
        reply(200, answer(5)),
        DIES,
    ],
)
def test_an_answer_that_is_none_is_asked_for_again_later(strings: Puppet, said: bytes) -> None:
    strings.answers = [said]
    with pytest.raises(StatementUnavailable):
        desk_at(strings.url).fetch_statement(OFFERED)


def test_nobody_there_is_asked_again_later() -> None:
    with pytest.raises(StatementUnavailable):
        desk_at(nobody()).fetch_statement(OFFERED)


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("api.sandbox.braintreegateway.com", "payments.sandbox.braintree-api.com"),
        ("api.braintreegateway.com", "payments.braintree-api.com"),
        ("braintree.example", "braintree.example"),
    ],
)
def test_braintrees_own_environments_have_another_host_for_graphql(api: str, graphql: str) -> None:
    made = make(configuration("braintree", f"https://{api}:443"))
    assert made._sdk.config.graphql_base_url() == f"https://{graphql}:443/graphql"


# ------------------------------------------------------------------------------------- being told


def paid(**changes: str) -> Item:
    """A disbursement as it is told, changed element by element."""
    said = {
        "transaction-ids": '<transaction-ids type="array"/>',
        "success": '<success type="boolean">true</success>',
        "merchant-account": "<merchant-account><id>paygate_jpy</id>"
        "<currency-iso-code>JPY</currency-iso-code></merchant-account>",
        "amount": "<amount>500</amount>",
        "disbursement-date": '<disbursement-date type="date">2026-11-07</disbursement-date>',
        "disbursement-type": "<disbursement-type>credit</disbursement-type>",
        **changes,
    }
    xml = "".join(said.values())
    subject = f"<subject><disbursement><id>1</id>{xml}</disbursement></subject>"
    at = utc("2026-11-08") + timedelta(hours=1)
    return Item("k", "disbursement", at, {"xml": f"<notification>{subject}</notification>"})


def test_what_is_paid_is_told_by_the_name_that_its_lines_have() -> None:
    told = webhook.translate(paid())
    assert told == Disbursed(
        "paygate_jpy 2026-11-07", Money(500, "JPY"), utc("2026-11-08") + timedelta(hours=1)
    )


@pytest.mark.parametrize("amount", ["500", "-500"])
def test_what_is_taken_is_below_zero(amount: str) -> None:
    debit = {"disbursement-type": "<disbursement-type>debit</disbursement-type>"}
    told = webhook.translate(paid(amount=f"<amount>{amount}</amount>", **debit))
    assert isinstance(told, Disbursed)
    assert told.amount == Money(-500, "JPY")


def test_what_did_not_arrive_is_no_news_and_is_told_again_when_it_does() -> None:
    failed = {
        "success": '<success type="boolean">false</success>',
        "exception-message": "<exception-message>bank_rejected</exception-message>",
    }
    told = webhook.translate(paid(**failed))
    assert isinstance(told, Irrelevant)
    assert "bank_rejected" in told.why


def test_what_goes_to_a_sub_merchant_is_not_ours() -> None:
    sub = (
        "<merchant-account><id>sub</id><currency-iso-code>JPY</currency-iso-code>"
        '<sub-merchant-account type="boolean">true</sub-merchant-account></merchant-account>'
    )
    assert isinstance(webhook.translate(paid(**{"merchant-account": sub})), Irrelevant)


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ("amount", "<amount>5.5</amount>"),
        ("amount", "<amount>much</amount>"),
        ("amount", ""),
        ("disbursement-type", "<disbursement-type>gift</disbursement-type>"),
        ("disbursement-date", "<disbursement-date>soon</disbursement-date>"),
        ("merchant-account", "<merchant-account><id>paygate_jpy</id></merchant-account>"),
        ("success", ""),
    ],
)
def test_a_disbursement_that_is_not_as_documented_is_unreadable(element: str, said: str) -> None:
    with pytest.raises(Unreadable):
        webhook.translate(paid(**{element: said}))
