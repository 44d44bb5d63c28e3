"""A budget for which nothing was given back goes back: when the PSP refused, and when whoever spent died."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection, transaction

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from paygate.approvals.limits import bounds_of, left_today
from paygate.approvals.models import Limit, Spending
from paygate.payments import by_hand
from paygate.payments.begin import UnableToProceed
from paygate.payments.budgets import give_budgets_back
from paygate.payments.by_hand import refund_by_hand
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Payment, Refund
from paygate.proof.prove import prove
from paygate.psp.events import RefundReported, RefundState

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(db):
    user = User.objects.create_user("sam")
    user.groups.add(Group.objects.get(name="support"))
    return user


@pytest.fixture
def paid(api):
    return Payment.objects.get(id=decode("pay", api.pay(psp="adyen", amount=90_00).json()["id"]))


def give(payment, user, key="k"):
    told = {"reason": "", "because": "asked", "user": user, "at": now()}
    return refund_by_hand(payment, amount=40_00, key=key, **told)


def left(user):
    return left_today(user, "USD", livemode=False, at=now()).minor


def test_what_the_psp_refuses_goes_back(sam, paid):
    refund = give(paid, sam).refund
    assert (left(sam), give_budgets_back(at=now())) == (960_00, 0)
    refund_reported(
        "adyen",
        RefundReported(
            psp_reference=paid.psp_reference,
            reference=Refund.objects.get().psp_reference,
            refund=refund.public_id,
            state=RefundState.FAILED,
            amount=Money(40_00, "USD"),
        ),
        livemode=False,
        now=now(),
    )

    assert (give_budgets_back(at=now()), give_budgets_back(at=now())) == (1, 0)
    assert left(sam) == 1000_00
    assert prove().holds


def test_what_was_spent_by_whoever_died_goes_back_and_is_not_given_late(sam, paid, monkeypatch):
    def die(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(by_hand, "_give", die)
    with pytest.raises(KeyboardInterrupt):
        give(paid, sam)
    monkeypatch.undo()
    assert left(sam) == 960_00  # On the safe side.
    assert prove().holds

    assert give_budgets_back(at=now() + timedelta(minutes=9)) == 0
    assert give_budgets_back(at=now() + timedelta(minutes=11)) == 1
    assert left(sam) == 1000_00
    with pytest.raises(UnableToProceed):
        give(paid, sam)
    assert not Refund.objects.exists()
    assert prove().holds


def test_whoever_died_and_comes_back_in_time_spends_once(sam, paid, monkeypatch):
    monkeypatch.setattr(by_hand, "_give", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        give(paid, sam)
    monkeypatch.undo()

    assert give(paid, sam).refund.amount == 40_00
    assert (Spending.objects.count(), left(sam)) == (1, 960_00)
    assert prove().holds


def test_the_largest_of_a_persons_roles_counts(sam):
    sam.groups.add(Group.objects.get(name="support lead"))

    assert bounds_of(sam, "JPY").single == Money(150_000, "JPY")
    assert bounds_of(sam, "EUR").daily == Money(10_000_00, "EUR")
    assert not bounds_of(sam, "CHF").single


@pytest.mark.parametrize(
    "change, refusal",
    [
        ("UPDATE approval_spending SET amount = 1", "PG155"),
        ("UPDATE approval_spending SET person = 'lena'", "PG155"),
        ("DELETE FROM approval_spending", "PG153"),
    ],
)
def test_what_was_spent_is_in_ink(sam, paid, change, refusal):
    give(paid, sam)

    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert error.value.__cause__.sqlstate == refusal


def test_more_than_the_day_allows_is_refused_by_the_database_itself(sam, paid):
    give(paid, sam)
    Limit.objects.all().delete()

    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO approval_spending SELECT merchant_id, gen_random_uuid(), livemode, 'more', person, day,"
            " currency, 96001, 96001, daily, spent_at FROM approval_spending"
        )
    assert error.value.__cause__.sqlstate == "PG156"


def test_a_budget_that_was_taken_back_beside_a_refund_is_found(sam, paid):
    give(paid, sam)
    Spending.objects.filter(merchant_id=paid.merchant_id).update(given_back_at=now())

    findings = {finding.says for finding in prove().findings if finding.contradictions}

    assert findings == {
        "every refund by hand is within a budget or was approved by another person, and of that amount"
    }
