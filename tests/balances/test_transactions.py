"""Every change of a merchant's balance: what it was about, what it was, and found however it is asked for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection

from kernel.ids import encode
from kernel.money import Money
from ledger import chart, handbook, statements
from ledger.recipes import fees, fx
from ledger.transaction import Transaction
from merchants.funds.own import BUCKETS, FEES, TYPES
from merchants.funds.shapes import BalanceTransactionShape
from tests.balances.conftest import NOON, Book, new
from tests.disputes.conftest import Case

pytestmark = pytest.mark.django_db


def listed(api, **query):
    reply = api.get("balance_transactions", {"limit": 100} | query)
    assert reply.status_code == 200, reply.content
    return reply.json()["data"]


def test_a_capture_is_about_its_payment_and_has_its_fee(api):
    payment = api.pay(psp="stripe").json()
    [line] = listed(api)

    assert line["type"] == "payment.captured"
    assert line["source"] == payment["id"]
    assert (line["gross"], line["fee"], line["net"]) == (1000, payment["fee"], payment["net"])
    assert line["changes"] == {"pending": payment["net"]}
    assert (line["currency"], line["livemode"]) == ("USD", False)
    assert set(line) == set(BalanceTransactionShape().fields)


def test_a_refund_and_a_dispute_are_about_themselves(api):
    payment = api.pay(psp="stripe").json()
    refund = api.post("refunds", {"payment": payment["id"], "amount": 100}).json()
    [line, _] = listed(api)

    assert (line["type"], line["source"]) == ("refund.succeeded", refund["id"])
    assert (line["gross"], line["fee"], line["net"]) == (-100, 0, -100)


def test_what_a_dispute_sets_aside_is_still_the_merchants(api, book):
    dispute = new("dp")
    book.dispute(20_00, 15_00, source=f"{dispute}:1")
    [line] = listed(api)

    assert line["source"] == dispute
    assert line["changes"] == {"available": -35_00, "disputed": 20_00}
    assert (line["gross"], line["fee"], line["net"]) == (0, 15_00, -15_00)


def test_a_release_moves_from_one_balance_to_others(api, book):
    book.capture(100_00)
    book.release(100_00, 10_00)
    line = listed(api)[0]

    assert line["changes"] == {"pending": -100_00, "available": 90_00, "reserved": 10_00}
    assert (line["net"], line["source"]) == (0, None)


def test_sending_a_payout_changes_nothing_of_the_merchants(api, book):
    """It is a line all the same: the payout moves on."""
    book.capture(100_00)
    book.release(100_00)
    payout = book.pay_out(60_00)
    lines = {line["type"]: line for line in listed(api, source=payout)}

    assert lines["payout.created"]["changes"] == {"available": -60_00, "in_payouts": 60_00}
    assert lines["payout.sent"]["changes"] == {}
    assert lines["payout.paid"]["changes"] == {"in_payouts": -60_00}
    assert lines["payout.paid"]["net"] == -60_00


def test_what_is_ours_or_the_psps_is_no_line(api, book):
    book.write(
        fees.psp_fee_charged(**book.whose, psp="stripe", source="txn_1", fee=Money(30, "USD"))
    )

    assert listed(api) == []


def converted(book: Book, of: Transaction) -> Transaction:
    return book.write(
        fx.converted(
            **book.whose,
            source=f"{of.kind}:{of.source}",
            account=chart.merchant_pending(),
            sold=Money(100_00, "EUR"),
            bought=Money(107_00, "USD"),
            value=Money(108_00, "USD"),
        )
    )


def test_a_conversion_is_two_lines_of_one_ledger_transaction(api, book):
    both = converted(book, book.capture(100_00, currency="EUR"))
    lines = listed(api, type="fx.converted")

    assert [(line["currency"], line["net"]) for line in lines] == [
        ("USD", 107_00),
        ("EUR", -100_00),
    ]
    assert len({line["id"] for line in lines}) == 2
    assert {line["ledger_transaction"] for line in lines} == {encode("txn", both.id)}
    for line in lines:
        assert api.get(f"balance_transactions/{line['id']}").json() == line


def test_one_is_found_by_its_own_id_and_by_the_books(api, book):
    posted = book.capture(100_00)
    [line] = listed(api)

    for id_ in (line["id"], encode("txn", posted.id)):
        assert api.get(f"balance_transactions/{id_}").json() == line


@pytest.mark.parametrize("id_", ["txn_", "x", "pay_" + "0" * 26, "txn_" + "0" * 26])
def test_there_is_none_by_another_id(api, book, id_):
    book.capture(100_00)
    reply = api.get(f"balance_transactions/{id_}")

    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "resource_missing")


def test_going_through_the_pages_shows_every_line_once(api, book):
    """Two lines of one transaction may be on two pages."""
    for minor in range(1, 4):
        converted(book, book.capture(minor, currency="EUR"))
    every = [line["id"] for line in listed(api)]
    assert len(every) == len(set(every)) == 9

    for limit in (1, 2, 4):
        forward, more = [], {}
        while True:
            page = api.get("balance_transactions", {"limit": limit} | more).json()
            forward += [line["id"] for line in page["data"]]
            if not page["has_more"]:
                break
            more = {"starting_after": forward[-1]}
        assert forward == every
        backward, more = [], {"ending_before": every[-1]}
        while True:
            page = api.get("balance_transactions", {"limit": limit} | more).json()
            backward = [line["id"] for line in page["data"]] + backward
            if not page["has_more"]:
                break
            more = {"ending_before": backward[0]}
        assert backward == every[:-1]


def test_lines_written_meanwhile_move_nothing(api, book):
    for _ in range(6):
        book.capture(100)
    first = api.get("balance_transactions", {"limit": 3}).json()["data"]
    rest = listed(api)[3:]
    book.capture(100)

    assert listed(api, starting_after=first[-1]["id"]) == rest


def test_lines_are_found_by_type_currency_and_time(api, a_days_work):
    late = a_days_work.capture(500, currency="JPY", at=NOON + timedelta(days=1))

    assert {line["type"] for line in listed(api, type="payout.paid")} == {"payout.paid"}
    assert len(listed(api, type="payment.captured")) == 3
    for query in (
        {"currency": "JPY"},
        {"created[gte]": "2026-11-24T00:00:00Z"},
        {"created[gte]": "2026-11-24T12:00:00Z", "currency": "JPY"},
    ):
        assert [line["ledger_transaction"] for line in listed(api, **query)] == [
            encode("txn", late.id)
        ]
    assert len(listed(api, **{"created[lt]": "2026-11-24T12:00:00Z"})) == 9
    assert listed(api, currency="CHF") == []


def test_a_currency_of_many_lines_is_found_as_well(api, a_days_work, monkeypatch):
    few = listed(api, currency="USD")
    monkeypatch.setattr(statements, "SPARSE", 3)

    assert listed(api, currency="USD") == few
    assert len(few) == 9


def test_lines_about_a_payment_are_found_with_the_conversions_that_follow_them(api, book):
    payment = api.pay(psp="stripe").json()
    api.pay(psp="stripe")
    [line] = listed(api, source=payment["id"])
    attempt = payment["attempts"][0]["id"]
    both = book.write(
        fx.converted(
            **book.whose,
            source=f"payment.captured:{attempt}",
            account=chart.merchant_pending(),
            sold=Money(1_00, "USD"),
            bought=Money(90, "EUR"),
            value=Money(91, "EUR"),
        )
    )
    found = listed(api, source=payment["id"])

    assert line in found
    assert {one["source"] for one in found} == {payment["id"]}
    assert [one["ledger_transaction"] for one in found[:2]] == [encode("txn", both.id)] * 2
    assert len(found) == 3


def test_lines_about_a_dispute_are_those_of_all_its_rounds(api, book):
    dispute, other = new("dp"), new("dp")
    book.dispute(20_00, 15_00, source=f"{dispute}:1")
    book.dispute(20_00, 15_00, source=f"{dispute}:2")
    book.dispute(20_00, 15_00, source=f"{other}:1")

    assert len(listed(api, source=dispute)) == 2
    assert len(listed(api, source=other)) == 1
    assert listed(api, source=new("dp")) == []


def test_a_dispute_of_the_trade_is_about_its_public_id(api):
    case = Case(api.pay(psp="stripe").json())
    dispute = case.heard("needs_response")

    assert {line["source"] for line in listed(api)} <= {dispute.public_id, case.payment["id"]}


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ({"type": "payment"}, "invalid_choice", "type"),
        ({"currency": "usd"}, "invalid_choice", "currency"),
        ({"source": "pay_1"}, "invalid_value", "source"),
        ({"source": "a:b"}, "invalid_value", "source"),
        ({"created[gte]": "soon"}, "invalid_time", "created[gte]"),
        ({"created[gt]": "2026-11-24T12:00:00Z"}, "unknown_parameter", "created[gt]"),
        ({"limit": "0"}, "invalid_value", "limit"),
        ({"starting_after": "pay_" + "0" * 26}, "invalid_value", "starting_after"),
        ({"tpye": "payout.paid"}, "unknown_parameter", "tpye"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused(api, query, code, param):
    reply = api.get("balance_transactions", query)
    error = reply.json()["error"]

    assert (reply.status_code, error["code"], error["param"]) == (400, code, param)


def test_nobody_sees_lines_of_another_merchant_or_mode(client_for, another_merchant, api, book):
    posted = book.capture(100_00)
    live = Book(book.merchant, livemode=True).capture(100_00)
    theirs, ours = client_for(another_merchant), api

    assert len(listed(ours)) == 1
    assert listed(theirs) == []
    for reader, id_ in ((theirs, posted.id), (ours, live.id)):
        path = f"balance_transactions/{encode('txn', id_)}"
        assert reader.get(path).status_code == 404


def test_a_type_is_what_a_recipe_makes_of_an_account_of_the_merchants():
    touching = {
        example.kind
        for _, example in handbook._examples()
        if any(entry.account in BUCKETS for entry in example.entries)
    }

    assert set(TYPES) == touching | {"dispute.lost.reversed"}
    assert {
        entry.account
        for _, example in handbook._examples()
        for entry in example.entries
        if entry.account.startswith("income:fees:")
    } == FEES


def test_a_page_is_read_off_an_index(merchant, another_merchant, a_days_work):
    """However many transactions a merchant has, or others: by the merchant's key backwards, until the page is full.

    Of a book of ten lines PostgreSQL had rather sort all of them; that is forbidden here.
    """
    book = statements._Book(
        statements.Holder(merchant.merchant.id, False, own=frozenset(BUCKETS), beside=FEES)
    )
    others = Book(another_merchant.merchant.id)
    for _ in range(200):
        others.capture(10_00, 30)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_transaction")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(
            f"EXPLAIN {statements._LINE} ORDER BY t.id DESC, l.number DESC LIMIT 21", book.values
        )
        plan = "\n".join(row for (row,) in cursor.fetchall())

    assert re.search(r"Index Scan Backward using ledger_transaction_.*\n +Index Cond", plan), plan
    assert "Presorted Key: t.id" in plan
