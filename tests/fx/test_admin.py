"""The back office shows rates, quotes and our position, and lets a person decide about a rate, for a reason."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from kernel.clock import now
from paygate.fx.fetch import fetch as fetch_rates
from paygate.fx.models import Rate
from tests.fx.conftest import publish

pytestmark = pytest.mark.django_db

LIST = "/admin/fx/rate/"


@pytest.fixture
def ada():
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def staff(*names):
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def jumped(db):
    publish(days_ago=1, USD="1.0800")
    publish(USD="1.2100")
    return Rate.objects.get(state="quarantined")


def decision(client, rate, verb, reason="The ECB's own page says so."):
    return client.post(f"{LIST}{rate.id}/{verb}/", {"reason": reason, "_form_submitted": "True"})


@pytest.mark.parametrize(("verb", "state"), [("believe", "accepted"), ("refuse", "refused")])
def test_a_person_decides_about_a_rate_by_name_and_for_a_reason(ada, jumped, verb, state):
    assert decision(ada, jumped, verb).status_code in (200, 302)

    jumped.refresh_from_db()
    assert (jumped.state, jumped.decided_by) == (state, "ada")
    assert jumped.reason == "The ECB's own page says so."
    assert f"{verb.capitalize()} it" not in ada.get(f"{LIST}{jumped.id}/change/").content.decode()


def test_without_a_reason_nothing_is_decided(ada, jumped):
    decision(ada, jumped, "believe", reason="")
    jumped.refresh_from_db()
    assert jumped.state == "quarantined"


def test_who_may_only_look_decides_nothing(jumped):
    bob = staff("view_rate")

    assert "1.21" in bob.get(f"{LIST}{jumped.id}/change/").content.decode()
    assert decision(bob, jumped, "believe").status_code == 403
    jumped.refresh_from_db()
    assert jumped.state == "quarantined"


def test_the_position_is_shown_to_those_who_may_see_rates(api, converting, rates, ada):
    converting()
    payment = api.pay(psp="stripe", amount=100_00, currency="EUR").json()

    shown = ada.get(f"{LIST}position/").content.decode()
    held = 100_00 - payment["fee"]
    assert f"{held // 100}.{held % 100:02} EUR" in shown
    assert "0.925925925925926" in shown
    assert staff().get(f"{LIST}position/").status_code == 403


def test_feeds_rates_and_quotes_can_be_looked_at(ada, api):
    fetch_rates(now=now())
    quote = api.post("fx/quotes", {"from_currency": "EUR", "to_currency": "USD"}).json()

    for page in (LIST, "/admin/fx/feed/", "/admin/fx/feed/ecb/change/"):
        assert ada.get(page).status_code == 200, page
    listed = ada.get(f"/admin/fx/quote/?q={quote['id']}").content.decode()
    assert quote["id"] in listed
    assert ada.get("/admin/fx/quote/?q=fxq_00000000000000000000000000").status_code == 200
    rate = Rate.objects.first()
    for path in ("add/", f"{rate.id}/delete/"):
        assert ada.get(LIST + path).status_code == 403
