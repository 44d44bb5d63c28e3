"""The desk of unresolved money: what is at risk, asking the PSP, and the way to two people with a document."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kernel.audit.models import Entry
from kernel.clock import now
from kernel.ids import uuid7
from paygate.approvals.models import Request
from paygate.payments.models import Attempt, Payment
from paygate.payments.queues import QUEUES
from paygate.payments.unresolved import at_risk, unresolved
from paygate.proof.prove import prove

pytestmark = pytest.mark.django_db

LIST = "/admin/payments/unresolved/"


@pytest.fixture(autouse=True)
def apart(settings, tmp_path):
    settings.OUTCOME_PATIENCE = 0.1
    settings.STORAGES["evidence"]["OPTIONS"]["location"] = str(tmp_path)
    storages._storages.clear()


@pytest.fixture
def as_(db):
    def log_in(login, role):
        user, made = User.objects.get_or_create(username=login, is_staff=True)
        if made:
            user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def unknown(api, simulators):
    """An attempt that has been unknown for so many minutes."""

    def build(minutes=5, psp="adyen", **changes):
        simulators[psp].faults(next=["timeout_after"], hang_seconds=1)
        payment = api.pay(psp=psp, **changes).json()["id"]
        simulators[psp].faults()
        attempt = Attempt.objects.filter(outcome="unknown").latest("id")
        assert Payment.objects.get(id=attempt.payment_id).public_id == payment
        since = now() - timedelta(minutes=minutes)
        Attempt.objects.filter(merchant_id=attempt.merchant_id, id=attempt.id).update(
            started_at=since, taken_at=since
        )
        return Attempt.objects.get(id=attempt.id)

    return build


def page_of(attempt):
    return f"{LIST}{attempt.id}/change/"


def text(reply):
    assert reply.status_code == 200, reply.status_code
    return reply.content.decode()


def letter():
    return SimpleUploadedFile("letter.pdf", b"%PDF-1.7 dear merchant")


VERDICT = {
    "deed": "verdict",
    "key": "the-form",
    "verdict": "executed",
    "psp_reference": "ADYEN-1",
    "amount": "10.00",
    "because": "their support wrote",
}


def test_what_is_unknown_for_a_while_is_listed_with_what_is_at_risk(as_, unknown):
    attempt = unknown(minutes=125)
    unknown(minutes=0)

    page = text(as_("sam", "support").get(LIST))

    for told in ("10.00 USD", "Authorization", "2 h, urgent", "Adyen", "not yet", "Kiosk"):
        assert told in page, told
    assert page.count("/change/?_changelist") + page.count(page_of(attempt)) >= 1
    assert [one.id for one in unresolved(now())] == [attempt.id]
    (risk,) = at_risk(now())
    assert (str(risk.money), risk.attempts, risk.livemode) == ("10.00 USD", 1, False)


def test_the_list_asks_as_often_for_many_as_for_one(as_, unknown):
    client = as_("sam", "support")

    def queries():
        with CaptureQueriesContext(connection) as asked:
            text(client.get(LIST))
        return len(asked)

    unknown()
    queries()
    one = queries()
    unknown()
    unknown()
    assert queries() == one


def test_the_queue_counts_what_the_page_shows(unknown):
    (queue,) = QUEUES
    unknown()
    unknown(minutes=61)

    assert (queue.counts(now()), queue.urgent(now())) == (2, 1)


def test_the_queue_is_counted_by_its_index(unknown):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = unresolved(now()).order_by()[:1000].explain()

    assert "payment_attempt_unknown" in plan


def test_the_psp_is_asked_now_and_what_it_said_is_shown(as_, unknown):
    attempt = unknown(psp="stripe")
    client = as_("sam", "support")

    page = text(
        client.post(page_of(attempt), {"deed": "look_up", "because": "called"}, follow=True)
    )

    assert "Stripe says that the authorize of 10.00 USD was executed" in page
    assert "is settled" in page
    assert Payment.objects.get().state == "captured"
    ended = Entry.objects.get(act="look_up", outcome="done")
    assert (ended.because, ended.details["attempt"]) == ("called", attempt.public_id)
    assert prove().holds


def test_many_are_asked_about_at_once_after_their_sum_was_shown(as_, unknown):
    attempts = [unknown(), unknown()]
    client = as_("sam", "support")
    form = {"action": "look_up", "_selected_action": [str(a.id) for a in attempts]}

    page = text(client.post(LIST, form))
    assert "20.00 USD" in page
    asked = client.post(LIST, form).context["form"]
    shown = {field.html_name: field.value() for field in asked}
    reply = client.post(LIST, form | shown | {"because": "PSP is back"}, follow=True)

    assert "2 of 2 is asked about now" in text(reply)
    assert {a.next_look_at <= now() for a in Attempt.objects.all()} == {True}


def test_a_document_asks_a_second_person_who_decides(as_, unknown):
    attempt = unknown()

    page = text(
        as_("ada", "finance").post(page_of(attempt), VERDICT | {"document": letter()}, follow=True)
    )
    request = Request.objects.get()
    assert f"{request.public_id} waits for a second person" in page
    assert "A second person has been asked" in page
    assert 'name="verdict"' not in page
    decided = as_("grace", "finance lead").post(
        f"/admin/approvals/request/{request.id}/change/",
        {"deed": "approve", "because": "read it"},
        follow=True,
    )

    assert "Approved and done" in text(decided)
    assert Payment.objects.get().state == "captured"
    assert prove().holds


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"psp_reference": ""}, "reference that the document names"),
        ({"amount": ""}, "amount that the document names"),
        ({"amount": "10,00"}, "with a point"),
        ({"amount": "9.99"}, "another thing"),
        ({"because": ""}, "This field is required"),
        ({"document": None}, "This field is required"),
        ({"document": SimpleUploadedFile("a.pdf", b"MZ")}, "none of them"),
        ({"verdict": "maybe"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_said_on_the_page(as_, unknown, changes, says):
    form = {
        name: value
        for name, value in (VERDICT | {"document": letter()} | changes).items()
        if value is not None
    }

    page = text(as_("ada", "finance").post(page_of(unknown()), form))

    assert says in page
    assert not Request.objects.exists()


def test_who_may_not_does_not(as_, unknown):
    attempt = unknown()
    otto, sam = as_("otto", "auditor"), as_("sam", "support")

    page = text(otto.get(page_of(attempt)))
    assert 'name="deed"' not in page
    for client, deed in ((otto, "look_up"), (otto, "verdict"), (sam, "verdict"), (sam, "x")):
        assert client.post(page_of(attempt), {"deed": deed}).status_code == 403
    assert Client().get(page_of(attempt)).status_code == 302


def test_addresses_that_somebody_typed_are_not_found(as_):
    for which in ("x", uuid7()):
        assert as_("sam", "support").get(f"{LIST}{which}/change/").status_code == 404
