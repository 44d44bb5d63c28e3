"""The back office shows payments and refunds as people speak of them: by their ids, in money, to the second."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from paygate.payments.models import Payment, Refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_a_payment_and_its_refund_are_shown_in_money_and_by_their_ids(office, api):
    paid = api.pay(amount=1000, currency="USD", psp="stripe").json()
    back = api.post("refunds", {"payment": paid["id"], "amount": 405}).json()
    payment, refund = Payment.objects.get(), Refund.objects.get()

    page = office.get(f"/admin/payments/payment/{payment.id}/change/").content.decode()
    assert {
        "10.00 USD",
        "4.05 USD",
        "0.00 USD",
        f"{payment.created_at:%Y-%m-%d %H:%M:%S} UTC",
    } <= _shown(page)
    assert paid["id"] in _shown(page)

    page = office.get(f"/admin/payments/refund/{refund.id}/change/").content.decode()
    assert back["id"] in _shown(page)
    assert "Refund of 4.05 USD" in page
    assert f'<a href="/admin/payments/payment/{payment.id}/change/">' in page


def _shown(page: str) -> set[str]:
    return {text.strip() for text in re.findall(r">([^<>]+)<", page)}
