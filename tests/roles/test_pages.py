"""Every role on every page: what it may look at and do is what the table says, for a GET and for a POST."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from kernel.clock import now
from kernel.ids import uuid7
from merchants.onboard import onboard
from paygate.payments.models import Payment
from tests.roles.asking import answer_of
from tests.roles.table import ALL, PAGES, ROLES

pytestmark = pytest.mark.django_db

REGISTERED = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
REFUSED = (400, 403)
USUAL = ("changelist", "add", "history", "delete", "change", "export", "saved")
WRITE = "write it into tests/roles/table.py, which says how"
IN = sorted(set(PAGES) & set(REGISTERED))
EACH = list(itertools.product(IN, ALL))
#: Forms of settings and of people; everything else belongs to the books or to a state machine.
EDITABLE = {"approvals.limit", "auth.user", "merchants.merchant", "routing.routingweight"}


def person(letter: str) -> User:
    user = User.objects.create_user("somebody", is_staff=True)
    user.groups.add(Group.objects.get(name=ROLES[letter]))
    return user


def a_payment() -> Payment:
    made: Payment = Payment.objects.create(
        merchant_id=onboard("Kiosk").merchant.id,
        livemode=False,
        sequence=1,
        amount=1000,
        currency="EUR",
        user_id="user-1",
        payment_method="pm_card_visa",
        capture_method="automatic",
        risk={},
        created_at=now(),
        updated_at=now(),
    )
    return made


def row_of(label: str) -> Any:
    """The key of a row; for most pages of one that is not there, which they must say to whoever may look."""
    match label:
        case "merchants.merchant":
            return onboard("Kiosk").merchant.id
        case "payments.payment":
            return a_payment().id
    model = REGISTERED[label].model
    return uuid7() if model._meta.pk.get_internal_type() == "UUIDField" else 2_000_000_000


def named(label: str, what: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{what}", args=args)


def address(act: str, row: Any) -> str:
    """Of a deed: its name, and what stands in its address but the row."""
    name, *rest = act.split()
    more = dict(one.split("=") for one in rest)
    page = next(
        url.pattern for page in REGISTERED.values() for url in page.get_urls() if url.name == name
    )
    kwargs = {
        given: more.get(given) or (uuid7() if number else row)
        for number, given in enumerate(page.converters)
    }
    return reverse(f"admin:{name}", kwargs=kwargs)


def own_addresses(label: str) -> set[str]:
    usual = {f"{label.replace('.', '_')}_{what}" for what in USUAL}
    return {url.name for url in REGISTERED[label].get_urls() if url.name} - usual


# -------------------------------------------------------------------------------- is all of it there?


def test_every_page_is_in_the_table():
    assert set(REGISTERED) - set(PAGES) == set(), f"a page is not in the table: {WRITE}"
    assert set(PAGES) - set(REGISTERED) == set(), "the table has a page that is not there any more"


@pytest.mark.parametrize("label", IN)
def test_every_deed_is_in_the_table(label):
    written = {act.split()[0] for act in PAGES[label].acts}
    assert own_addresses(label) == written, f"{label} has other deeds than the table: {WRITE}"
    many = set(REGISTERED[label].actions or ())
    assert many == set(PAGES[label].many), f"{label} has other acts on many rows: {WRITE}"


def test_no_address_of_a_deed_is_without_a_name():
    for label in IN:
        for url in REGISTERED[label].get_urls():
            try:
                assert url.name or "<path:object_id>/" in str(url.pattern), (
                    f"{label}: {url.pattern}"
                )
            except NoReverseMatch:
                pytest.fail(f"{label}: {url.pattern}")


# --------------------------------------------------------------------------------- who may do what


@pytest.mark.parametrize(("label", "letter"), EACH)
def test_who_may_look_and_change_by_a_form(label, letter):
    page, user, row = PAGES[label], person(letter), row_of(label)

    def may(letters: str, *answers: int) -> bool:
        """Is it as the table says?"""
        return all((answer not in REFUSED) is (letter in letters) for answer in answers)

    def ask(method: str, what: str, *args: Any) -> int:
        return answer_of(user, method, named(label, what, *args))

    assert may(page.look, ask("get", "changelist"), ask("get", "export"), ask("post", "saved"))
    assert may(page.look, ask("post", "changelist"))
    assert may(page.add, ask("get", "add"), ask("post", "add"))
    assert may(page.delete, ask("get", "delete", row), ask("post", "delete", row))
    looked, history = ask("get", "change", row), ask("get", "history", row)
    if letter in page.look:
        assert looked not in REFUSED
        assert history not in REFUSED
    else:
        assert looked in (403, 404)
        assert history in (403, 404)
    changed = ask("post", "change", row)
    if page.deeds:
        assert changed in ((200, 302, 403, 404, 405) if letter in page.look else (403, 404, 405))
    elif letter in page.change:
        assert changed in (200, 302)
    else:
        assert changed in (403, 404)


@pytest.mark.parametrize(("label", "letter"), [one for one in EACH if PAGES[one[0]].acts])
def test_who_may_do_what_has_an_address_of_its_own(label, letter):
    user, row = person(letter), row_of(label)
    for act, letters in PAGES[label].acts.items():
        answers = [answer_of(user, method, address(act, row)) for method in ("get", "post")]
        if letter not in letters:
            assert set(answers) <= {403, 404, 405}, (act, answers)
        else:
            # What is only looked at takes no POST; and a deed that hangs on the state of a row is refused of one
            # that is not there.
            assert set(answers) != {403} or _may_if_it_stands(label, act, user), act


def _may_if_it_stands(label: str, act: str, user: User) -> bool:
    """Would the button be there, for a row that stands as it must?"""
    page: Any = REGISTERED[label]
    request = RequestFactory().get("/")
    request.user = user
    names = {
        f"{label.replace('.', '_')}_{name}": name
        for name in (*page.actions_detail, *page.actions_list)
    }
    if act not in names:
        return False
    method = getattr(page, names[act])
    for right in method.allowed_permissions:
        check = getattr(page, f"has_{right}_permission")
        if not check(request) and not _waits_for_a_row(label):
            return False
    return True


def _waits_for_a_row(label: str) -> bool:
    """Their buttons are for whoever may, where something waits: their own tests have rows that do."""
    return label in {"fx.rate", "webhooks.pspevent"}


@pytest.mark.parametrize(("label", "letter"), [one for one in EACH if PAGES[one[0]].many])
def test_who_may_act_on_many_rows(label, letter):
    request = RequestFactory().get("/")
    request.user = person(letter)
    offered = set(REGISTERED[label].get_actions(request))
    assert offered == {name for name, letters in PAGES[label].many.items() if letter in letters}


@pytest.mark.parametrize("label", IN)
def test_a_superuser_changes_nothing_that_the_books_or_a_state_machine_own(label):
    if label in EDITABLE:
        return
    root, row = User.objects.create_superuser("root"), row_of(label)
    deeds = PAGES[label].deeds
    refused = (403, 404, 405) if deeds else (403, 404)  # Of a row that is not there.
    changed = answer_of(root, "post", named(label, "change", row), {"state": "x", "amount": "1"})
    assert changed in refused
    assert answer_of(root, "post", named(label, "delete", row), {"post": "yes"}) == 403
    page: Any = REGISTERED[label]
    request = RequestFactory().get("/")
    request.user = root
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    for inline in page.inlines:
        within = inline(page.model, admin.site)
        assert not within.has_add_permission(request, None)
        assert not within.has_change_permission(request, None)
        assert not within.has_delete_permission(request, None)


@pytest.mark.parametrize("label", IN)
def test_the_auditor_looks_at_it_and_does_nothing(label):
    page = PAGES[label]
    assert "O" in page.look
    assert "O" not in page.add + page.change + page.delete + "".join(page.many.values())


@pytest.mark.parametrize("label", IN)
def test_who_is_not_staff_sees_nothing(label):
    user = User.objects.create_user("customer")
    user.groups.set(Group.objects.all())
    assert answer_of(user, "get", named(label, "changelist")) == 302
