"""What staff do at the same moment, with real threads and real commits: one refund, one decision, one budget."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from kernel.clock import now
from kernel.ids import decode
from paygate.approvals import carry_out as carrying
from paygate.approvals.carry_out import resume
from paygate.approvals.decide import UnableToDecide, approve, reject, withdraw
from paygate.approvals.models import Limit, Request, Spending, State
from paygate.payments.begin import UnableToProceed
from paygate.payments.budgets import give_budgets_back
from paygate.payments.by_hand import Asked, Given, refund_by_hand
from paygate.payments.models import Payment, Refund, RefundState
from paygate.proof.prove import prove
from tests.races import all_at_once, at_once

AT_ONCE = 12


@pytest.fixture
def db(commits):
    """Each thread has a connection of its own, and what it writes is there for the others."""


@pytest.fixture(autouse=True)
def people(db):
    """Users outlive the truncation of `commits`: they are taken out again, and the limits put back."""
    limits = list(Limit.objects.values())
    roles = {"sam": "support", "lena": "support lead", "grace": "finance lead"}
    made = {}
    for login, role in roles.items():
        made[login] = User.objects.create_user(login)
        made[login].groups.add(Group.objects.get(name=role))
    yield made
    User.objects.filter(username__in=roles).delete()
    for limit in limits:
        Limit.objects.filter(id=limit["id"]).update(**limit)


@pytest.fixture
def paid(api):
    def pay(amount=250_00):
        return Payment.objects.get(
            id=decode("pay", api.pay(psp="stripe", amount=amount).json()["id"])
        )

    return pay


def give(payment, user, amount, key):
    try:
        return refund_by_hand(
            payment, amount=amount, reason="", because="why", user=user, key=key, at=now()
        )
    except UnableToProceed as refusal:
        return refusal


def decided(verb, request, by):
    try:
        return verb(request, by=by, because="looked at it", at=now())
    except UnableToDecide as refusal:
        return refusal


def holds():
    proof = prove()
    return proof.holds, [found for found in proof.findings if found.contradictions]


def test_two_approvals_at_once_are_one_refund(people, paid):
    request = give(paid(), people["sam"], 200_00, "k").request

    ended = all_at_once(
        *(lambda by=by: decided(approve, request, by) for by in ("lena", "grace") * 3)
    )

    assert Refund.objects.get().amount == 200_00
    assert Request.objects.get().state == State.DONE
    assert any(isinstance(one, Request) for one in ended)
    assert holds() == (True, [])


def test_of_an_approval_and_a_withdrawal_at_once_one_is_made(people, paid):
    payment = paid(2500_00)
    for turn in range(5):
        request = give(payment, people["sam"], 200_00, f"k{turn}").request
        all_at_once(
            lambda request=request: decided(approve, request, "lena"),
            lambda request=request: decided(withdraw, request, "sam"),
            lambda request=request: decided(reject, request, "grace"),
        )

    states = Counter(Request.objects.values_list("state", flat=True))
    assert sum(states.values()) == 5
    assert set(states) <= {State.DONE, State.WITHDRAWN, State.REJECTED}
    assert Refund.objects.count() == states[State.DONE]
    assert holds() == (True, [])


def test_refunds_of_one_person_at_once_never_exceed_the_day(people, paid):
    Limit.objects.filter(role="support", currency="USD").update(daily=250_00)
    payments = [paid(100_00) for _ in range(AT_ONCE)]

    came = at_once(AT_ONCE, lambda n: give(payments[n], people["sam"], 60_00, f"k{n}"))

    kinds = Counter(type(one) for one in came)
    assert kinds == {Given: 4, Asked: AT_ONCE - 4}
    assert sum(Refund.objects.values_list("amount", flat=True)) == 240_00
    assert holds() == (True, [])


def test_a_form_that_comes_many_times_at_once_is_one_refund(people, paid):
    payment = paid(100_00)

    came = at_once(AT_ONCE, lambda _: give(payment, people["sam"], None, "the form"))

    assert {type(one) for one in came} == {Given}
    assert Refund.objects.count() == Spending.objects.count() == 1
    assert holds() == (True, [])


def test_a_form_that_comes_many_times_at_once_is_one_request(people, paid):
    payment = paid()

    came = at_once(AT_ONCE, lambda _: give(payment, people["sam"], 200_00, "the form"))

    assert {type(one) for one in came} == {Asked}
    assert Request.objects.count() == 1


def test_refunds_by_hand_and_by_the_api_at_once_never_give_back_more_than_was_taken(
    people, paid, api
):
    payment = paid()
    request = give(payment, people["sam"], 200_00, "k").request

    all_at_once(
        lambda: decided(approve, request, "lena"),
        lambda: api.post("refunds", {"payment": payment.public_id, "amount": 100_00}),
        lambda: give(payment, people["sam"], 90_00, "k2"),
    )

    payment = Payment.objects.get()
    assert payment.amount_refunded + payment.amount_refund_pending <= 250_00
    row = Request.objects.get()
    assert row.state in {State.DONE, State.FAILED}
    assert (row.failure == "") == Refund.objects.filter(amount=200_00).exists()
    give_budgets_back(at=now())
    alive = Refund.objects.filter(amount=90_00).exclude(state=RefundState.FAILED).count()
    assert Spending.objects.filter(given_back_at=None).count() == alive
    assert holds() == (True, [])


@pytest.mark.parametrize("dies_at", ["before", "after"])
def test_what_was_killed_between_the_approval_and_its_end_is_resumed(
    people, paid, monkeypatch, dies_at
):
    request = give(paid(), people["sam"], 200_00, "k").request

    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(carrying, "import_string" if dies_at == "before" else "_end", die)
        with pytest.raises(SystemExit):
            approve(request, by="lena", because="right", at=now())
    assert Request.objects.get().state == State.APPROVED
    assert Refund.objects.count() == (0 if dies_at == "before" else 1)

    assert resume(at=now()) == 0  # It is still whoever approved's.
    later = now() + timedelta(seconds=6)
    all_at_once(*(lambda: resume(at=later) for _ in range(4)))

    assert Request.objects.get().state == State.DONE
    assert Refund.objects.count() == 1
    assert resume(at=later) == 0
    assert holds() == (True, [])
