"""What staff do by hand: at once within their limits, by a second person above them, and never twice."""

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import Group, User

from kernel.clock import now
from kernel.ids import decode
from paygate.approvals.ask import UnableToAsk
from paygate.approvals.decide import approve, reject
from paygate.approvals.models import Limit, Request, Spending, State
from paygate.payments import by_hand
from paygate.payments.begin import UnableToProceed
from paygate.payments.by_hand import (
    Asked,
    Given,
    cancel_by_hand,
    capture_by_hand,
    refund_by_hand,
)
from paygate.payments.models import Payment, Refund
from paygate.proof.prove import prove

pytestmark = pytest.mark.django_db

_keys = count()


@pytest.fixture
def people(db):
    made = {}
    for login, role in {"sam": "support", "lena": "support lead", "grace": "finance lead"}.items():
        user = User.objects.create_user(login, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        made[login] = User.objects.get(pk=user.pk)
    return made


@pytest.fixture
def sam(people):
    return people["sam"]


@pytest.fixture
def paid(api):
    def pay(amount=250_00, **changes):
        reply = api.pay(**{"psp": "stripe", "amount": amount} | changes)
        return Payment.objects.get(id=decode("pay", reply.json()["id"]))

    return pay


def give(payment, user, amount=None, **changes):
    told = {"reason": "", "because": "asked by mail", "key": f"k{next(_keys)}", "at": now()}
    return refund_by_hand(payment, amount=amount, user=user, **told | changes)


def test_within_the_limit_it_is_given_back_at_once(paid, sam):
    given = give(paid(), sam, 100_00, reason="duplicate")

    assert isinstance(given, Given)
    assert (given.refund.state, given.refund.amount, given.refund.reason, given.refund.source) == (
        "succeeded",
        100_00,
        "duplicate",
        "back_office",
    )
    assert prove().holds


def test_what_is_left_is_given_back_where_no_amount_is_named(paid, sam):
    assert give(paid(24_95), sam).refund.amount == 24_95


def test_above_the_limit_another_person_is_asked(paid, sam):
    payment = paid()

    asked = give(payment, sam, 100_01)

    assert isinstance(asked, Asked)
    assert asked.why == "100.01 USD is above your limit of 100.00 USD."
    assert (asked.request.state, asked.request.money, asked.request.subject) == (
        "pending",
        payment.money(100_01),
        payment.public_id,
    )
    assert not Refund.objects.exists()


def test_what_another_person_approves_is_given_back_once(paid, people):
    request = give(paid(), people["sam"], 100_01).request

    for _ in range(2):
        ended = approve(request, by="lena", because="right", at=now())

    refund = Refund.objects.get()
    assert (ended.state, ended.result) == (State.DONE, refund.public_id)
    assert (refund.amount, refund.source) == (100_01, "back_office")
    assert not Spending.objects.exists()
    assert prove().holds


def test_what_another_person_rejects_is_not_given_back(paid, people):
    request = give(paid(), people["sam"], 100_01).request

    assert reject(request, by="lena", because="no", at=now()).state == State.REJECTED
    assert not Refund.objects.exists()


def test_what_was_given_back_meanwhile_is_not_given_back_again(paid, people, api):
    payment = paid()
    request = give(payment, people["sam"], 200_00).request
    api.post("refunds", {"payment": payment.public_id, "amount": 60_00})

    ended = approve(request, by="lena", because="right", at=now())

    assert ended.state == State.FAILED
    assert "190.00 USD" in ended.failure
    assert Refund.objects.count() == 1
    assert prove().holds


def test_what_nobody_can_give_back_is_not_asked_for(paid, sam):
    payment = paid(capture_method="manual")

    with pytest.raises(UnableToProceed, match="nothing was taken"):
        give(payment, sam, 200_00)
    with pytest.raises(UnableToProceed, match="can be refunded"):
        give(paid(), sam, 250_01)
    assert not Request.objects.exists()


def test_a_request_says_why(paid, sam):
    with pytest.raises(UnableToAsk, match="Say why"):
        give(paid(), sam, 200_00, because=" ")


@pytest.mark.parametrize("amount", [24_95, 200_00, None])
def test_a_form_that_is_sent_twice_does_it_once(paid, sam, amount):
    payment = paid()

    first, second = (give(payment, sam, amount, key="the form") for _ in range(2))

    assert type(first) is type(second)
    assert Refund.objects.count() + Request.objects.count() == 1
    assert prove().holds


def test_the_last_of_the_budget_is_not_asked_for_when_the_form_comes_again(paid, sam):
    Limit.objects.filter(role="support", currency="USD").update(daily=100_00)
    payment = paid()

    for _ in range(2):
        assert isinstance(give(payment, sam, 100_00, key="the form"), Given)
    assert not Request.objects.exists()


def test_a_form_is_not_used_for_something_else(paid, sam):
    payment = paid()
    give(payment, sam, 1_00, key="the form")

    with pytest.raises(UnableToProceed, match="used for something else"):
        give(payment, sam, 2_00, key="the form")


def test_a_day_has_one_budget(paid, sam):
    Limit.objects.filter(role="support", currency="USD").update(daily=150_00)
    payment = paid()

    assert isinstance(give(payment, sam, 100_00), Given)
    above = give(payment, sam, 50_01)
    assert isinstance(above, Asked)
    assert above.why == "With 50.01 USD you would be above your 150.00 USD of today."
    assert isinstance(give(payment, sam, 50_00), Given)
    assert isinstance(give(payment, sam, 1_00, at=now() + timedelta(days=1)), Given)


def test_in_a_currency_without_a_limit_another_person_is_asked(paid, sam):
    asked = give(paid(currency="CHF"), sam, 1_00)

    assert asked.why == "You have no limit of your own in CHF."


def test_a_refund_that_is_refused_gives_its_budget_back(paid, sam, monkeypatch):
    payment = paid()
    give(payment, sam, 200_00 - 100_00)
    # Somebody else takes the rest between the look and the claim.
    monkeypatch.setattr(by_hand, "amount_of", lambda payment, amount: amount)
    give(payment, sam, 100_00)
    with pytest.raises(UnableToProceed, match=r"50\.00 USD of .* can be refunded"):
        give(payment, sam, 60_00, key="the form")

    assert list(Spending.objects.filter(given_back_at=None).values_list("amount", flat=True)) == [
        100_00,
        100_00,
    ]
    with pytest.raises(UnableToProceed, match="refused before"):
        give(payment, sam, 60_00, key="the form")
    assert prove().holds


def test_a_capture_that_is_sent_twice_is_one(paid):
    payment = paid(capture_method="manual")

    attempts = {
        capture_by_hand(payment, amount=200_00, final=False, key="the form", at=now()).id
        for _ in range(2)
    }

    assert len(attempts) == 1
    assert Payment.objects.get().amount_captured == 200_00
    with pytest.raises(UnableToProceed, match="used for something else"):
        capture_by_hand(payment, amount=1_00, final=False, key="the form", at=now())
    assert prove().holds


def test_a_cancel_that_is_sent_twice_is_one(paid):
    payment = paid(capture_method="manual")

    attempts = {cancel_by_hand(payment, key="the form", at=now()).id for _ in range(2)}

    assert len(attempts) == 1
    assert Payment.objects.get().state == "canceled"
    with pytest.raises(UnableToProceed, match="canceled"):
        cancel_by_hand(Payment.objects.get(), key="another form", at=now())
    assert prove().holds


def test_a_key_that_names_a_request_does_not_stand_for_it(paid, people):
    payment = paid()
    request = give(payment, people["sam"], 200_00).request
    give(payment, people["sam"], 1_00, key=request.public_id)

    ended = approve(request, by="lena", because="right", at=now())

    refund = Refund.objects.get(amount=200_00)
    assert (ended.state, ended.result) == (State.DONE, refund.public_id)
    assert prove().holds


def test_a_capture_under_a_key_that_names_a_request_does_not_hold_it_up(paid, people):
    request = give(paid(), people["sam"], 200_00).request
    held = paid(capture_method="manual")
    capture_by_hand(held, amount=None, final=True, key=request.public_id, at=now())

    assert approve(request, by="lena", because="right", at=now()).state == State.DONE


def killed_after_spending(monkeypatch, payment, user, amount):
    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(by_hand, "_give", die)
        with pytest.raises(SystemExit):
            give(payment, user, amount, key="the form")


@pytest.fixture
def spent(paid, sam, monkeypatch):
    """Somebody's process was killed between the spending and the claim."""
    payment = paid()
    killed_after_spending(monkeypatch, payment, sam, 22_40)
    return payment


def test_after_a_crash_the_form_does_it(spent, sam):
    assert give(spent, sam, 22_40, key="the form").refund.amount == 22_40
    assert Spending.objects.count() == 1


def test_after_a_crash_a_changed_form_does_not_give_back_what_it_said_before(spent, sam):
    with pytest.raises(UnableToProceed, match="used for something else"):
        give(spent, sam, 10_00, key="the form")
    assert not Refund.objects.exists()


def test_after_a_crash_nobody_else_gives_back_from_that_persons_budget(spent, people):
    with pytest.raises(UnableToProceed, match="used for something else"):
        give(spent, people["lena"], 22_40, key="the form")
    assert not Refund.objects.exists()


def test_what_was_spent_in_one_currency_gives_nothing_back_in_another(paid, sam, monkeypatch):
    yens, euros = paid(1_000_00, currency="JPY"), paid(1_000_00, currency="EUR")
    # 15,000 yen are within the limit; 150 euros are not.
    killed_after_spending(monkeypatch, yens, sam, 150_00)

    assert not isinstance(give(euros, sam, 150_00, key="the form"), Given)
    assert not Refund.objects.exists()


@pytest.mark.parametrize("changes", [{"amount": 201_00}, {"reason": "duplicate"}])
def test_a_request_is_not_taken_for_another_that_came_under_its_key(paid, sam, changes):
    payment = paid()
    give(payment, sam, 200_00, key="the form")

    with pytest.raises(UnableToProceed, match="used for something else"):
        give(payment, sam, **{"amount": 200_00, "key": "the form"} | changes)
    assert Request.objects.count() == 1


def test_a_request_is_not_taken_for_another_persons(paid, people):
    payment = paid(2_500_00)
    give(payment, people["sam"], 2_000_00, key="the form")

    with pytest.raises(UnableToProceed, match="used for something else"):
        give(payment, people["lena"], 2_000_00, key="the form")


def test_a_key_of_another_payment_asks_for_this_one(paid, sam):
    one, other = paid(), paid()
    give(one, sam, 200_00, key="the form")

    assert give(other, sam, 200_00, key="the form").request.subject == other.public_id


def test_a_merchants_key_that_names_a_request_is_not_what_became_of_it(paid, sam, people, api):
    payment = paid()
    request = give(payment, sam, 200_00).request
    told = {"payment": payment.public_id, "amount": 1_00}
    api.post("refunds", told, key=request.idempotency_key)

    ended = approve(request, by="lena", because="right", at=now())

    assert (ended.state, ended.result) == (State.FAILED, "")
    assert Refund.objects.get().amount == 1_00
    assert prove().holds
