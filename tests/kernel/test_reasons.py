"""Whoever changes something by a form says why; the audit log keeps it."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.audit.models import Entry
from merchants.models import Merchant
from paygate.routing.models import RoutingWeight

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def page(merchant):
    return f"/admin/merchants/merchant/{merchant.merchant.id}/change/"


def given(**changes):
    return {
        "name": "Bakery",
        "status": "active",
        "country": "DE",
        "settlement_currency": "EUR",
    } | changes


def test_a_form_without_a_reason_comes_back(root, page):
    reply = root.post(page, given())

    assert reply.status_code == 200
    assert reply.context["adminform"].form.errors["because"] == ["This field is required."]
    assert Merchant.objects.get().name == "Kiosk"
    assert not Entry.objects.exists()


def test_the_reason_is_kept_with_what_changed(root, page):
    form = root.get(page).context["adminform"].form.initial
    reply = root.post(page, form | {"name": "Bakery", "because": " They were renamed. "})

    assert reply.status_code == 302
    entry = Entry.objects.get()
    assert (entry.act, entry.by, entry.because) == ("change", "root", "They were renamed.")
    assert (entry.before["name"], entry.after["name"]) == ("Kiosk", "Bakery")


def test_who_only_looks_is_not_asked(page):
    otto = User.objects.create_user("otto", is_staff=True)
    otto.groups.add(Group.objects.get(name="auditor"))
    client = Client()
    client.force_login(otto)

    reply = client.get(page)

    assert reply.status_code == 200
    assert 'name="because"' not in reply.text


@pytest.fixture
def weight(merchant):
    made = RoutingWeight.objects.create(merchant_id=merchant.merchant.id, psp="stripe", weight=1)
    return f"/admin/routing/routingweight/{made.pk}/delete/"


def test_nothing_is_deleted_without_a_reason(root, weight):
    assert "Delete the routing weight" in root.get(weight).text
    for nothing in ({"post": "yes"}, {"post": "yes", "because": "  "}):
        reply = root.post(weight, nothing)
        assert reply.status_code == 200
        assert "This field is required." in reply.text
    assert RoutingWeight.objects.exists()
    assert not Entry.objects.exists()


def test_what_is_deleted_stays_in_the_log(root, weight):
    assert root.post(weight, {"post": "yes", "because": "Their contract ended."}).status_code == 302

    assert not RoutingWeight.objects.exists()
    entry = Entry.objects.get()
    assert (entry.act, entry.because, entry.after) == ("delete", "Their contract ended.", None)
    assert entry.before["psp"] == "stripe"


def test_nothing_is_ticked_and_deleted(root, weight):
    assert "delete_selected" not in root.get("/admin/routing/routingweight/").text
