"""What is a merchant's, by currency: now, as of a moment, and as we knew it then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.post import post
from merchants.funds.balance import balance_of
from merchants.funds.shapes import BalanceShape, CurrencyBalanceShape
from tests.balances.conftest import NOON, Book

pytestmark = pytest.mark.django_db

NOTHING = dict.fromkeys(("pending", "available", "reserved", "disputed", "in_payouts", "total"), 0)


def shown(api, **query):
    reply = api.get("balance", query)
    assert reply.status_code == 200, reply.content
    return {
        one["currency"]: {name: minor for name, minor in one.items() if name != "currency"}
        for one in reply.json()["balances"]
    }


def test_a_merchant_who_never_took_anything_has_nothing(api):
    assert api.get("balance").json() == {
        "object": "balance",
        "livemode": False,
        "as_of": None,
        "known_at": None,
        "balances": [],
        "upcoming": [],
    }


def test_a_capture_is_pending_less_our_fee(api):
    payment = api.pay(psp="stripe").json()

    assert shown(api) == {"USD": NOTHING | {"pending": payment["net"], "total": payment["net"]}}


def test_each_part_of_the_balance_has_its_name(api, a_days_work):
    assert shown(api) == {
        "USD": {
            "pending": 96_80,
            "available": 96_80 - 9_68 - 40_00 - 35_00 - 10_00 - 1_00,
            "reserved": 9_68,
            "disputed": 20_00,
            "in_payouts": 1_00,
            "total": 200_00 - 6_40 - 40_00 - 15_00 - 10_00,
        }
    }


def test_money_on_its_way_to_the_bank_is_in_payouts(api, book):
    book.capture(100_00)
    book.release(100_00)
    book.pay_out(30_00, as_far_as="created")
    book.pay_out(20_00, as_far_as="sent")

    assert (shown(api)["USD"]["available"], shown(api)["USD"]["in_payouts"]) == (50_00, 50_00)


def test_who_gave_back_more_than_there_was_owes_us(api, book):
    book.capture(100_00)
    book.refund(40_00)

    assert shown(api)["USD"]["available"] == -40_00
    assert shown(api)["USD"]["total"] == 60_00


def test_each_currency_stands_alone(api, book):
    book.capture(100_00, currency="USD")
    book.capture(500, currency="JPY")
    book.capture(1_500, currency="KWD")

    assert {currency: one["total"] for currency, one in shown(api).items()} == {
        "JPY": 500,
        "KWD": 1_500,
        "USD": 100_00,
    }


def test_as_of_a_moment_only_what_had_happened_counts(api, book):
    book.capture(100_00, at=NOON)
    book.refund(40_00, at=NOON + timedelta(hours=1))

    assert shown(api, as_of="2026-11-23T11:59:59Z")["USD"]["total"] == 0
    assert shown(api, as_of="2026-11-23T12:00:00Z")["USD"]["total"] == 100_00
    assert shown(api, as_of="2026-11-23T14:00:00+01:00")["USD"]["total"] == 60_00
    assert shown(api, as_of=str(int(NOON.timestamp())))["USD"]["total"] == 100_00


def test_known_at_a_moment_is_what_was_written_by_then(api, book):
    """It happened long ago, and we heard of it in this test."""
    book.capture(100_00, at=NOON - timedelta(days=400))
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        [written] = cursor.fetchone()
    before = (written - timedelta(seconds=1)).isoformat()

    assert shown(api, known_at=before)["USD"]["total"] == 0
    assert shown(api, known_at=written.isoformat())["USD"]["total"] == 100_00
    assert shown(api, as_of=NOON.isoformat())["USD"]["total"] == 100_00
    assert shown(api, as_of=NOON.isoformat(), known_at=before)["USD"]["total"] == 0
    assert api.get("balance", {"as_of": "2026-11-23T12:00:00Z"}).json()["as_of"] == (
        "2026-11-23T12:00:00.000Z"
    )


@pytest.mark.parametrize("name", ["as_of", "known_at"])
@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01T00:00:00Z", "9" * 40, "1\0"])
def test_a_moment_that_is_none_is_refused(api, name, value):
    reply = api.get("balance", {name: value})

    assert reply.status_code == 400
    assert (reply.json()["error"]["code"], reply.json()["error"]["param"]) == ("invalid_time", name)


def test_a_typo_in_a_parameter_is_refused(api):
    error = api.get("balance", {"asof": "2026-11-23T12:00:00Z"}).json()["error"]

    assert (error["code"], error["param"]) == ("unknown_parameter", "asof")


def test_live_money_and_test_money_are_apart(api, merchant):
    Book(merchant.merchant.id, livemode=True).capture(100_00)

    assert shown(api) == {}


def test_another_merchants_money_is_not_seen(client_for, another_merchant, book):
    book.capture(100_00)

    assert shown(client_for(another_merchant)) == {}


def test_all_balances_take_one_query(merchant, a_days_work):
    a_days_work.capture(100, currency="EUR")
    for moment in (None, NOON):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(balance_of(merchant.merchant.id, livemode=False, as_of=moment)) == 2
        assert len(asked) == 1


def test_what_is_posted_again_counts_once(api, book):
    post(book.capture(100_00), effective_at=NOON)

    assert shown(api)["USD"]["total"] == 100_00


def test_the_documented_balance_is_the_shown_one(api, book):
    book.capture(100_00)
    body = api.get("balance").json()

    assert set(BalanceShape().fields) == set(body)
    assert set(CurrencyBalanceShape().fields) == set(body["balances"][0])
