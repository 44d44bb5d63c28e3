"""The roles in the database are those of the table, and the table is of what there is."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.management import _get_all_permissions
from django.contrib.auth.models import Group, Permission
from django.db.migrations.loader import MigrationLoader

from paygate.staff.grants import grants
from paygate.staff.roles import ROLES

pytestmark = pytest.mark.django_db


def rights(group):
    pairs = group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


def test_the_groups_are_those_of_the_table():
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_each_group_may_what_the_table_says(role):
    assert rights(Group.objects.get(name=role)) == ROLES[role], (
        "roles.py and the database differ: grant it by the next migration of paygate/staff"
    )


def test_each_right_is_there_once():
    """Were one made for another model than its owner's, Django would make it a second time."""
    found = [f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.all()]
    for right in set().union(*ROLES.values()):
        assert found.count(right) == 1, right


def test_each_right_reads_as_django_would_have_named_it():
    """The migrations make rights before Django does, which leaves what it finds as it is."""
    for model in apps.get_models():
        for codename, name in _get_all_permissions(model._meta):
            made = Permission.objects.get(
                content_type__app_label=model._meta.app_label,
                content_type__model=model._meta.model_name,
                codename=codename,
            )
            assert made.name == name, codename


def test_the_auditor_may_look_at_every_page_and_what_is_within():
    for model, page in admin.site._registry.items():
        for looked_at in (model, *(inline.model for inline in page.inlines)):
            right = f"{looked_at._meta.app_label}.view_{looked_at._meta.model_name}"
            assert right in ROLES["auditor"], right


def test_the_auditor_does_nothing():
    assert {right.partition(".")[2].partition("_")[0] for right in ROLES["auditor"]} == {"view"}


def test_the_administrator_moves_no_money():
    of_money = ("payments.", "payouts.", "disputes.", "reconciliation.", "approvals.decide")
    doing = {right for right in ROLES["administrator"] if ".view_" not in right}
    assert not {right for right in doing if right.startswith(of_money)}


def test_leads_may_what_their_people_may():
    assert ROLES["support"] < ROLES["support lead"]
    assert ROLES["finance"] < ROLES["finance lead"]


def test_only_leads_decide_about_what_others_ask_for():
    assert {role for role, may in ROLES.items() if "approvals.decide" in may} == {
        "support lead",
        "finance lead",
    }


def test_granting_twice_changes_nothing_and_takes_nothing_away():
    before = rights(Group.objects.get(name="risk"))

    state = MigrationLoader(None).project_state(("staff", "0001_roles")).apps
    grants({"risk": ["payments.view_payment"]}).code(state, None)

    assert rights(Group.objects.get(name="risk")) == before


def test_a_right_of_no_known_model_is_not_granted():
    state = MigrationLoader(None).project_state(("staff", "0001_roles")).apps
    with pytest.raises(ValueError, match=r"payments\.burn: of which model"):
        grants({"risk": ["payments.burn"]}).code(state, None)
