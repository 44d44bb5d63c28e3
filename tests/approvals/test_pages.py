"""The pages of requests and limits: who sees them, who decides, and what the audit log keeps of it."""

import re

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from paygate.approvals.ask import ask
from paygate.approvals.models import Limit, Request, State
from paygate.approvals.queues import QUEUES
from paygate.wiring import APPROVED

pytestmark = pytest.mark.django_db


def done(request, at):
    return "re_done"


@pytest.fixture(autouse=True)
def kinds(monkeypatch, settings, tmp_path):
    monkeypatch.setitem(APPROVED, "nothing", "tests.approvals.test_pages.done")
    settings.STORAGES["evidence"]["OPTIONS"]["location"] = str(tmp_path)
    storages._storages.clear()


@pytest.fixture
def asked(people):
    def build(minor=120_00, by="sam", **changes):
        told = {
            "subject": "pay_01k9hqz2v6f3q8c7m5n4b2x1w0",
            "merchant_id": uuid7(),
            "livemode": True,
            "money": Money(minor, "EUR"),
            "payload": {"says": "refund 120.00 EUR of 250.00 EUR captured"},
            "because": "the parcel came back <b>",
            "key": str(uuid7()),
            "at": now(),
        }
        return ask("nothing", by=by, **told | changes)

    return build


@pytest.fixture
def as_(people):
    def log_in(login):
        client = Client()
        client.force_login(people[login])
        return client

    return log_in


def address(row):
    return f"/admin/approvals/request/{row.id}/change/"


def text(reply):
    assert reply.status_code == 200, reply.status_code
    return reply.content.decode()


def decide(client, row, deed, because="looked at it"):
    return client.post(address(row), {"deed": deed, "because": because}, follow=True)


def test_the_list_says_who_asks_for_what_and_why(as_, asked):
    row = asked()

    page = text(as_("lena").get("/admin/approvals/request/?state__exact=pending"))

    for told in ("Refund 120.00 EUR of 250.00 EUR captured", "sam", "came back &lt;b&gt;", "0 min"):
        assert told in page
    assert address(row).removeprefix("/admin/approvals/request") in page


def test_who_has_waited_longest_is_first_of_those_that_wait(as_, asked):
    first, second = asked(), asked()

    page = text(as_("lena").get("/admin/approvals/request/?state__exact=pending"))
    assert page.index(str(first.id)) < page.index(str(second.id))
    page = text(as_("lena").get("/admin/approvals/request/"))
    assert page.index(str(first.id)) > page.index(str(second.id))


def test_the_list_asks_as_often_for_many_as_for_one(as_, asked):
    client = as_("lena")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked_for:
            text(client.get("/admin/approvals/request/"))
        return len(asked_for)

    asked()
    queries()  # What is read once and kept.
    one = queries()
    for _ in range(5):
        asked()
    assert queries() == one


def test_who_may_approves_and_it_is_done(as_, asked):
    row = asked()

    page = text(decide(as_("lena"), row, "approve"))

    assert "Approved and done: re_done." in page
    row = Request.objects.get()
    assert (row.state, row.decided_by, row.decided_because) == ("done", "lena", "looked at it")
    begun, ended = Entry.objects.filter(act="request.approve").order_by("position")
    assert (begun.outcome, ended.outcome, ended.subject) == ("asked", "done", row.public_id)
    assert ended.before["state"] == "pending"
    assert ended.after["state"] == "done"


def test_who_may_rejects(as_, asked):
    row = asked()

    assert "Rejected." in text(decide(as_("lena"), row, "reject"))
    assert Request.objects.get().state == State.REJECTED


def test_whoever_asked_withdraws_and_nobody_else(as_, asked):
    row = asked()

    assert decide(as_("lena"), row, "withdraw").status_code == 403
    assert "Withdrawn." in text(decide(as_("sam"), row, "withdraw"))


@pytest.mark.parametrize("deed", ["approve", "reject"])
def test_nobody_decides_about_his_own(as_, asked, deed):
    row = asked(by="lena")

    page = text(as_("lena").get(address(row)))
    assert 'value="withdraw"' in page
    assert 'value="approve"' not in page
    assert decide(as_("lena"), row, deed).status_code == 403
    assert Request.objects.get().state == "pending"


def test_who_may_not_decide_looks(as_, asked):
    row = asked()

    page = text(as_("sue").get(address(row)))
    assert 'name="deed"' not in page
    assert decide(as_("sue"), row, "approve").status_code == 403


def test_a_lead_approves_up_to_the_leads_own_limit(as_, asked):
    row = asked(1000_01)

    page = text(as_("lena").get(address(row)))
    assert "1000.01 EUR is above your own limit of 1000.00 EUR" in page
    assert 'value="approve"' not in page
    refused = text(decide(as_("lena"), row, "approve"))
    assert "it takes a finance lead" in refused
    assert Entry.objects.get(act="request.approve", outcome="refused").because == "looked at it"

    assert "Approved and done" in text(decide(as_("grace"), row, "approve"))


def test_a_decision_says_why(as_, asked):
    row = asked()

    page = text(as_("lena").post(address(row), {"deed": "approve", "because": " "}))

    assert "This field is required." in page
    assert Request.objects.get().state == "pending"


def test_a_button_that_is_clicked_twice_decides_once(as_, asked):
    row = asked()
    decide(as_("lena"), row, "approve")

    assert "Approved and done" in text(decide(as_("lena"), row, "approve"))
    assert "was decided already: lena has approved it" in text(decide(as_("grace"), row, "reject"))


def test_addresses_that_somebody_typed_are_not_found(as_, asked):
    client = as_("lena")

    for which in ("x", uuid7()):
        assert client.get(f"/admin/approvals/request/{which}/change/").status_code == 404
    assert client.get(f"/admin/approvals/request/{asked().id}/document").status_code == 404


def test_a_document_is_saved_and_that_it_was_seen_is_written_down(as_, asked):
    row = asked(document=SimpleUploadedFile("le<tter>.pdf", b"%PDF-1.7 dear"))

    page = text(as_("lena").get(address(row)))
    assert f"/admin/approvals/request/{row.id}/document" in page
    reply = as_("lena").get(f"/admin/approvals/request/{row.id}/document")

    assert b"".join(reply.streaming_content) == b"%PDF-1.7 dear"
    assert reply["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    assert "sandbox" in reply["Content-Security-Policy"]
    assert Entry.objects.get(act="see").details == {"fields": ["document"]}


def test_what_waits_is_counted(asked, django_assert_num_queries):
    (queue,) = QUEUES
    asked()
    asked()

    with django_assert_num_queries(1):
        assert queue.counts(now()) == 2
    assert queue.urgent(now()) == 0


def test_the_administrator_changes_a_limit_and_says_why(people, client, django_user_model):
    from django.contrib.auth.models import Group

    admin = django_user_model.objects.create_user("admin", is_staff=True)
    admin.groups.add(Group.objects.get(name="administrator"))
    client.force_login(admin)
    limit = Limit.objects.get(role="support", currency="EUR")
    page = f"/admin/approvals/limit/{limit.id}/change/"

    assert 'value="100.00"' in text(client.get(page))
    form = {"single": "150.50", "daily": "1000"}
    assert "This field is required." in text(client.post(page, form))
    reply = client.post(page, form | {"because": "Christmas"})
    assert reply.status_code == 302, reply.context["errors"]

    limit.refresh_from_db()
    assert (limit.single, limit.daily) == (150_50, 1000_00)
    entry = Entry.objects.get(act="change")
    assert (entry.by, entry.because) == ("admin", "Christmas")
    assert (entry.before, entry.after) == ({"single": 100_00}, {"single": 150_50})


@pytest.mark.parametrize(
    "form, says",
    [
        ({"single": "10.005"}, "EUR has 2 decimals"),
        ({"single": "0"}, "more than nothing"),
        ({"single": "200000"}, "at least one refund"),
        ({"single": "x"}, "Enter a number"),
    ],
)
def test_what_is_no_limit_is_said(client, django_user_model, form, says):
    client.force_login(django_user_model.objects.create_superuser("root"))
    limit = Limit.objects.get(role="support", currency="EUR")

    page = text(
        client.post(
            f"/admin/approvals/limit/{limit.id}/change/",
            {"daily": "1000", "because": "why"} | form,
        )
    )
    assert says in page


def test_a_limit_is_added_once_a_role_and_currency(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root"))
    form = {"role": "support", "single": "5000", "daily": "50000", "because": "new market"}

    assert "already" in text(client.post("/admin/approvals/limit/add/", form | {"currency": "EUR"}))
    assert client.post("/admin/approvals/limit/add/", form | {"currency": "SEK"}).status_code == 302
    assert Limit.objects.get(currency="SEK").single == 5000_00


def test_who_may_not_change_limits_sees_them_in_money(as_):
    limit = Limit.objects.get(role="support", currency="JPY")

    page = text(as_("sam").get(f"/admin/approvals/limit/{limit.id}/change/"))
    assert "15000 JPY" in page
    assert not re.search(r'name="(single|daily)"', page)
    assert as_("sam").post(f"/admin/approvals/limit/{limit.id}/change/", {}).status_code == 403
    assert "100.00 EUR" in text(as_("sam").get("/admin/approvals/limit/"))
