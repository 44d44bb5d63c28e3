"""The lists of payments, refunds and attempts: what matters in columns, filters that use an index, bounded queries."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.clock import now
from kernel.ids import encode
from paygate.payments.back_office.filters import amounts_in, span
from paygate.payments.models import Attempt, Payment, Refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def shown(answer) -> str:
    assert answer.status_code == 200
    body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def rows(answer) -> int:
    assert answer.status_code == 200
    return len(answer.context["cl"].result_list)


@pytest.fixture
def some(api):
    api.pay(amount=2495, currency="EUR", psp="stripe", metadata={"order_id": "1001"})
    api.pay(amount=1250, psp="adyen", payment_method="pm_card_insufficient_funds")
    return Payment.objects.order_by("id")


def test_a_line_says_what_matters(office, some):
    words = shown(office.get("/admin/payments/payment/"))
    assert "24.95 EUR" in words
    assert "Kiosk" in words
    assert "Visa …4242 1001" in words
    assert "insufficient funds" in words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state__exact": "failed"}, 1),
        ({"psp": "stripe"}, 1),
        ({"mode": "test"}, 2),
        ({"mode": "live"}, 0),
        ({"currency": "eur"}, 1),
        ({"currency": "EURO"}, 0),
        ({"day": "today"}, 2),
        ({"day": "2020-01-01..2020-02-01"}, 0),
        ({"day": "yesterday"}, 0),
        ({"amount": "24.95 EUR"}, 1),
        ({"amount": "10 to 20 USD"}, 1),
        ({"amount": "24,95 EUR"}, 0),
        ({"q": "1001"}, 1),
        ({"q": "user-1"}, 2),
        ({"q": "nobody"}, 0),
        ({"merchant": "mer_nobody"}, 0),
    ],
)
def test_payments_are_filtered(office, some, query, found):
    assert rows(office.get("/admin/payments/payment/", query)) == found


def test_payments_are_found_by_whose_they_are_and_by_the_psps_reference(office, some):
    payment = some[0]
    whose = encode("mer", payment.merchant_id)
    assert rows(office.get("/admin/payments/payment/", {"merchant": whose})) == 2
    assert rows(office.get("/admin/payments/payment/", {"q": payment.psp_reference})) == 1
    assert rows(office.get("/admin/payments/payment/", {"q": payment.public_id})) == 1


@pytest.mark.parametrize("model", [Payment, Refund, Attempt])
def test_a_list_asks_as_often_for_two_rows_as_for_twenty(office, api, model):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert office.get(f"/admin/payments/{model._meta.model_name}/").status_code == 200
        return len(asked)

    def pay(times: int) -> None:
        for _ in range(times):
            paid = api.pay(amount=1000, psp="stripe").json()
            api.post("refunds", {"payment": paid["id"], "amount": 100})

    pay(2)
    office.get("/admin/payments/payment/")
    few = queries()
    pay(8)
    assert queries() == few <= 10


@pytest.mark.parametrize("model", [Payment, Refund, Attempt])
def test_lists_are_saved_as_files_with_what_is_on_the_screen(office, api, model):
    paid = api.pay(amount=1000, psp="stripe").json()
    api.post("refunds", {"payment": paid["id"], "amount": 100})
    answer = office.get(f"/admin/payments/{model._meta.model_name}/export/")
    assert answer.status_code == 200, answer["Location"]
    text = b"".join(answer.streaming_content).decode()
    assert "Kiosk" in text
    assert "USD" in text


@pytest.mark.parametrize("model", [Payment, Refund, Attempt])
@pytest.mark.parametrize("address", ["nobody", "00000000-0000-7000-8000-000000000000"])
def test_an_address_that_somebody_typed_is_not_found(office, model, address):
    page = office.get(f"/admin/payments/{model._meta.model_name}/{address}/change/")
    assert page.status_code == 404


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("24.95 EUR", (2495, 2495, "EUR")),
        ("20 to 50 eur", (2000, 5000, "EUR")),
        ("20..50EUR", (2000, 5000, "EUR")),
        ("1000 JPY", (1000, 1000, "JPY")),
        ("10.5 JPY", None),
        ("20 50 EUR", None),
        ("24.95", None),
        ("24.95 ZZZ", None),
    ],
)
def test_amounts_are_understood_with_their_currency(typed, meant):
    assert amounts_in(typed) == meant


def test_days_are_understood():
    today = date(2026, 11, 25)
    assert span("today", today=today) == (today, today)
    assert span("7", today=today) == (today - timedelta(days=6), today)
    assert span("2026-11-01", today=today) == (date(2026, 11, 1), date(2026, 11, 1))
    assert span("2026-11-01..2026-11-03", today=today) == (date(2026, 11, 1), date(2026, 11, 3))
    assert span("2026-13-01", today=today) is None


def test_a_day_of_which_there_is_nothing_further_is_the_last(office, some):
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    assert rows(office.get("/admin/payments/payment/", {"day": tomorrow})) == 0
    assert rows(office.get("/admin/payments/payment/", {"day": "9999-12-31"})) == 0
