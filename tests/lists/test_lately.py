"""Filters offer what came lately, by one look at the newest rows, and take whatever the address names."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.lists import lately
from merchants.models import FeePlan
from merchants.onboard import onboard
from tests.merchants.conftest import NOON


@pytest.fixture
def root(client, db):
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def plans(db):
    """Plans in three currencies, the oldest of them in SEK."""
    merchant = onboard("Kiosk").merchant
    for currency in ("SEK", "NOK", "DKK"):
        FeePlan.objects.create(
            merchant_id=merchant.id, currency=currency, basis_points=100, effective_from=NOON
        )


PAGE = "/admin/merchants/feeplan/"


def test_what_came_lately_is_offered(root, plans):
    page = root.get(PAGE).content.decode()

    for currency in ("SEK", "NOK", "DKK"):
        assert f"?currency={currency}" in page


def test_what_came_long_ago_is_not_offered_and_can_be_asked_for(root, plans, monkeypatch):
    monkeypatch.setattr(lately, "NEWEST", 2)

    assert "?currency=SEK" not in root.get(PAGE).content.decode()
    assert root.get(PAGE, {"currency": "SEK"}).context["cl"].result_count == 1


def test_no_table_is_asked_for_all_its_values_or_counted_by_them(root, plans):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        root.get(PAGE, {"_facets": "True"})

    assert not [one["sql"] for one in asked if "SELECT DISTINCT" in one["sql"]]
    assert not [one["sql"] for one in asked if "FILTER (WHERE" in one["sql"]]
