"""The audit log is read by those whose task it is: by person, act and thing, with before beside after."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory

from kernel.audit.models import Entry
from kernel.audit.record import audited, write_down
from kernel.clock import now
from merchants.models import Merchant
from paygate.staff.roles import ROLES

pytestmark = pytest.mark.django_db

LIST = "/admin/kernel/entry/"
DAY = timedelta(days=1)


def login(name, role):
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def otto():
    return login("otto", "auditor")


@pytest.fixture
def kiosk(merchant):
    return Merchant.objects.get(id=merchant.merchant.id)


@pytest.fixture
def suspended(kiosk):
    """Grace suspends a merchant; somebody else's act dies in the middle."""
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = User.objects.create_user("grace")
    with audited(request, "merchant.suspend", kiosk, because="Fraud."):
        Merchant.objects.filter(id=kiosk.id).update(status="suspended")
    write_down(
        *(None, "refund", Entry.Outcome.ASKED),
        kind="payment",
        subject="pay_x",
        by="ada",
        at=now() - timedelta(hours=1),
    )
    return Entry.objects.get(outcome="done")


def positions(client, **query):
    page = client.get(LIST, query)
    assert page.status_code == 200
    return sorted(entry.position for entry in page.context["cl"].result_list)


@pytest.mark.parametrize("role", ROLES)
def test_only_auditors_administrators_and_leads_see_it(role, suspended):
    client = login("somebody", role)
    sees = role in {"auditor", "administrator", "support lead", "finance lead"}

    assert (client.get(LIST).status_code == 200) is sees
    assert (client.get(f"{LIST}{suspended.position}/change/").status_code == 200) is sees


def test_nobody_writes_in_it(suspended):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for path in ("add/", "2/change/", "2/delete/"):
        assert client.post(f"{LIST}{path}", {"by": "otto"}).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [2, 3]),  # Each act once: by its end, where it has one.
        ({"outcome": "every"}, [1, 2, 3]),
        ({"outcome": "done"}, [2]),
        ({"outcome": "never"}, [3]),
        ({"outcome": "refused"}, []),
        ({"by": "grace"}, [2]),
        ({"by": "nobody"}, []),
        ({"act": "refund"}, [3]),
        ({"kind": "merchant"}, [2]),
        ({"q": "pay_x"}, [3]),
        ({"q": "pay"}, []),  # Ids are known whole.
        ({"day": "30"}, [2, 3]),
        ({"day": "7"}, [2, 3]),
        ({"day": "2020-02-02"}, []),
        ({"day": "no day"}, []),
        ({"day": "9999-12-31"}, []),
    ],
)
def test_it_is_filtered_by_whom_what_how_and_when(otto, suspended, query, found):
    assert positions(otto, **query) == found


def test_a_day_is_found_by_its_date(otto, suspended):
    assert 2 in positions(otto, day=f"{suspended.at:%Y-%m-%d}")


def test_what_is_being_done_just_now_has_not_died(otto, suspended):
    write_down(None, "refund", Entry.Outcome.ASKED, kind="payment", subject="pay_y", by="ada")

    assert positions(otto, outcome="never") == [3]


def test_what_ended_long_ago_has_not_died(otto, suspended):
    long_ago = {"kind": "payment", "subject": "pay_z", "by": "ada", "at": suspended.at - DAY}
    asked = write_down(None, "refund", Entry.Outcome.ASKED, **long_ago)
    assert positions(otto, outcome="never") == [3, asked]
    write_down(None, "refund", Entry.Outcome.REFUSED, **long_ago, answers=asked)

    assert positions(otto, outcome="never") == [3]


def test_an_entry_shows_what_was_beside_what_it_became(otto, kiosk, suspended):
    page = otto.get(f"{LIST}{suspended.position}/change/").text

    for shown in ("Merchant: suspend", "Fraud.", "grace", "active", "suspended", "192.0.2.7"):
        assert shown in page
    assert f"?q={kiosk.public_id}" in page  # Everything about it.
    assert "?by=grace" in page  # Everything that person did.
    assert f"/admin/merchants/merchant/{kiosk.id}/change/" in page
    assert f"{LIST}1/change/" in page  # What asked for it.
    assert f"{LIST}{suspended.position}/change/" in otto.get(f"{LIST}1/change/").text
    assert "died in the middle" in otto.get(f"{LIST}3/change/").text


def test_a_rows_history_is_what_the_log_has_of_it(otto, kiosk, suspended):
    page = otto.get(f"/admin/merchants/merchant/{kiosk.id}/history/").text

    for shown in ("Merchant: suspend", "Fraud.", "grace", "status: active → suspended"):
        assert shown in page
    assert "asked" not in page.lower().split("</table>")[0].split("<tbody")[-1]
    assert "Everything about it in the audit log" in page


def test_who_sees_a_row_sees_its_history_and_not_the_log(kiosk, suspended):
    sam = login("sam", "support")
    page = sam.get(f"/admin/merchants/merchant/{kiosk.id}/history/")

    assert "Fraud." in page.text
    assert "Everything about it in the audit log" not in page.text
    assert sam.get("/admin/fx/rate/x/history/").status_code == 404
    assert sam.get(f"/admin/merchants/feeplan/{kiosk.id}/history/").status_code in (403, 404)
