"""The back office shows what PSPs told, and lets a person decide about it: by name, for a reason, nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from kernel.audit.models import Entry
from paygate.psp.events import Quarantined
from paygate.webhooks import decide
from paygate.webhooks.legible import HIDDEN, legible
from paygate.webhooks.models import PspEvent
from tests.webhooks.conftest import only
from tests.webhooks.signed import braintree, letter, stripe

pytestmark = pytest.mark.django_db

LIST = "/admin/webhooks/pspevent/"
NOW = datetime.now(UTC)


@pytest.fixture
def root_user():
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def quarantined(listening):
    """An event that a person must look at; whoever hears of it again is content."""
    listening(raises=Quarantined("we know no such payment"))
    payer = {"id": "pi_1", "object": "payment_intent", "amount": 1, "currency": "usd"}
    stripe("payment_intent.succeeded", object=payer | {"receipt_email": "joe@example.org"}).send()
    listening()
    return only()


def with_rights(*names):
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def page(event, verb="change"):
    return f"{LIST}{event.id}/{verb}/"


def decision(verb, event, client, reason="The payment was found."):
    return client.post(page(event, verb), {"reason": reason, "_form_submitted": "True"})


def test_the_list_and_the_row_can_be_looked_at(root_user, quarantined):
    letter("adyen").send()

    listed = root_user.get(LIST).content.decode()
    assert quarantined.public_id in listed
    assert "we know no such payment" in listed
    shown = root_user.get(page(quarantined)).content.decode()
    assert "payment_intent" in shown
    assert "joe@example.org" not in shown


@pytest.mark.parametrize(
    "query, count",
    [
        ("state__exact=quarantined", 1),
        ("psp=adyen", 1),
        ("psp=braintree", 0),
        ("kind=payment_intent.succeeded", 1),
        ("q=evt_nobody", 0),
    ],
)
def test_the_list_is_filtered(root_user, quarantined, query, count):
    letter("adyen").send()

    shown = root_user.get(f"{LIST}?{query}")

    assert shown.context["cl"].result_count == count


def test_it_is_found_by_its_id_and_by_the_psps(root_user, quarantined):
    for name in (quarantined.public_id, quarantined.key):
        assert root_user.get(LIST, {"q": name}).context["cl"].result_count == 1


def test_a_superuser_edits_nothing(root_user, quarantined):
    assert root_user.post(page(quarantined), {"state": "applied"}).status_code == 403
    assert root_user.post(page(quarantined, "delete"), {"post": "yes"}).status_code == 403
    assert root_user.get(f"{LIST}add/").status_code == 403


def test_what_can_be_applied_now_is_applied_again(root_user, quarantined, heard):
    assert "Apply again" in root_user.get(page(quarantined)).content.decode()

    assert decision("apply-again", quarantined, root_user).status_code == 302

    event = only()
    assert (event.state, event.result) == ("applied", "heard")
    assert (event.decided_by, event.decided_why) == ("ada", "The payment was found.")
    assert heard == ["pi_1"]
    entry = Entry.objects.get(outcome="done")
    assert (entry.by, entry.act, entry.because) == (
        *("ada", "psp_event.apply_again", "The payment was found."),
    )
    assert entry.subject == event.public_id


def test_what_still_contradicts_us_comes_back_with_the_name_on_it(
    root_user, quarantined, listening
):
    listening(raises=Quarantined("we still know no such payment"))

    decision("apply-again", quarantined, root_user)

    event = only()
    assert (event.state, event.why) == ("quarantined", "we still know no such payment")
    assert event.decided_by == "ada"


def test_what_was_seen_to_otherwise_is_set_aside_for_good(root_user, quarantined, heard):
    decision("set-aside", quarantined, root_user, "Refunded by hand, see ticket 7.")

    event = only()
    assert (event.state, event.decided_by) == ("set_aside", "ada")
    assert event.settled_at
    assert event.why == "we know no such payment"
    assert heard == []
    assert "Apply again" not in root_user.get(page(event)).content.decode()
    assert decision("apply-again", event, root_user).status_code == 403
    assert only().state == "set_aside"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_there_is_no_decision_without_a_reason(root_user, quarantined, reason):
    assert decision("set-aside", quarantined, root_user, reason).status_code == 200

    assert only().state == "quarantined"


def test_the_dialog_asks_before_it_decides(root_user, quarantined):
    asked = root_user.get(page(quarantined, "set-aside"), headers={"HX-Request": "true"})

    assert "How was it seen to?" in asked.content.decode()
    assert only().state == "quarantined"
    told = root_user.post(
        page(quarantined, "set-aside"),
        {"reason": "seen to", "_form_submitted": "True"},
        headers={"HX-Request": "true"},
    )
    assert told["HX-Redirect"] == page(quarantined)


def test_all_are_applied_again_after_a_mistake_of_ours(root_user, quarantined, heard):
    letter("adyen").send()
    reply = root_user.post(
        f"{LIST}apply-all-again/", {"reason": "Mended.", "_form_submitted": "True"}
    )

    assert reply.status_code == 302
    assert set(PspEvent.objects.values_list("state", "decided_by")) == {
        ("applied", "ada"),
        ("irrelevant", ""),
    }


def test_looking_is_not_deciding(quarantined):
    looks = with_rights("view_pspevent")

    assert looks.get(page(quarantined)).status_code == 200
    assert "Set aside" not in looks.get(page(quarantined)).content.decode()
    assert decision("set-aside", quarantined, looks).status_code == 403
    assert only().state == "quarantined"


def test_who_may_decide_decides(quarantined):
    decides = with_rights("view_pspevent", "decide_pspevent")

    assert decision("set-aside", quarantined, decides).status_code == 302
    assert only().decided_by == "bob"


def test_of_two_who_decide_the_first_one_has(quarantined):
    decide.set_aside(quarantined.id, by="ada", why="seen to", now=NOW)

    with pytest.raises(decide.NotQuarantined, match="set_aside"):
        decide.apply_again(quarantined.id, by="bob", why="found", now=NOW)

    assert only().decided_by == "ada"


def test_what_is_no_event_is_not_decided_about(root_user, quarantined):
    assert root_user.get(f"{LIST}nothing/apply-again/").status_code == 403
    assert root_user.get(f"{LIST}nothing/change/").status_code == 302  # Back to the list.


def test_patience_begins_anew_with_a_decision(root_user, quarantined, listening, monkeypatch):
    from paygate.psp.events import NotYet
    from paygate.webhooks import apply as applying

    later = NOW + timedelta(days=30)
    decide.apply_again(quarantined.id, by="ada", why="found", now=later)
    listening(raises=NotYet("too early"))
    monkeypatch.setattr(applying, "now", lambda: later)

    applying.apply("stripe", at=later)

    assert (only().state, only().why) == ("received", "too early")


# --------------------------------------------------------------------------------- what is shown


def test_a_payload_is_shown_without_people():
    shown = legible(
        {
            "object": "charge",
            "amount": 1000,
            "captured": True,
            "fee": None,
            "client_secret": "pi_1_secret_2",
            "billing_details": {"name": "Joe", "email": "", "address": {"line1": "Main St 1"}},
            "items": [{"cardHolderName": "Joe"}, {"shopperIP": "1.2.3.4"}],
            "note": "4111 1111 1111 1111",
            "number": 4111111111111111,
        }
    )

    for private in ("Joe", "Main St", "secret_2", "1.2.3.4", "4111"):
        assert private not in shown
    for public in ('"charge"', "1000", "true", "null", HIDDEN, "[card number]"):
        assert public in shown


def test_xml_is_shown_without_people():
    braintree(
        "dispute_opened",
        subject="<dispute><id>dp1</id><customer-email>joe@example.org</customer-email>"
        "<transaction><amount>10.00</amount></transaction></dispute>",
    ).send()

    shown = legible(only().payload)

    assert "joe@example.org" not in shown
    assert "10.00" in shown
    assert "dp1" in shown
