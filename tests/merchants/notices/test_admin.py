"""The back office sees endpoints and notices, switches and sends again by verbs, and changes nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from kernel.audit.models import Entry
from kernel.outbox.models import OutboxEvent
from merchants.models import Notice, WebhookEndpoint
from tests.bulk import carry_out
from tests.merchants.notices.conftest import again, deliver, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]

ENDPOINTS, NOTICES = "/admin/merchants/webhookendpoint/", "/admin/merchants/notice/"


@pytest.fixture
def office():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def given_up(shop, listens, happens):
    """A notice that was given up, and its endpoint, which was disabled for it."""
    endpoint = listens().endpoint
    shop.answers["/hook"] = [500]
    happens("pay_a", 1)
    deliver()
    return Notice.objects.get(), endpoint


def act(client, page, action, *rows):
    return client.post(page, {"action": action, "_selected_action": [str(row.id) for row in rows]})


def test_endpoints_and_notices_with_their_attempts_can_be_looked_at(office, given_up):
    notice, endpoint = given_up
    shown = office.get(f"{NOTICES}{notice.id}/change/").content.decode()

    assert shown.count("status") >= 3  # The error of each of three attempts.
    assert "webhook-signature" in shown
    page = office.get(f"{ENDPOINTS}{endpoint.id}/change/").content.decode()
    assert endpoint.url in page
    assert bytes(again(endpoint).secret).hex() not in page
    assert "Secret" not in page  # No such column, beside "Previous secret until".
    for page in (ENDPOINTS, NOTICES):
        assert office.get(page).status_code == 200


@pytest.mark.parametrize(
    "page, query, found",
    [
        (NOTICES, "?status__exact=failed", True),
        (NOTICES, "?status__exact=delivered", False),
        (ENDPOINTS, "?disabled_reason__exact=failing", True),
        (ENDPOINTS, "?disabled_reason__exact=gone", False),
        (NOTICES, "?q={event}", True),
        (NOTICES, "?q={endpoint}", True),
        (NOTICES, "?q=pay_a", True),
        (NOTICES, "?q=pay_b", False),
        (ENDPOINTS, "?q={endpoint}", True),
        (ENDPOINTS, "?q=127.0.0.1", True),
        (ENDPOINTS, "?q=shop.example", False),
    ],
)
def test_what_is_looked_for_is_found(office, given_up, page, query, found):
    notice, endpoint = given_up
    query = query.format(event=notice.public_event, endpoint=endpoint.public_id)
    row = notice if page == NOTICES else endpoint

    assert (f"{row.id}/change" in office.get(page + query).content.decode()) is found


def test_nothing_is_added_changed_or_deleted_by_a_form(office, given_up):
    notice, endpoint = given_up
    for page, row in ((NOTICES, notice), (ENDPOINTS, endpoint)):
        assert office.get(f"{page}add/").status_code == 403
        assert office.post(f"{page}{row.id}/change/", {"status": "x"}).status_code == 403
        assert office.post(f"{page}{row.id}/delete/", {"post": "yes"}).status_code == 403


def test_an_endpoint_is_enabled_and_what_was_given_up_is_sent_again(office, shop, given_up):
    notice, endpoint = given_up
    assert "Its endpoint is disabled." in act(office, NOTICES, "send_again", notice).text
    carry_out(office, ENDPOINTS, "enable", endpoint)
    carry_out(office, NOTICES, "send_again", notice)
    shop.answers["/hook"] = [200]
    deliver()

    assert again(endpoint).enabled
    assert statuses() == {"delivered": 1}
    done = Entry.objects.filter(outcome="done").order_by("position")
    assert [(one.act, one.because) for one in done] == [
        ("webhook_endpoint.enable", "Mended."),
        ("notice.send_again", "Mended."),
    ]


def test_an_endpoint_is_disabled_and_its_owner_told(office, listens):
    endpoint = listens().endpoint
    carry_out(office, ENDPOINTS, "disable", endpoint)

    assert again(endpoint).disabled_reason == "back_office"
    assert OutboxEvent.objects.get().topic == "webhook_endpoint.disabled"


def test_who_may_only_look_sends_and_switches_nothing(given_up):
    notice, endpoint = given_up
    user = User.objects.create_user("looker", is_staff=True)
    for name in ("view_notice", "view_webhookendpoint"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)

    assert client.get(NOTICES).status_code == client.get(ENDPOINTS).status_code == 200
    act(client, NOTICES, "send_again", notice)
    act(client, ENDPOINTS, "enable", endpoint)
    assert statuses() == {"failed": 1}
    assert not WebhookEndpoint.objects.get().enabled
