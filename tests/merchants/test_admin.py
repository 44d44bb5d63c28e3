"""The back office shows merchants' things and lets nobody bend them, a superuser neither."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from merchants.models import ApiKey, FeePlan, PaymentMethod
from merchants.payment_methods.bind import bind
from tests.merchants.conftest import NOON

PAGES = ["merchant", "apikey", "feeplan", "paymentmethod"]


@pytest.fixture
def root_user(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def rows(merchant):
    """One row of each page: {page: id}."""
    method = bind(merchant.merchant.id, livemode=False, tokens={"stripe": "pm_1"}, at=NOON)
    return {
        "merchant": merchant.merchant.id,
        "apikey": ApiKey.objects.get().id,
        "feeplan": FeePlan.objects.first().id,
        "paymentmethod": method.id,
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_page_and_row_can_be_looked_at(root_user, rows, page):
    assert root_user.get(f"/admin/merchants/{page}/").status_code == 200
    assert root_user.get(f"/admin/merchants/{page}/{rows[page]}/change/").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_deleted(root_user, rows, page):
    url = f"/admin/merchants/{page}/{rows[page]}/delete/"
    assert root_user.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("page", ["apikey", "feeplan", "paymentmethod"])
def test_what_is_kept_cannot_be_changed(root_user, rows, page):
    url = f"/admin/merchants/{page}/{rows[page]}/change/"
    assert root_user.post(url, {"basis_points": 0, "last4": "0000"}).status_code == 403


@pytest.mark.parametrize("page", ["merchant", "apikey", "paymentmethod"])
def test_what_begins_elsewhere_cannot_be_added(root_user, db, page):
    assert root_user.get(f"/admin/merchants/{page}/add/").status_code == 403


def test_no_hash_of_a_key_is_shown(root_user, rows):
    sha256 = ApiKey.objects.get().sha256
    page = root_user.get(f"/admin/merchants/apikey/{rows['apikey']}/change/").content.decode()

    assert bytes(sha256).hex() not in page
    assert "sha256" not in page


def plan(whose, **changes):
    return {
        "because": "As agreed.",
        "merchant": str(whose.merchant.id),
        "psp": "stripe",
        "currency": "USD",
        "pricing": "blended",
        "basis_points": "200",
        "fixed_minor": "10",
        "minimum_minor": "0",
        "effective_from_0": "2099-01-01",
        "effective_from_1": "00:00:00",
        "effective_from": "2099-01-01 00:00:00",
    } | changes


def test_a_fee_plan_is_agreed_on_for_a_merchant(root_user, merchant):
    response = root_user.post("/admin/merchants/feeplan/add/", plan(merchant))

    assert response.status_code == 302
    made = FeePlan.objects.get(merchant_id=merchant.merchant.id, psp="stripe")
    assert (made.basis_points, made.fixed_minor, made.currency) == (200, 10, "USD")


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": ""},  # A fixed part of what?
        {"effective_from_0": "2020-01-01", "effective_from": "2020-01-01 00:00:00"},
        {"basis_points": "10001"},
        {"currency": "USB"},
        {"psp": "strpe"},
        {"merchant": ""},
        {"fixed_minor": "0", "currency": "", "refund_fee_minor": "0"},
        {"minimum_minor": "2", "maximum_minor": "1"},
        {"method": "Visa"},
        {"country": "mars"},
        {"pricing": "free"},
        {"tiers": "[5]"},
        {
            "tiers": '[{"from": 2, "basis_points": 1, "fixed": 0}, {"from": 1, "basis_points": 0, "fixed": 0}]'
        },
    ],
)
def test_terms_that_make_no_sense_are_not_agreed_on(root_user, merchant, changes):
    response = root_user.post("/admin/merchants/feeplan/add/", plan(merchant, **changes))

    assert response.status_code == 200  # The form again, with what is wrong.
    assert not FeePlan.objects.filter(psp="stripe").exists()


def test_a_plan_of_many_terms_is_agreed_on(root_user, merchant):
    terms = {
        "method": "visa",
        "country": "eea",
        "pricing": "interchange_plus_plus",
        "maximum_minor": "900",
        "tiers": '[{"from": 100, "basis_points": 190, "fixed": 25}]',
        "refund_fee_minor": "0",
    }
    assert (
        root_user.post("/admin/merchants/feeplan/add/", plan(merchant, **terms)).status_code == 302
    )

    made = FeePlan.objects.get(merchant_id=merchant.merchant.id, psp="stripe")
    assert (made.method, made.country, made.maximum_minor) == ("visa", "eea", 900)
    assert made.tiers == [{"from": 100, "basis_points": 190, "fixed": 25}]
    assert (made.refund_fee_minor, made.dispute_fee_minor) == (0, None)


def test_the_same_plan_of_the_same_moment_is_not_agreed_on_twice(root_user, merchant):
    for _ in range(2):
        root_user.post("/admin/merchants/feeplan/add/", plan(merchant))

    assert FeePlan.objects.filter(psp="stripe").count() == 1


def test_who_may_only_look_may_not_agree_on_fees(merchant):
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_feeplan"))
    client = Client()
    client.force_login(user)

    assert client.get("/admin/merchants/feeplan/").status_code == 200
    assert client.post("/admin/merchants/feeplan/add/", plan(merchant)).status_code == 403
    assert client.get("/admin/merchants/paymentmethod/").status_code == 403
    assert not PaymentMethod.objects.exists()
