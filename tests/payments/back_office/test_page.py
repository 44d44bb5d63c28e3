"""A payment's page tells its story: what happened, its amounts, its timeline, the books, and what is known of it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.audit.models import Entry
from paygate.payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def page_of(office):
    def read(payment: Payment) -> str:
        answer = office.get(f"/admin/payments/payment/{payment.id}/change/")
        assert answer.status_code == 200
        return answer.content.decode()

    return read


def shown(page: str) -> str:
    """The page's words, with single spaces between them."""
    body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_a_captured_payment_says_so_with_its_amounts_its_books_and_its_story(api, page_of):
    api.pay(amount=2495, currency="EUR", psp="stripe", metadata={"order_id": "1001"})
    payment = Payment.objects.get()

    words = shown(page_of(payment))

    assert re.search(r"Captured 24\.95 EUR at \d\d:\d\d UTC\.", words)
    assert "order 1001 · Visa …4242" in words
    assert "Net to the merchant" in words
    assert "Authorization of 24.95 EUR at Stripe: approved" in words
    assert "payment.captured att_" in words
    assert re.search(r"Dr assets:psp:stripe:receivable 24\.95 EUR", words)
    assert "Kiosk" in words


def test_who_the_payer_is_in_the_metadata_is_for_those_who_may_know_and_they_are_written_down(api):
    api.pay(
        amount=2495,
        currency="EUR",
        psp="stripe",
        metadata={"order_id": "1001", "customer_email": "ada@example.com"},
    )
    page = f"/admin/payments/payment/{Payment.objects.get().id}/change/"

    def seen_by(role):
        user = User.objects.create_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return shown(client.get(page).content.decode())

    assert "ada@example.com" not in seen_by("support")
    assert not Entry.objects.filter(act="see").exists()
    assert "ada@example.com" in seen_by("risk")
    entry = Entry.objects.get(act="see")
    assert (entry.by, entry.details["fields"]) == ("risk", ["customer_email"])
