"""Many payments are refunded at once: what is above the limits waits for a second person, and no form does it twice."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.audit.models import Entry
from paygate.approvals.models import Limit, Request
from paygate.payments.models import Payment, Refund
from paygate.proof.prove import prove

pytestmark = pytest.mark.django_db

LIST = "/admin/payments/payment/"


@pytest.fixture
def sam(db):
    user = User.objects.create_user("sam", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def paid(api):
    def pay(*amounts, **changes):
        for amount in amounts:
            api.pay(**{"psp": "stripe", "amount": amount} | changes)
        return {
            "action": "refund_many",
            "_selected_action": [str(id_) for id_ in Payment.objects.values_list("id", flat=True)],
        }

    return pay


def text(reply):
    assert reply.status_code == 200, reply.status_code
    return reply.content.decode()


def filled(client, form, because="the shop burnt down"):
    shown = client.post(LIST, form).context["form"]
    return form | {f.html_name: f.value() for f in shown} | {"because": because}


def test_the_preview_adds_up_and_says_what_takes_a_second_person(sam, paid):
    Limit.objects.filter(role="support", currency="USD").update(daily=150_00)
    form = paid(90_00, 80_00, 100_01)
    paid(5_00, currency="CHF")
    form = paid(7_00, capture_method="manual")

    page = text(sam.post(LIST, form))

    for told in (
        "270.01 USD",
        "5.00 CHF",
        "refunded at once",
        "second person: above your limit of 100.00 USD",
        "second person: more than the 150.00 USD left of your day",
        "second person: you have no limit in CHF",
        "nothing was taken",
    ):
        assert told in page, told
    assert not Refund.objects.exists()


def test_each_is_refunded_or_asked_for_once(sam, paid):
    form = filled(sam, paid(10_00, 20_00, 100_01))

    first = text(sam.post(LIST, form, follow=True))
    assert "2 of 3 done" in first
    assert "1 of 3 wait for a second person" in first
    again = text(sam.post(LIST, form, follow=True))

    assert "Something changed" in again
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [10_00, 20_00]
    waits = Request.objects.get()
    assert waits.amount == 100_01
    ended = Entry.objects.filter(act="refund", outcome="done")
    assert [one.subject for one in ended if one.details.get("waits")] == [waits.subject]
    assert prove().holds


def test_whoever_may_not_refund_has_no_such_button(client, paid):
    user = User.objects.create_user("rita", is_staff=True)
    user.groups.add(Group.objects.get(name="risk"))
    client.force_login(user)
    form = paid(10_00)

    assert "Refund in full" not in text(client.get(LIST))
    client.post(LIST, form | {"because": "x", "digest": "x", "key": "x"})
    assert not Refund.objects.exists()
