"""What stands over a page: names that people know, and the way back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from lxml import html

from kernel.ids import uuid7
from paygate.console.crumbs import Crumb, crumbs
from paygate.payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    logged_in = Client()
    logged_in.force_login(User.objects.create_user("in-crumbs", is_staff=True, is_superuser=True))
    return logged_in


def heading(reply):
    return " ".join(html.fromstring(reply.content).xpath("string(//h1)").split())


def titled(reply):
    return html.fromstring(reply.content).xpath("string(//title)").strip()


@pytest.mark.parametrize(
    ("rows", "name", "title"),
    [
        ("kernel_entry", "Audit log", "Audit log"),
        ("webhooks_pspevent", "Webhooks in", "PSP events"),
        ("payouts_batch", "Payout batches", "Batches"),
        ("reconciliation_batch", "Settlement batches", "Batches"),
        ("reconciliation_break", "Breaks", "Breaks"),
        ("payments_attempt", "Attempts", "Attempts"),
    ],
)
def test_a_list_is_called_what_the_sidebar_calls_it(admin, rows, name, title):
    page = admin.get(reverse(f"admin:{rows}_changelist"))

    assert heading(page) == name
    assert titled(page).startswith(f"{title} |")


def test_a_queue_is_called_by_its_own_name_and_leads_back_to_the_whole_list(admin):
    page = admin.get(reverse("admin:approvals_request_changelist"), {"state__exact": "pending"})

    assert "Waiting for approval" in heading(page)
    assert "Show all" in heading(page)


def test_a_list_without_rows_says_so_and_promises_nothing(admin):
    empty = admin.get(reverse("admin:payments_refund_changelist")).text
    found = admin.get(reverse("admin:payments_refund_changelist"), {"state__exact": "failed"}).text

    assert "Nothing is in this list." in empty
    assert "Create a new item" not in empty
    assert "No refunds fit this search and these filters." in found


def test_a_row_stands_behind_its_list_and_what_is_done_to_it_behind_the_row():
    payment = Payment(id=uuid7())
    rows, own = (
        "/admin/payments/payment/",
        reverse("admin:payments_payment_change", args=[payment.id]),
    )
    context = {"opts": Payment._meta, "original": payment, "title": "Refund"}

    assert crumbs(context, rows) == [Crumb("Payments", rows)]
    assert crumbs({**context, "title": "pay_1"}, own) == [Crumb("Payments", rows), Crumb("pay_1")]
    assert crumbs(context, f"{own}do/") == [
        Crumb("Payments", rows),
        Crumb(payment.public_id, own),
        Crumb("Refund"),
    ]
