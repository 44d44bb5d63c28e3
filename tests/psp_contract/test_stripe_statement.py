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

from kernel.money import Money
from paygate.psp.events import Irrelevant, Item, StatementReady, Unreadable
from paygate.psp.gateway import Approved
from paygate.psp.registry import formats
from paygate.psp.statements import Offered, StatementUnavailable
from paygate.psp.stripe import reports, statement
from paygate.psp.stripe.calls import insist
from paygate.psp.stripe.webhook import translate
from simulators import run
from simulators.faults import LOOKUP
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


def test_a_capture_goes_by_the_payment_whether_it_was_made_apart_or_at_once() -> None:
    apart = {"payment_metadata[attempt]": "att_1", "payment_metadata[capture]": "att_2"}
    rows = read(sheet(apart, {"payment_metadata[attempt]": "att_1"}))
    assert of(rows, "object", "payment", "ours") == [
        ("pi_1", "pi_1", "att_2"),
        ("pi_1", "pi_1", "att_1"),
    ]


def test_a_transfer_goes_by_our_payout() -> None:
    transfer = {
        "reporting_category": "transfer",
        "source_id": "tr_1",
        "payment_intent_id": "",
        "gross": "-4.00",
        "fee": "0.00",
        "net": "-4.00",
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


# ----------------------------------------------------------------------------------- conversions


def converted(*amounts: tuple[str, str]) -> str:
    """Charges in pounds, settled in euros, without a fee."""
    return sheet(
        *(
            {
                "customer_facing_amount": pounds,
                "customer_facing_currency": "gbp",
                "gross": euros,
                "fee": "0.00",
                "net": euros,
            }
            for pounds, euros in amounts
        )
    )


def test_rows_that_were_converted_alike_tell_the_rate_among_themselves() -> None:
    rows = read(converted(("80.00", "93.60"), ("10.01", "11.71"), ("-0.50", "-0.59")))
    assert of(rows, "currency", "settled_currency") == [("GBP", "EUR")] * 3
    assert [row["rate"] for row in rows] == [Decimal("1.17")] * 3


@pytest.mark.parametrize("wrong", ["93.61", "93.59"])
def test_a_row_that_is_off_by_a_cent_is_known_by_the_others(wrong: str) -> None:
    right = [("60.00", "70.20"), ("50.00", "58.50"), ("40.03", "46.84"), ("33.33", "39.00")]
    first, *_ = read(converted(("80.00", wrong), *right))
    assert first["rate"] == Decimal("1.17")  # And does not give what it says.


def test_a_longer_rate_that_fits_what_is_wrong_as_well_is_not_taken_for_the_rate() -> None:
    small = [("20.00", "23.47"), ("10.00", "11.73"), ("5.00", "5.87"), ("3.00", "3.52")]
    wrong = [("299.81", "351.79"), ("250.00", "293.29")]  # 351.797, 293.35
    rows = read(converted(*wrong, ("180.00", "211.21"), *small))
    assert {row["rate"] for row in rows} == {Decimal("1.1734"), None}  # And not 1.17338.


def test_where_each_row_has_its_own_rate_none_is_told() -> None:
    rows = read(converted(("80.00", "93.60"), ("50.00", "59.35"), ("70.00", "81.13")))
    assert [row["rate"] for row in rows] == [None] * 3


def test_a_row_with_a_rate_of_its_own_is_held_against_no_other() -> None:
    alike = [("60.00", "70.20"), ("50.00", "58.50"), ("40.03", "46.84"), ("33.33", "39.00")]
    *_, other = read(converted(*alike, ("20.00", "23.60")))
    assert other["rate"] is None


def test_two_rows_are_too_few_to_tell_a_rate() -> None:
    assert [row["rate"] for row in read(converted(("80.00", "93.60"), ("50.00", "58.50")))] == [
        *(None, None)
    ]


# ------------------------------------------------------------------------- ordered, told, fetched


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """A Stripe of these tests alone: they let days pass."""
    with run.start("stripe", folder=tmp_path_factory.mktemp("stripe")) as started:
        yield started


@pytest.fixture
def desk(own: run.Simulator) -> Iterator[Any]:
    yield adapter("stripe", own.url)
    own.faults()


@pytest.fixture
def yesterday(own: run.Simulator) -> Callable[[], date]:
    """The day that is over at Stripe, after one more has passed."""

    def pass_() -> date:
        own.clock(advance=DAY)
        return datetime.fromisoformat(own.clock()).date() - timedelta(days=1)

    return pass_


def fetched(own: run.Simulator, desk: Any, offered: Offered) -> bytes:
    own.clock(advance=5)
    pieces = desk.fetch_statement(offered)
    assert pieces is not None
    return b"".join(pieces)


def test_what_a_day_paid_is_ordered_waited_for_and_fetched(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    own.act("price", basis_points=140, fixed=25)
    at_once = authorize("stripe", Money(10_00, "EUR"), capture=True)
    taken = desk.send(at_once)
    assert isinstance(taken, Approved)
    apart = authorize("stripe", Money(20_00, "EUR"))
    held = desk.send(apart)
    assert isinstance(held, Approved)
    first = capture(apart, held.psp_reference, Money(5_00, "EUR"), final=False)
    last = capture(apart, held.psp_reference, Money(15_00, "EUR"), before=5_00)
    for part in (first, last):
        assert isinstance(desk.send(part), Approved)
    back = refund(at_once, taken.psp_reference, Money(4_00, "EUR"))
    given = desk.send(back)
    assert isinstance(given, Approved)
    own.act("dispute", payment=apart.payment)
    disputed = desk.cases_since(datetime(2020, 1, 1, tzinfo=UTC))[0].movements[0]
    own.clock(advance=DAY)  # Midnight pays it,

    lines, paid = desk.order_statements(yesterday())  # ... and the day of that midnight is over.
    assert desk.fetch_statement(lines) is None  # Not yet.
    rows = read(fetched(own, desk, lines))
    by_kind = {row["kind"]: row for row in rows if row["kind"] != "capture"}
    captures = {row["object"]: row for row in rows if row["kind"] == "capture"}

    assert captures.keys() == {taken.psp_reference, held.psp_reference}
    assert (captures[taken.psp_reference]["ours"], captures[held.psp_reference]["ours"]) == (
        *(at_once.key, last.key),
    )
    assert captures[held.psp_reference]["gross"] == 20_00  # In two parts, and one row.
    assert captures[taken.psp_reference]["fee"] == 14 + 25
    assert (by_kind["refund"]["object"], by_kind["refund"]["ours"]) == (
        *(given.psp_reference, back.refund),
    )
    assert (by_kind["chargeback"]["object"], by_kind["chargeback"]["fee"]) == (
        *(disputed.id, disputed.fee.minor),
    )
    assert {row["payment"] for row in rows} == {taken.psp_reference, held.psp_reference}

    [settlement] = read(fetched(own, desk, paid))
    assert (settlement["kind"], {row["batch"] for row in rows}) == (
        *("settlement", {settlement["batch"]}),
    )
    assert settlement["net"] == -sum(row["net"] for row in rows)
    booked = [e for e in own.books()["entries"] if e["payment"] == settlement["batch"]]
    assert [(e["kind"], e["amount"]) for e in booked] == [("settled", -settlement["net"])]
    assert own.books()["totals"]["EUR"]["processing_fee"] == sum(
        row["fee"] for row in captures.values()
    )


def test_asked_again_nothing_is_doubled(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    day = yesterday()
    once = desk.order_statements(day)
    assert desk.order_statements(day) == once
    assert [offered.name for offered in once] == [
        f"payout_reconciliation.itemized.5_{day}.csv",
        f"payouts.itemized.3_{day}.csv",
    ]


def test_a_quiet_day_is_a_file_without_rows(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    yesterday()
    offered, _ = desk.order_statements(yesterday())
    assert read(fetched(own, desk, offered)) == []


def test_a_day_that_is_not_over_cannot_be_had(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    today = yesterday() + timedelta(days=1)
    with pytest.raises(StatementUnavailable):
        desk.order_statements(today)


def test_that_a_day_could_not_be_had_is_not_for_ever(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe repeats under a key what it answered first."""
    today = yesterday() + timedelta(days=1)
    with pytest.raises(StatementUnavailable):
        desk.order_statements(today)
    assert yesterday() == today
    later = reports.wall() + timedelta(hours=1)
    monkeypatch.setattr(reports, "wall", lambda: later)
    offered, _ = desk.order_statements(today)
    assert fetched(own, desk, offered)


def test_a_run_that_failed_says_so_and_is_made_anew_when_it_is_ordered_again(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    yesterday()
    day = yesterday()
    own.act("fail_report")
    failed, _ = desk.order_statements(day)
    own.clock(advance=5)
    with pytest.raises(StatementUnavailable, match="failed"):
        desk.fetch_statement(failed)
    again, _ = desk.order_statements(day)
    assert (again.name, again.where != failed.where) == (failed.name, True)
    assert fetched(own, desk, again)


def test_a_server_error_under_the_key_of_an_order_is_not_for_ever(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    day = yesterday()
    own.faults(next=["error_after"])
    with pytest.raises(StatementUnavailable):
        desk.order_statements(day)
    offered, _ = desk.order_statements(day)
    assert fetched(own, desk, offered).startswith(b"automatic_payout_id,")


@pytest.mark.parametrize("fault", ["error_before", "malformed", "reset_before", "rate_limit"])
def test_whatever_stripe_has_it_is_asked_again(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date], fault: str
) -> None:
    offered, _ = desk.order_statements(yesterday())
    own.clock(advance=5)
    own.faults(next=[LOOKUP + fault])
    with pytest.raises(StatementUnavailable):
        desk.fetch_statement(offered)
    file = run_of(desk, offered)["result"]
    own.faults(next=[LOOKUP + fault])
    with pytest.raises(StatementUnavailable):
        b"".join(
            reports.Downloads(configuration("stripe", own.url)).open(file["url"], size=file["size"])
        )
    assert fetched(own, desk, offered)


def test_no_other_host_gets_our_key() -> None:
    theirs = {
        **configuration("stripe", "https://api.stripe.com"),
        "files_base": "https://files.stripe.com",
    }
    downloads = reports.Downloads(theirs)
    for address in (
        "https://files.stripe.com.example/v1/files/file_1/contents",
        "http://files.stripe.com/v1/files/file_1/contents",
        "https://files.stripe.com:8443/v1/files/file_1/contents",
        "https://files.stripe.com@example.org/",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ):
        with pytest.raises(StatementUnavailable, match="not at Stripe"):
            downloads.open(address)


def test_a_run_that_nobody_knows_is_not_available(desk: Any) -> None:
    with pytest.raises(StatementUnavailable, match="No such report run"):
        desk.fetch_statement(Offered("x.csv", "frr_nobody"))


# ----------------------------------------------------------------------------------------- told


def told(kind: str, about: dict[str, Any]) -> Item:
    payload = {"id": "evt_1", "type": kind, "data": {"object": about}}
    return Item(key="evt_1", kind=kind, at=datetime(2026, 11, 10, tzinfo=UTC), payload=payload)


def run_of(desk: Any, offered: Offered) -> dict[str, Any]:
    found: dict[str, Any] = desk._run(offered.where)
    return found


def test_the_run_that_we_ordered_is_told_by_the_name_that_it_was_ordered_by(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date]
) -> None:
    day = yesterday()
    ordered = desk.order_statements(day)
    own.clock(advance=5)
    for offered in ordered:
        said = translate(told("reporting.report_run.succeeded", run_of(desk, offered)))
        assert said == StatementReady(offered.name, offered.where)


@pytest.mark.parametrize(
    "part", [{"currency": "eur"}, {"columns": ["currency"]}, {"timezone": "Asia/Tokyo"}]
)
def test_a_run_of_somebody_else_does_not_pass_for_our_day(
    own: run.Simulator, desk: Any, yesterday: Callable[[], date], part: dict[str, Any]
) -> None:
    """A part of a day under the day's name would stand in for the whole of it."""
    offered, _ = desk.order_statements(yesterday())
    own.clock(advance=5)
    other = run_of(desk, offered)
    other["parameters"] |= part
    said = translate(told("reporting.report_run.succeeded", other))
    assert said == StatementReady(
        f"payout_reconciliation.itemized.5_{offered.where}.csv", offered.where
    )


def test_what_people_ran_there_can_be_read_as_well(own: run.Simulator, desk: Any) -> None:
    id_ = own.act("report", report_type="balance_change_from_activity.itemized.3")["id"]
    own.clock(advance=5)
    offered = Offered("x.csv", id_)
    said = translate(told("reporting.report_run.succeeded", run_of(desk, offered)))
    assert said == StatementReady(f"balance_change_from_activity.itemized.3_{id_}.csv", id_)
    with pytest.raises(
        StatementUnavailable, match="not at Stripe"
    ):  # The simulator has no name there.
        desk.fetch_statement(offered)


def test_other_reports_and_failed_ones_are_nothing_to_us() -> None:
    run = {"object": "reporting.report_run", "id": "frr_1", "report_type": "tax.itemized.2"}
    done = told("reporting.report_run.succeeded", {**run, "status": "succeeded"})
    failed = told("reporting.report_run.failed", {**run, "status": "failed"})
    assert isinstance(translate(done), Irrelevant)
    assert isinstance(translate(failed), Irrelevant)
    for nonsense in ({}, {**run, "id": ""}, {**run, "report_type": 7}):
        with pytest.raises(Unreadable):
            translate(told("reporting.report_run.succeeded", nonsense))
    odd = {**run, "report_type": reports.ORDERED[0], "status": "succeeded"}
    for parameters in (None, [], {"interval_start": 1 << 80}, {"interval_start": "x"}):
        said = translate(told("reporting.report_run.succeeded", {**odd, "parameters": parameters}))
        assert isinstance(said, StatementReady)


def test_the_payouts_to_our_own_bank_are_not_those_that_we_asked_for() -> None:
    paid = {"object": "payout", "id": PO, "amount": 148_69, "currency": "eur", "automatic": True}
    for kind in ("created", "updated", "paid", "failed"):
        event = told(f"payout.{kind}", {**paid, "status": "paid", "metadata": {}})
        assert isinstance(translate(event), Irrelevant)
    assert isinstance(translate(told("payout.reconciliation_completed", paid)), Irrelevant)


def test_an_order_gives_up_after_a_few_keys() -> None:
    keys = []

    def ask(key: str) -> None:
        keys.append(key)
        raise stripe.APIError("stored", headers={"Idempotent-Replayed": "true"})

    with pytest.raises(stripe.APIError):
        insist("key", ask)
    assert keys == ["key", "key-again1", "key-again2", "key-again3"]
