"""The audit log is written before, after, and in ink; its chain shows what was meddled with."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from kernel.audit.models import Entry
from kernel.audit.proof import CHECKS
from kernel.audit.record import audited, differing, plain, saw, snapshot
from merchants.models import Merchant
from merchants.onboard import onboard


@pytest.fixture
def request_(db):
    request = RequestFactory().get("/admin/", REMOTE_ADDR="192.0.2.7")
    request.request_id = "req_1"
    request.user = User.objects.create_user("ada")
    request.user.groups.add(Group.objects.get_or_create(name="support")[0])
    return request


@pytest.fixture
def kiosk(db):
    return Merchant.objects.get(id=onboard("Kiosk").merchant.id)


class TooMuch(Exception):
    pass


def entries():
    return list(Entry.objects.order_by("position"))


def test_what_is_done_is_asked_for_first_and_then_shown_as_it_became(request_, kiosk):
    with audited(request_, "suspend", kiosk, because="Fraud.") as deed:
        Merchant.objects.filter(id=kiosk.id).update(status="suspended")
        deed.details["ticket"] = "T-1"

    asked, done = entries()
    assert (asked.outcome, asked.because, asked.by, asked.roles) == (
        "asked",
        "Fraud.",
        "ada",
        ["support"],
    )
    assert (done.outcome, done.answers) == ("done", asked.position)
    assert (done.before, done.after) == ({"status": "active"}, {"status": "suspended"})
    assert done.details == {"ticket": "T-1"}
    assert (done.kind, done.subject) == ("merchant", kiosk.public_id)
    assert (done.address, done.request_id) == ("192.0.2.7", "req_1")


def test_a_refusal_is_kept_with_its_words(request_, kiosk):
    with (
        pytest.raises(TooMuch),
        audited(request_, "refund", kiosk, because="x", refusals=(TooMuch,)),
    ):
        raise TooMuch("40.00 EUR is above your limit")

    assert entries()[-1].outcome == "refused"
    assert entries()[-1].details == {"said": "40.00 EUR is above your limit"}


def test_a_mistake_of_ours_is_kept_without_its_words(request_, kiosk):
    with pytest.raises(ZeroDivisionError), audited(request_, "refund", kiosk, because="x"):
        1 / 0  # noqa: B018

    assert (entries()[-1].outcome, entries()[-1].details) == (
        "failed",
        {"said": "ZeroDivisionError"},
    )


def test_looking_at_what_is_private_is_logged(request_, kiosk):
    saw(request_, kiosk, "name", because="The customer called.")

    assert (entries()[-1].outcome, entries()[-1].details) == ("seen", {"fields": ["name"]})


def test_nothing_hidden_is_in_a_snapshot(db):
    ada = User.objects.create_user("ada", password="correct horse battery")

    assert "password" not in snapshot(ada)
    assert snapshot(ada)["username"] == "ada"


def test_what_looks_like_a_card_number_does_not_enter_the_log():
    assert "4242" not in str(plain({"note": "paid with 4242 4242 4242 4242"}))
    assert plain({"token": "tok_1", "kept": "x" * 5000})["kept"] == "x" * 2000 + "…"
    assert "token" not in plain({"token": "tok_1"})


def test_only_what_differs_is_kept():
    assert differing({"a": 1, "b": 2}, {"a": 1, "b": 3}) == ({"b": 2}, {"b": 3})
    assert differing({"a": 1}, {"a": 1}) == (None, None)


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE audit_entry SET by = 'grace'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "DELETE FROM audit_head",
    ],
)
def test_nobody_changes_what_is_written(request_, kiosk, meddling):
    saw(request_, kiosk, "name")

    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(meddling)
    assert refused.value.__cause__.sqlstate == "PG141"


def contradicted():
    """The checks that somebody who owns the tables, and works behind the triggers' backs, contradicts."""
    found = []
    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(check.against)
            found += [check.says] if cursor.fetchall() else []
    return found


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE audit_entry SET because = 'nothing' WHERE position = 2",
        "UPDATE audit_entry SET at = at - interval '1 day' WHERE position = 2",
        "DELETE FROM audit_entry WHERE position = 2",
        "DELETE FROM audit_entry WHERE position = 3",
        "UPDATE audit_entry SET position = position + 10 WHERE position = 3",
        "UPDATE audit_head SET position = 2",
    ],
)
def test_the_proof_sees_what_was_meddled_with(request_, kiosk, meddling):
    for _ in range(3):
        saw(request_, kiosk, "name", because="café ü")
    assert contradicted() == []

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute(meddling)
    assert contradicted()
