"""A merchant's money in the back office: to read and to save, by staff who may see the books."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User

from kernel.audit.models import Entry
from kernel.clock import wall
from merchants.funds.months import Month
from tests.balances.conftest import NOON, Book

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(merchant):
    return f"/admin/merchants/merchant/{merchant.merchant.id}/money/"


def test_the_merchants_page_leads_to_their_money(admin_client, merchant, page):
    listed = admin_client.get("/admin/merchants/merchant/").content.decode()
    one = admin_client.get(f"/admin/merchants/merchant/{merchant.merchant.id}/change/")

    assert f'href="{page}"' in listed
    assert f'href="{page}"' in one.content.decode()


def test_the_page_shows_balances_statements_and_the_latest_changes(admin_client, a_days_work, page):
    Book(a_days_work.merchant, livemode=True, currency="JPY").capture(777)
    shown = admin_client.get(page).content.decode()

    for text in (
        "96.80 USD",
        "1.12 USD",  # Available.
        "777 JPY",
        f"{Month.of(wall())} USD",
        "preliminary",
        "dispute.opened",
        "-40.00 USD",
        "T+2",
    ):
        assert text in shown, text


def test_the_past_is_asked_for_by_a_moment(admin_client, book, page):
    book.capture(100_00, at=NOON)
    book.capture(11_00, at=NOON + timedelta(hours=1))

    assert "111.00 USD" in admin_client.get(page).content.decode()
    then = admin_client.get(page, {"as_of": NOON.isoformat()}).content.decode()
    assert "111.00 USD" not in then
    assert "as of 2026-11-23 12:00:00 UTC" in then
    assert "is no time" in admin_client.get(page, {"as_of": "<b>soon</b>"}).content.decode()
    assert "<b>soon" not in admin_client.get(page, {"as_of": "<b>soon</b>"}).content.decode()


def test_a_merchant_without_anything_has_a_page(admin_client, page):
    assert "Nothing was ever posted." in admin_client.get(page).content.decode()


@pytest.mark.parametrize(("format_", "begins"), [("csv", b"posted_at,"), ("pdf", b"%PDF-")])
def test_a_statement_is_saved_from_it(admin_client, book, page, format_, begins):
    book.capture(100_00)
    address = f"{page}test/{Month.of(wall())}/USD.{format_}"

    assert f'href="{address}"' in admin_client.get(page).content.decode()
    reply = admin_client.get(address)
    assert reply.content.startswith(begins)
    assert reply["Content-Disposition"].startswith("attachment")
    entry = Entry.objects.get(act="statement.take_along")
    assert entry.details == {"statement": f"test {Month.of(wall())} USD", "format": format_}


@pytest.mark.parametrize(
    "address",
    [
        "live/2025-03/USD.csv",
        "test/2025-03/USD.csv",
        "test/2025-99/USD.csv",
        "test/2025-03/XXX.csv",
        "both/2025-03/USD.csv",
        "test/2025-03/USD.exe",
    ],
)
def test_there_is_no_other_file(admin_client, page, address):
    assert admin_client.get(page + address).status_code == 404


def test_a_merchant_nobody_knows_has_no_page(admin_client):
    nobody = "/admin/merchants/merchant/00000000-0000-7000-8000-000000000000/money/"

    assert admin_client.get(nobody).status_code == 404


@pytest.mark.parametrize("held", [(), ("view_merchant",), ("view_ledgertransaction",)])
def test_staff_without_both_rights_see_nothing(client, book, page, held):
    book.capture(100_00)
    staff = User.objects.create_user("clerk", password="x" * 12, is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(staff)

    assert client.get(page).status_code == 403
    if "view_merchant" in held:  # Nothing leads there.
        listed = client.get("/admin/merchants/merchant/").content.decode()
        assert page not in listed
        one = client.get(page.replace("/money/", "/change/"))
        assert one.status_code == 200
        assert page not in one.content.decode()
    assert client.get(f"{page}test/{Month.of(wall())}/USD.csv").status_code == 403


def test_staff_with_both_rights_see_it(client, book, page):
    book.capture(100_00)
    staff = User.objects.create_user("finance", password="x" * 12, is_staff=True)
    rights = ("view_merchant", "view_ledgertransaction")
    staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(staff)

    assert client.get(page).status_code == 200


def test_nobody_sees_it_who_is_not_staff(client, page):
    assert client.get(page).status_code == 302
