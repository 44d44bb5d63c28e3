"""A month's statement: opening plus every line is closing, closing is the next opening, and what is over stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kernel.clock import wall
from kernel.ids import encode
from merchants.funds.months import SETTLING, Month, NoSuchMonth, period
from merchants.funds.shapes import StatementShape, StatementSummaryShape
from merchants.funds.statement import statement_of, statements_of
from merchants.funds.terms import agree_terms
from tests.balances.conftest import NOON, Book, new

pytestmark = pytest.mark.django_db

MARCH, APRIL, MAY = (datetime(2025, month, 10, 9, tzinfo=UTC) for month in (3, 4, 5))
EVER = datetime(2024, 1, 1, tzinfo=UTC)


def get(api, month, **query):
    reply = api.get(f"statements/{month}", query)
    assert reply.status_code == 200, reply.content
    assert reply["Content-Type"] == "application/json"
    return reply.json()


@pytest.fixture
def spring(book: Book) -> Book:
    """Two captures in March, nothing in April, a release, a refund and a payout in May."""
    book.written_at = MARCH
    book.capture(100_00, 3_20)
    book.capture(50_00, 1_75)
    book.written_at = MAY
    book.release(145_05, 14_50)
    book.refund(40_00)
    book.pay_out(60_00)
    return book


def test_opening_and_lines_are_closing(api, spring):
    march, may = get(api, "2025-03"), get(api, "2025-05")

    for month in (march, may):
        balance = month["opening"]["total"]
        for line in month["lines"]:
            balance += line["net"]
            assert line["balance"] == balance
            assert line["gross"] - line["fee"] == line["net"] == sum(line["changes"].values())
        assert month["closing"]["total"] == balance
        for name in ("pending", "available", "reserved", "disputed", "in_payouts"):
            changed = sum(line["changes"].get(name, 0) for line in month["lines"])
            assert month["closing"][name] == month["opening"][name] + changed
    assert march["opening"]["total"] == 0
    assert march["closing"] == may["opening"]
    assert march["closing"] == {
        "pending": 145_05,
        "available": 0,
        "reserved": 0,
        "disputed": 0,
        "in_payouts": 0,
        "total": 145_05,
    }
    assert may["closing"]["total"] == 45_05


def test_lines_are_summed_by_type(api, spring):
    march, may = get(api, "2025-03"), get(api, "2025-05")

    assert march["sums"] == [
        {"type": "payment.captured", "count": 2, "gross": 150_00, "fee": 4_95, "net": 145_05}
    ]
    assert {one["type"]: one["net"] for one in may["sums"]} == {
        "funds.available": 0,
        "refund.succeeded": -40_00,
        "payout.created": 0,
        "payout.sent": 0,
        "payout.paid": -60_00,
    }
    for month in (march, may):
        assert sum(one["net"] for one in month["sums"]) == (
            month["closing"]["total"] - month["opening"]["total"]
        )


def test_a_month_without_a_line_has_no_statement(api, spring):
    assert api.get("statements/2025-04").status_code == 404
    assert [one["id"] for one in api.get("statements").json()["data"]] == ["2025-05", "2025-03"]


def test_the_list_says_which_months_are_final(api, spring):
    spring.written_at = None
    spring.capture(100)
    current, may, march = api.get("statements").json()["data"]

    assert current["id"] == str(Month.of(wall()))
    assert (current["status"], may["status"], march["status"]) == ("preliminary", "final", "final")
    assert get(api, current["id"])["status"] == "preliminary"
    assert (may["currency"], may["time_zone"]) == ("USD", "UTC")
    assert (may["period_start"], may["period_end"]) == (
        "2025-05-01T00:00:00.000Z",
        "2025-06-01T00:00:00.000Z",
    )
    assert set(may) == set(StatementSummaryShape().fields)
    assert set(get(api, "2025-05")) == set(StatementShape().fields)


def test_a_month_is_final_an_hour_after_its_end(merchant, spring):
    end = datetime(2025, 6, 1, tzinfo=UTC)
    for moment, final in ((end + SETTLING - timedelta(seconds=1), False), (end + SETTLING, True)):
        [may, _] = statements_of(merchant.merchant.id, livemode=False, at=moment)
        assert may.final is final


def test_what_is_heard_of_late_stands_in_the_month_in_which_it_was_heard(api, spring):
    """It happened in March; the statement of March has been sent to an accountant."""
    march = get(api, "2025-03")
    spring.written_at = MAY + timedelta(days=1)
    late = spring.capture(10_00, at=MARCH)

    assert get(api, "2025-03") == march
    line = get(api, "2025-05")["lines"][-1]
    assert line["ledger_transaction"] == encode("txn", late.id)
    assert (line["created_at"], line["posted_at"]) == (
        "2025-03-10T09:00:00.000Z",
        "2025-05-11T09:00:00.000Z",
    )


def test_a_line_names_the_payment_it_is_about(api):
    payment = api.pay(psp="stripe").json()
    [one] = api.get("statements").json()["data"]

    assert [line["source"] for line in get(api, one["id"])["lines"]] == [payment["id"]]


def test_a_currency_is_asked_for_where_there_are_several(api, book):
    book.written_at = MARCH
    book.capture(500, currency="JPY")
    book.written_at = APRIL
    book.capture(100_00, currency="USD")
    book.capture(700, currency="JPY")
    book.written_at = MAY
    book.capture(100, currency="EUR")
    book.capture(100, currency="JPY")

    assert get(api, "2025-03")["currency"] == "JPY"  # The only one.
    assert get(api, "2025-04")["currency"] == "USD"  # The merchant's own.
    april = get(api, "2025-04", currency="JPY")
    assert (april["opening"]["total"], april["closing"]["total"]) == (500, 1_200)
    reply = api.get("statements/2025-05")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "currency")
    assert "EUR, JPY" in reply.json()["error"]["message"]
    assert api.get("statements/2025-05", {"currency": "USD"}).status_code == 404


def test_months_begin_where_the_merchant_is(api, merchant, book):
    agree_terms(merchant.merchant.id, effective_from=EVER, time_zone="Asia/Tokyo")
    midnight = datetime(2025, 3, 31, 15, tzinfo=UTC)  # In Tokyo.
    for book.written_at in (midnight - timedelta(seconds=1), midnight):
        book.capture(100)

    march, april = get(api, "2025-03"), get(api, "2025-04")
    assert len(march["lines"]) == len(april["lines"]) == 1
    assert march["period_end"] == april["period_start"] == "2025-03-31T15:00:00.000Z"
    assert march["time_zone"] == "Asia/Tokyo"
    assert march["closing"] == april["opening"]


def test_a_month_ends_when_the_next_begins_wherever_the_merchant_moved(merchant):
    """From Tokyo to Los Angeles in the middle of March: that month is sixteen hours longer."""
    agree_terms(merchant.merchant.id, effective_from=EVER, time_zone="Asia/Tokyo")
    agree_terms(merchant.merchant.id, effective_from=MARCH, time_zone="America/Los_Angeles")
    march, april = (period(merchant.merchant.id, Month(2025, number)) for number in (3, 4))

    assert march.since == datetime(2025, 2, 28, 15, tzinfo=UTC)
    assert march.until == april.since == datetime(2025, 4, 1, 7, tzinfo=UTC)


def test_terms_agreed_on_the_first_do_not_move_the_month_that_is_over(merchant):
    agree_terms(merchant.merchant.id, effective_from=EVER, time_zone="Pacific/Kiritimati")
    first = datetime(2025, 3, 31, 10, tzinfo=UTC)  # Midnight, fourteen hours east.
    before = period(merchant.merchant.id, Month(2025, 3))
    agree_terms(merchant.merchant.id, effective_from=first, time_zone="America/New_York")

    assert before.until == first
    assert period(merchant.merchant.id, Month(2025, 3)) == before


def test_december_is_followed_by_january():
    assert Month.read("2025-12").next == Month.read("2026-01")
    assert str(Month.read("2026-01")) == "2026-01"


@pytest.mark.parametrize(
    "text", ["2025-13", "2025-00", "2025-3", "1999-12", "202५-03", "2025-03\n", "", "pay_1", "x"]
)
def test_what_is_no_month_has_no_statement(text, api):
    with pytest.raises(NoSuchMonth):
        Month.read(text)
    if text and "\n" not in text:
        assert api.get(f"statements/{text}").status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"currency": "usd"}, "invalid_choice"),
        ({"format": "xls"}, "invalid_choice"),
        ({"format": ""}, "invalid_choice"),
        ({"curency": "USD"}, "unknown_parameter"),
    ],
)
def test_a_parameter_that_cannot_be_understood_is_refused(api, spring, query, code):
    reply = api.get("statements/2025-03", query)

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)


def test_a_list_takes_no_parameters(api):
    assert api.get("statements", {"limit": 1}).json()["error"]["code"] == "unknown_parameter"


def test_nobody_sees_the_month_of_another_merchant_or_mode(
    client_for, another_merchant, api, merchant, spring
):
    live = Book(merchant.merchant.id, livemode=True, written_at=APRIL)
    live.capture(100)

    assert api.get("statements/2025-04").status_code == 404
    theirs = client_for(another_merchant)
    assert theirs.get("statements/2025-03").status_code == 404
    assert theirs.get("statements").json()["data"] == []


def test_a_statement_is_read_some_lines_at_a_time(merchant, book, monkeypatch):
    """More than are fetched at once are the same lines, in the same order."""
    book.written_at = MARCH
    for minor in range(1, 8):
        book.capture(minor, source=new("att"))
    monkeypatch.setattr("ledger.statements.AT_ONCE", 3)
    march = statement_of(
        merchant.merchant.id, Month(2025, 3), livemode=False, currency=None, at=NOON
    )

    assert [line.transaction.net for line in march.lines()] == [1, 2, 3, 4, 5, 6, 7]
    assert march.closing["pending"] == 28
