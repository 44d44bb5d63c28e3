"""Administrators set the shares of the PSPs, one for each, and say why."""

import pytest
from django.contrib.auth.models import Group, User

from kernel.audit.models import Entry
from kernel.ids import encode
from paygate.routing.models import RoutingWeight

ADD = "/admin/routing/routingweight/add/"


@pytest.fixture
def administrator(client, db):
    user = User.objects.create_user("admin", is_staff=True)
    user.groups.add(Group.objects.get(name="administrator"))
    client.force_login(user)
    return client


@pytest.fixture
def share(merchant):
    """A form as it is filled in."""
    return {
        "merchant": encode("mer", merchant.merchant.id),
        "psp": "adyen",
        "currency": "EUR",
        "weight": "60",
        "because": "Cheaper there.",
    }


def test_a_share_is_set_and_changed_and_both_are_logged(administrator, share, merchant):
    assert administrator.post(ADD, share).status_code == 302
    row = RoutingWeight.objects.get()
    assert (row.merchant_id, row.psp, row.currency, row.weight) == (
        *(merchant.merchant.id, "adyen", "EUR", 60),
    )

    page = f"/admin/routing/routingweight/{row.id}/change/"
    told = {"weight": "0", "because": "They are away.", "psp": "stripe"}
    assert administrator.post(page, told).status_code == 302
    row = RoutingWeight.objects.get()
    assert (row.psp, row.weight) == ("adyen", 0)
    newest = Entry.objects.first()
    assert (newest.because, newest.before, newest.after) == (
        *("They are away.", {"weight": 60}, {"weight": 0}),
    )


@pytest.mark.parametrize(
    "change, said",
    [
        ({"merchant": "mer_nobody"}, "There is no such merchant"),
        ({"psp": "paypal"}, "valid choice"),
        ({"currency": "XXX"}, "valid choice"),
        ({"weight": "-1"}, "greater than or equal"),
        ({"weight": "1000001"}, "less than or equal"),
        ({"because": ""}, "required"),
    ],
)
def test_what_makes_no_sense_is_said(administrator, share, change, said):
    answer = administrator.post(ADD, share | change)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not RoutingWeight.objects.exists()


def test_a_second_share_of_the_same_is_refused(administrator, share):
    administrator.post(ADD, share)

    assert "change that one" in administrator.post(ADD, share).content.decode()
    assert RoutingWeight.objects.count() == 1
