"""Administrators look after people; nobody gives themselves a role, and nobody gets above the roles."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client, RequestFactory

from kernel.audit.models import Entry
from paygate.staff.back_office.logins import AboveThem, reset

pytestmark = pytest.mark.django_db

LIST, PASSWORD = "/admin/auth/user/", "correct horse battery"


def person(name, *roles, **more):
    user = User.objects.create_user(name, password="x" * 12, is_staff=True, **more)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def login(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def office(db):
    return login(person("admin", "administrator"))


def role(name):
    return Group.objects.get(name=name).pk


def roles(user):
    return sorted(User.objects.get(pk=user.pk).groups.values_list("name", flat=True))


def change(client, user, **given):
    form = {"username": user.username, "is_active": "on", "because": "Moved."} | given
    return client.post(f"{LIST}{user.pk}/change/", form)


def test_somebody_is_taken_on_in_a_role(office):
    given = {
        "username": "sam",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "groups": [role("support")],
        "because": "Begins in December.",
    }
    assert office.get(f"{LIST}add/").status_code == 200
    assert office.post(f"{LIST}add/", given | {"because": ""}).status_code == 200
    assert office.post(f"{LIST}add/", given).status_code == 302

    sam = User.objects.get(username="sam")
    assert (sam.is_staff, sam.is_superuser, roles(sam)) == (True, False, ["support"])
    assert Client().login(username="sam", password=PASSWORD)
    entry = Entry.objects.get(act="add")
    assert (entry.by, entry.because) == ("admin", "Begins in December.")
    assert entry.after["roles"] == ["support"]
    assert "password" not in entry.after


def test_a_change_of_roles_is_in_the_log_before_and_after(office):
    sam = person("sam", "support")
    assert change(office, sam, groups=[role("support lead")]).status_code == 302

    assert roles(sam) == ["support lead"]
    entry = Entry.objects.get(act="change")
    assert (entry.before["roles"], entry.after["roles"]) == (["support"], ["support lead"])
    assert entry.because == "Moved."


def test_nobody_changes_their_own_roles(office):
    admin = User.objects.get(username="admin")
    change(office, admin, groups=[role("administrator"), role("finance lead")])

    assert roles(admin) == ["administrator"]


def test_nobody_is_made_a_superuser_or_given_a_right_of_their_own(office):
    sam = person("sam", "support")
    change(office, sam, is_superuser="on", user_permissions=[1], groups=[role("support")])

    sam.refresh_from_db()
    assert not sam.is_superuser
    assert not sam.user_permissions.exists()


def test_a_superusers_login_is_not_the_administrators_to_change(office):
    root = User.objects.create_superuser("root", password="x" * 12)
    assert change(office, root, groups=[]).status_code == 403
    given = {"password1": PASSWORD, "password2": PASSWORD, "because": "x"}
    assert office.post(f"{LIST}{root.pk}/password/", given).status_code == 403
    assert not Client().login(username="root", password=PASSWORD)


def test_nobody_is_deleted(office):
    sam = person("sam", "support")
    for client in (office, login(User.objects.create_superuser("root"))):
        assert client.post(f"{LIST}{sam.pk}/delete/", {"post": "yes"}).status_code == 403
        assert "delete_selected" not in client.get(LIST).text


def test_whoever_leaves_is_out_at_once(office):
    sam = person("sam", "support")
    at_work = login(sam)
    assert at_work.get("/admin/merchants/merchant/").status_code == 200
    office.post(f"{LIST}{sam.pk}/change/", {"username": "sam", "because": "Left."})

    assert at_work.get("/admin/merchants/merchant/").status_code == 302


def test_a_lost_password_is_set_anew_for_a_reason(office):
    sam = person("sam", "support")
    page, given = f"{LIST}{sam.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD}
    assert "Reason" in office.get(page).text
    assert office.post(page, given).status_code == 200
    assert not Entry.objects.exists()

    assert office.post(page, given | {"because": "Lost it; known by sight."}).status_code == 302
    assert Client().login(username="sam", password=PASSWORD)
    entry = Entry.objects.exclude(act__startswith="log").get()
    assert entry.because == "Lost it; known by sight."
    assert PASSWORD not in str(entry.__dict__)


def test_ones_own_password_takes_the_old_one(office):
    admin = User.objects.get(username="admin")
    given = {"password1": PASSWORD, "password2": PASSWORD, "because": "x"}
    assert office.post(f"{LIST}{admin.pk}/password/", given).status_code == 403


@pytest.mark.parametrize("page", ["auth/user/", "auth/group/"])
def test_only_administrators_and_auditors_see_people_and_roles(page):
    for name in ("support lead", "finance lead", "risk"):
        assert login(person(name, name)).get(f"/admin/{page}").status_code == 403
    otto = login(person("otto", "auditor"))
    assert otto.get(f"/admin/{page}").status_code == 200
    assert otto.post(f"/admin/{page}add/", {"username": "x"}).status_code == 403


def test_a_role_shows_what_it_may_and_who_has_it_and_is_changed_by_nobody(office):
    person("sam", "support")
    page = f"/admin/auth/group/{role('support')}/change/"
    shown = office.get(page).text
    assert "Can refund payments" in shown
    assert "sam" in shown
    root = login(User.objects.create_superuser("root"))
    assert root.post(page, {"name": "x", "permissions": [1]}).status_code == 403
    assert root.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
    assert root.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_a_role_is_not_changed_with_a_login_that_is_not_fresh(office, settings):
    sam = person("sam", "support")
    settings.STAFF_SECOND_FACTOR = True
    reply = change(office, sam, groups=[role("finance lead")])

    assert reply.status_code == 302
    assert roles(sam) == ["support"]


@pytest.mark.parametrize("spelled", ["0{}", "%20{}", "+{}"])
def test_ones_own_password_takes_the_old_one_however_the_address_is_spelled(office, spelled):
    admin = User.objects.get(username="admin")
    given = {"password1": PASSWORD, "password2": PASSWORD, "because": "x"}
    page = f"{LIST}{spelled.format(admin.pk)}/password/"
    assert office.post(page, given).status_code == 403

    assert not Client().login(username="admin", password=PASSWORD)


def test_nobody_is_renamed_so_nobody_approves_their_own_under_another_name(office):
    sam = person("sam", "support lead")
    change(office, sam, username="pam", groups=[role("support lead")])

    assert User.objects.filter(username="sam").exists()
    with pytest.raises(DatabaseError, match="keeps its name"), transaction.atomic():
        User.objects.filter(pk=sam.pk).update(username="pam")


def test_no_two_logins_differ_by_case_alone(office):
    person("sam", "support")
    given = {"username": "Sam", "password1": PASSWORD, "password2": PASSWORD, "because": "Twice."}
    assert office.post(f"{LIST}add/", given).status_code == 200
    with pytest.raises(IntegrityError), transaction.atomic():
        person("SAM")

    assert User.objects.filter(username__iexact="sam").count() == 1


def test_a_superusers_second_factor_is_reset_by_another_superuser_alone(office):
    root = User.objects.create_superuser("root", password="x" * 12)
    asked = RequestFactory().post("/admin/")
    asked.user = User.objects.get(username="admin")
    with pytest.raises(AboveThem):
        reset(asked, root, because="They asked me to.")
    asked.user = User.objects.create_superuser("toor")
    reset(asked, root, because="Known by sight.")

    assert [
        e.outcome for e in Entry.objects.filter(act="second_factor.reset").order_by("position")
    ] == [*("asked", "refused", "asked", "done")]
