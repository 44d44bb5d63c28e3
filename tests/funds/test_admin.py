"""Funds in the back office: terms are agreed on and never changed; the rest is to look at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from kernel.ids import encode, uuid7
from merchants.funds.models import Due, Reserve, Terms
from merchants.funds.terms import agree_terms, terms_in_effect
from tests.funds.conftest import NOON, at

PAGES = ["terms", "due", "reserve", "businessday"]


@pytest.fixture
def root_user(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def rows(merchant):
    """One row of each page that has rows of merchants'."""
    whose = {
        "merchant_id": merchant.merchant.id,
        "livemode": False,
        "currency": "USD",
        "due_on": at(25).date(),
        "due_at": at(25),
    }
    Due.objects.bulk_create([Due(id=uuid7(), amount=97_10, **whose)])
    Reserve.objects.create(amount=9_71, source="2026-11-25 USD test 1", **whose)
    return agree_terms(merchant.merchant.id, effective_from=NOON)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_looked_at(root_user, rows, page):
    response = root_user.get(f"/admin/funds/{page}/")
    assert response.status_code == 200
    assert "97.10 USD" in response.content.decode() or page != "due"
    assert "9.71 USD" in response.content.decode() or page != "reserve"


@pytest.mark.parametrize("page", ["terms", "due", "reserve"])
def test_rows_are_found_by_their_merchant(root_user, rows, page):
    found = root_user.get(f"/admin/funds/{page}/", {"q": encode("mer", rows.merchant_id)})
    assert encode("mer", rows.merchant_id) in found.content.decode()
    for nobody in (encode("mer", uuid7()), "Kiosk"):
        page_ = root_user.get(f"/admin/funds/{page}/", {"q": nobody}).content.decode()
        assert encode("mer", rows.merchant_id) not in page_


@pytest.mark.parametrize("page", ["due", "reserve", "businessday"])
def test_what_is_computed_cannot_be_added(root_user, page):
    assert root_user.get(f"/admin/funds/{page}/add/").status_code == 403


def test_terms_can_be_read_and_neither_changed_nor_deleted(root_user, rows):
    url = f"/admin/funds/terms/{rows.id}"
    assert root_user.get(f"{url}/change/").status_code == 200
    assert root_user.post(f"{url}/change/", {"delay_days": 0}).status_code == 403
    assert root_user.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert Terms.objects.get().delay_days == 2


def terms(whose, **changes):
    return {
        "merchant": str(whose.merchant.id),
        "calendar": "us",
        "because": "As agreed.",
        "time_zone": "America/New_York",
        "cutoff": "17:00:00",
        "delay_days": "1",
        "reserve_basis_points": "500",
        "reserve_days": "90",
        "refund_rate": "current",
        "fx_spread_basis_points": "75",
        "effective_from_0": "2099-01-01",
        "effective_from_1": "00:00:00",
        "effective_from": "2099-01-01 00:00:00",
    } | changes


def test_terms_are_agreed_on_for_a_merchant(root_user, merchant):
    whose = merchant.merchant.id
    assert terms_in_effect(whose, at=NOON + timedelta(days=40_000)).delay_days == 2
    response = root_user.post("/admin/funds/terms/add/", terms(merchant))
    assert response.status_code == 302
    agreed = terms_in_effect(whose, at=NOON + timedelta(days=40_000))
    assert (agreed.delay_days, agreed.reserve_days, agreed.time_zone) == (1, 90, "America/New_York")
    assert (agreed.refund_rate, agreed.fx_spread_basis_points) == ("current", 75)


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_from_0": "2020-01-01", "effective_from": "2020-01-01 00:00:00"},
        {"reserve_days": "0"},  # Held for how long?
        {"reserve_basis_points": "0"},  # What is held?
        {"reserve_basis_points": "10001"},
        {"delay_days": "-1"},
        {"time_zone": "Europe/Atlantis"},
        {"calendar": "lunar"},
        {"merchant": ""},
    ],
)
def test_terms_that_make_no_sense_are_not_agreed_on(root_user, merchant, changes):
    response = root_user.post("/admin/funds/terms/add/", terms(merchant, **changes))
    assert response.status_code == 200  # The form again, with what is wrong.
    assert not Terms.objects.exists()


def test_two_terms_of_one_moment_are_not_agreed_on(root_user, merchant):
    assert root_user.post("/admin/funds/terms/add/", terms(merchant)).status_code == 302
    assert root_user.post("/admin/funds/terms/add/", terms(merchant)).status_code == 200
    assert Terms.objects.count() == 1


def test_who_may_only_look_may_not_agree_on_terms(merchant):
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_terms"))
    client = Client()
    client.force_login(user)
    assert client.get("/admin/funds/terms/").status_code == 200
    assert client.post("/admin/funds/terms/add/", terms(merchant)).status_code == 403
    assert client.get("/admin/funds/due/").status_code == 403
