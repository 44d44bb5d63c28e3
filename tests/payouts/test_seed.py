"""What the demo begins with: merchants that can be paid, and a login for each role."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from merchants.funds.terms import terms_in_effect
from paygate.staff.roles import ROLES
from payouts.collect import collect
from payouts.find import destination_for
from tests.payouts.conftest import available, earn

pytestmark = pytest.mark.django_db


@pytest.fixture
def seed():
    out = io.StringIO()
    call_command("seed_demo", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_demos_merchants_are_paid_by_schedule_in_three_currencies(seed):
    whose = [decode("mer", merchant["id"]) for merchant in seed["merchants"]]
    for merchant in whose:
        for currency in ("EUR", "USD", "GBP"):
            earn(merchant, Money(10_00, currency))
            assert destination_for(merchant, livemode=False, currency=currency, at=now())

    collect(livemode=False, at=now())

    assert {available(merchant, c) for merchant in whose for c in ("EUR", "USD", "GBP")} == {0}
    held = [terms_in_effect(merchant, at=now()).reserve_basis_points for merchant in whose]
    assert held == [0, 1_000]


def test_finance_looks_at_breaks_and_at_the_proof(seed):
    for login in ("ada", "grace"):
        user = User.objects.get(username=login)
        names = ("reconciliation.propose", "reconciliation.approve", "reconciliation.upload")
        for name in (*names, "reconciliation.view_break", "proof.view_run", "proof.run"):
            assert user.has_perm(name), name


def test_finance_builds_and_one_of_them_approves_large_sums(seed):
    names = ("build_batch", "approve_batch", "approve_large_batch", "decide_destination")
    rights = {
        login["user"]: [
            User.objects.get(username=login["user"]).has_perm(f"payouts.{name}") for name in names
        ]
        for login in seed["logins"]
    }
    assert {who: may for who, may in rights.items() if any(may)} == {
        "ada": [True, True, False, True],
        "grace": [True] * 4,
    }


def test_there_is_a_login_for_each_role_and_nobody_is_above_them(seed):
    assert {login["role"] for login in seed["logins"]} == set(ROLES)
    for login in seed["logins"]:
        assert Client().login(username=login["user"], password=login["password"])
        user = User.objects.get(username=login["user"])
        assert [group.name for group in user.groups.all()] == [login["role"]]
        assert user.is_staff
        assert not user.is_superuser


def test_nobodys_account_has_to_cool_off_first(seed):
    merchant = decode("mer", seed["merchants"][0]["id"])
    found = destination_for(merchant, livemode=False, currency="EUR", at=now())
    assert found.usable_from < now() - timedelta(days=7)
    assert (found.proposed_by, found.decided_by) == ("ada", "grace")
