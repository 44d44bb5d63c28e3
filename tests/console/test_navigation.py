"""The sidebar: only what the person may see, on every page, at a bounded price."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from paygate.console.navigation import SECTIONS
from paygate.console.queue_counts import queues
from paygate.staff.roles import ROLES


@pytest.fixture
def sidebar(db):
    """The sections of the sidebar for a role, as {title: [items' titles]}."""

    def sidebar(role):
        page = client(role).get("/admin/search/")
        return {
            section["title"]: [item["title"] for item in section["items"]]
            for section in page.context["sidebar_navigation"]
        }

    return sidebar


def client(role=None):
    user = User.objects.create_user(f"in-{role}", is_staff=True, is_superuser=role is None)
    if role:
        user.groups.add(Group.objects.get(name=role))
    logged_in = Client()
    logged_in.force_login(user)
    return logged_in


def test_every_page_that_is_named_is_there(db):
    for _, pages in SECTIONS:
        for page in pages:
            reverse(page.name)
    for queue in queues():
        reverse(queue.page)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_sees_what_it_may_look_at_and_every_link_opens(db, role):
    logged_in = client(role)
    page = logged_in.get("/admin/search/")

    items = [item for section in page.context["sidebar_navigation"] for item in section["items"]]

    assert items
    for item in items:
        assert logged_in.get(item["link"]).status_code == 200, item["link"]


def test_support_sees_no_books_and_finance_no_logins(sidebar):
    support, finance = sidebar("support"), sidebar("finance")

    assert "Books" not in support.get("Finance", [])
    assert "Payments" in support["Money"]
    assert "Books" in finance["Finance"]
    assert "Users" not in finance.get("People", [])


def test_who_may_see_nothing_sees_an_empty_sidebar_and_asks_for_no_count(
    db, django_assert_max_num_queries
):
    user = User.objects.create_user("blind", is_staff=True)
    logged_in = Client()
    logged_in.force_login(user)

    with django_assert_max_num_queries(8):
        page = logged_in.get("/admin/search/")

    assert page.context["sidebar_navigation"] == []


def test_one_item_is_marked_as_where_one_is(db):
    logged_in = client()

    def active(address):
        page = logged_in.get(address)
        return [
            item["title"]
            for section in page.context["sidebar_navigation"]
            for item in section["items"]
            if item["active"]
        ]

    assert active("/admin/payments/payment/") == ["Payments"]
    assert active("/admin/webhooks/pspevent/") == ["Webhooks in"]
    assert active("/admin/webhooks/pspevent/?state__exact=quarantined") == ["Quarantined webhooks"]
    assert active("/admin/search/") == []


def test_the_sidebar_costs_no_query_while_its_counts_are_believed(db):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    logged_in = client("auditor")
    with CaptureQueriesContext(
        connection,
    ) as cold:
        logged_in.get("/admin/search/")
    with CaptureQueriesContext(connection) as warm:
        logged_in.get("/admin/search/")

    assert len(warm) <= 6  # The session, the person, what the person may, and a savepoint.
    assert len(cold) <= len(warm) + 4 + 6 * len(queues())


def test_the_label_tells_a_stage_from_the_real_thing(db, settings):
    logged_in = client()
    assert "Test" in logged_in.get("/admin/search/").content.decode()

    settings.BACK_OFFICE_LABEL = ""
    assert logged_in.get("/admin/search/").context["environment"] is None
