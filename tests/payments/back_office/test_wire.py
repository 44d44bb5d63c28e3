"""What was said to a PSP is shown to those who may see it, redacted, and that they looked is written down."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.audit.models import Entry
from paygate.payments.models import Attempt, Payment

pytestmark = pytest.mark.django_db


def login(role: str) -> Client:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rows(api):
    api.pay(amount=1000, psp="stripe")
    return {"payment": Payment.objects.get(), "attempt": Attempt.objects.get()}


@pytest.mark.parametrize("kind", ["payment", "attempt"])
def test_a_lead_reads_it_and_the_log_says_so(rows, kind):
    row = rows[kind]
    answer = login("support lead").get(f"/admin/payments/{kind}/{row.id}/wire/")

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "/v1/payment_intents" in text
    assert "metadata[payment]" in text
    assert "pm_card_visa" not in text
    assert "no-store" in answer["Cache-Control"]
    seen = Entry.objects.get(outcome="seen")
    assert (seen.by, seen.subject) == ("support lead", row.public_id)
    assert seen.details == {"fields": ["wire"]}


@pytest.mark.parametrize("kind", ["payment", "attempt"])
@pytest.mark.parametrize("role", ["support", "finance", "administrator"])
def test_others_do_not_and_are_not_shown_the_way(rows, role, kind):
    client, row = login(role), rows[kind]
    assert client.get(f"/admin/payments/{kind}/{row.id}/wire/").status_code == 403
    page = client.get(f"/admin/payments/{kind}/{row.id}/change/").content.decode()
    assert "/wire/" not in page
    assert not Entry.objects.filter(outcome="seen").exists()
