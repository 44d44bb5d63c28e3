"""What PSPs tell us of refunds: answers to ours, refunds that come back, and others' refunds that become ours."""

import itertools

import pytest

from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from paygate.payments.hear import NOTHING_NEW
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Payment, Refund
from paygate.payments.refund import refund
from paygate.proof.prove import prove
from paygate.psp.events import NotYet, Quarantined, RefundReported, RefundState

pytestmark = pytest.mark.django_db

SUCCEEDED, FAILED, PENDING, CANCELED = (
    RefundState.SUCCEEDED,
    RefundState.FAILED,
    RefundState.PENDING,
    RefundState.CANCELED,
)


@pytest.fixture
def payment(api):
    return api.pay(psp="adyen", amount=100_00).json()


@pytest.fixture
def ours(merchant, payment):
    """A refund of ours that was claimed, and of whose call nothing was heard yet."""

    def build(minor=40_00):
        claimed = refund(
            merchant.merchant.id,
            decode("pay", payment["id"]),
            livemode=False,
            amount=minor,
            bind=None,
            now=now(),
        )
        return claimed.attempt.refund

    return build


@pytest.fixture
def tell(payment):
    def hear(state, *, minor=40_00, reference="R1", **changes):
        amount = None if minor is None else Money(minor, "USD")
        news = {"psp_reference": payment["psp_reference"], "reference": reference}
        news |= {"state": state, "amount": amount} | changes
        return refund_reported("adyen", RefundReported(**news), livemode=False, now=now())

    return hear


def stands(payment):
    row = Payment.objects.get(id=decode("pay", payment["id"]))
    return row.amount_refunded, row.amount_refund_pending


def owed(merchant):
    account = chart.psp_receivable("adyen")
    return -balance(merchant.merchant.id, livemode=False, account=account, currency="USD").minor


def test_the_answer_to_ours_by_our_own_reference(merchant, payment, ours, tell):
    mine = ours()

    tell(SUCCEEDED, refund=mine.public_id)

    assert stands(payment) == (40_00, 0)
    assert owed(merchant) == 60_00
    assert Refund.objects.get().psp_reference == "R1"
    assert prove().holds, prove().findings


def test_a_no_lets_go_of_what_was_reserved(merchant, payment, ours, tell):
    mine = ours()

    tell(FAILED, refund=mine.public_id, code="refused", why="Insufficient balance")

    assert stands(payment) == (0, 0)
    assert owed(merchant) == 100_00
    found = Refund.objects.get()
    assert (found.state, found.failure_message) == ("failed", "Insufficient balance")
    assert prove().holds


def test_a_refund_that_comes_back_is_undone_in_the_books(merchant, payment, ours, tell):
    mine = ours()
    tell(SUCCEEDED, refund=mine.public_id)

    tell(FAILED, refund=mine.public_id, code="account_closed", why="Account closed")

    assert stands(payment) == (0, 0)
    assert owed(merchant) == 100_00
    assert Refund.objects.get().failure_code == "account_closed"
    assert prove().holds, prove().findings


@pytest.mark.parametrize("order", list(itertools.permutations([PENDING, SUCCEEDED, FAILED])))
def test_in_whatever_order_it_is_told_a_refund_that_came_back_is_back(
    merchant, payment, ours, tell, order
):
    mine = ours()

    for state in order * 2:
        tell(state, refund=mine.public_id)

    assert stands(payment) == (0, 0)
    assert owed(merchant) == 100_00
    assert Refund.objects.get().state == "failed"
    assert prove().holds


@pytest.mark.parametrize("order", list(itertools.permutations([PENDING, SUCCEEDED, FAILED])))
def test_so_is_one_that_we_never_asked_for(merchant, payment, tell, order):
    for state in order * 2:
        tell(state)

    assert stands(payment) == (0, 0)
    assert owed(merchant) == 100_00
    assert Refund.objects.get().state == "failed"
    assert prove().holds


def test_a_refund_of_the_dashboard_becomes_ours_and_external(api, merchant, payment, tell):
    tell(SUCCEEDED)

    assert stands(payment) == (40_00, 0)
    assert owed(merchant) == 60_00
    [found] = api.get("refunds", {"payment": payment["id"]}).json()["data"]
    assert (found["external"], found["status"], found["psp_reference"]) == (True, "succeeded", "R1")
    assert tell(SUCCEEDED) == NOTHING_NEW
    assert prove().holds


def test_an_external_refund_may_be_decided_later(payment, tell):
    tell(PENDING)
    assert stands(payment) == (0, 40_00)
    tell(CANCELED)
    assert stands(payment) == (0, 0)
    assert Refund.objects.get().state == "canceled"
    assert prove().holds


def test_several_external_refunds_are_several(payment, tell):
    tell(SUCCEEDED, reference="R1", minor=10_00)
    tell(SUCCEEDED, reference="R2", minor=10_00)

    assert stands(payment) == (20_00, 0)
    assert Refund.objects.count() == 2


def test_what_may_be_ours_and_unanswered_waits(payment, ours, tell):
    """The PSP does not repeat our reference, and one of ours of that amount is on its way."""
    ours(40_00)

    with pytest.raises(NotYet):
        tell(SUCCEEDED, reference="R9")
    assert Refund.objects.count() == 1


def test_more_than_was_taken_is_for_a_person(payment, tell):
    with pytest.raises(Quarantined):
        tell(SUCCEEDED, minor=100_01)


def test_more_than_is_left_beside_ours_waits_for_ours(payment, ours, tell):
    ours(60_00)

    with pytest.raises(NotYet):
        tell(SUCCEEDED, minor=100_00)


@pytest.mark.parametrize("changes", [{"minor": 39_99}, {"amount": Money(40_00, "EUR")}])
def test_another_amount_or_currency_is_for_a_person(payment, ours, tell, changes):
    mine = ours()

    with pytest.raises(Quarantined):
        tell(SUCCEEDED, refund=mine.public_id, **changes)
    assert stands(payment) == (0, 40_00)


def test_an_unknown_refund_of_an_unknown_amount_is_for_a_person(tell):
    with pytest.raises(Quarantined):
        tell(FAILED, minor=None)


def test_a_refund_that_we_gave_up_and_that_succeeded_is_for_a_person(payment, ours, tell):
    mine = ours()
    tell(FAILED, refund=mine.public_id, reference="R1")

    with pytest.raises(Quarantined):
        tell(SUCCEEDED, refund=mine.public_id, reference="R2")


def test_a_refund_under_another_payment_is_not_found_there(api, ours, tell):
    other = api.pay(psp="adyen", amount=100_00).json()
    mine = ours()

    tell(SUCCEEDED, refund=mine.public_id, psp_reference=other["psp_reference"])

    assert Refund.objects.get(id=mine.id).state == "pending"
    assert Refund.objects.exclude(id=mine.id).get().source == "psp"


@pytest.mark.parametrize("state", [SUCCEEDED, FAILED, PENDING])
def test_a_second_refund_by_the_name_of_ours_is_for_a_person(merchant, payment, ours, tell, state):
    """The payer may have the money twice; and what becomes of the one says nothing of the other."""
    mine = ours()
    tell(SUCCEEDED, refund=mine.public_id, reference="R1")

    with pytest.raises(Quarantined):
        tell(state, refund=mine.public_id, reference="R2")
    assert stands(payment) == (40_00, 0)
    assert owed(merchant) == 60_00
