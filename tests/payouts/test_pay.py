"""Payouts that a PSP makes, through the official SDK and its simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.clock import now
from kernel.money import Money
from kernel.outbox.models import OutboxEvent
from ledger import chart
from paygate.psp.events import PayoutMoved, Quarantined
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.payouts import InTransit, PaidOut, Refused, Returned
from payouts.hear import payout_moved
from payouts.models import Batch, Payout, State
from payouts.pay import ask_now, pay_due, settle
from payouts.send import send_batch
from simulators.run import Simulator, start
from tests.payouts.conftest import available, earn, on, settle_in
from tests.payouts.in_batches import batch_of

pytestmark = pytest.mark.django_db
PAYOUT = {"currency": "USD", "amount": 60_00}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """A Stripe of our own: days pass here, and holds of other tests lapse by the clock of theirs."""
    with start("stripe", folder=tmp_path_factory.mktemp("stripe")) as simulator:
        yield {"stripe": simulator}


@pytest.fixture
def at_stripe(merchant: Any, api: Any) -> Any:
    """Lets the merchant have 100.00 USD and an account at Stripe; the payout of 60.00, its batch approved."""

    def begin(account: str = "acct_1Nv0FGQ9RKHgCVdK") -> Payout:
        api.pay(psp="stripe", amount=500_00)  # Or Stripe owes us nothing that it could pay out of.
        earn(merchant.merchant.id, Money(100_00, "USD"))
        settle_in(merchant.merchant.id, currency="USD", stripe_account=account)
        assert api.post("payouts", PAYOUT).status_code == 201
        return sent()

    return begin


def sent() -> Payout:
    """The one payout there is, and its batch has left."""
    assert send_batch(batch_of([Payout.objects.get()]), at=now())
    return again()


def again() -> Payout:
    return Payout.objects.get()


def later(**time: float) -> Any:
    return now() + timedelta(**time)


def paid_by(simulators: Any, psp: str, payout: Payout) -> int:
    """What the PSP's own books say it paid for this payout, in minor units."""
    signs = {"paid_out": 1, "payout_returned": -1}
    return sum(
        signs.get(entry["kind"], 0) * entry["amount"]
        for entry in simulators[psp].books()["entries"]
        if entry["payment"] == payout.public_id
    )


def test_a_batch_hands_its_payouts_over_and_the_psp_pays(at_stripe, simulators):
    payout = at_stripe()
    assert payout.state == State.IN_TRANSIT
    assert payout.batch.state == Batch.State.SENT

    assert pay_due("stripe", at=now()) == 1
    assert (again().state, again().outcome) == (State.IN_TRANSIT, "pending")
    assert again().psp_reference.startswith("po_")

    simulators["stripe"].clock(advance=3 * 86400)
    pay_due("stripe", at=later(hours=2))
    assert (again().state, again().next_look_at) == (State.PAID, None)
    assert on(payout.merchant_id, chart.payouts_in_transit(), "USD") == 0
    assert paid_by(simulators, "stripe", payout) == 60_00
    assert pay_due("stripe", at=later(hours=9)) == 0


def test_a_payout_that_is_due_has_one_caller(at_stripe):
    at_stripe()
    moment = now()

    assert pay_due("stripe", at=moment) == 1
    assert pay_due("stripe", at=moment) == 0


@pytest.mark.parametrize("fault", ["timeout_after", "error_after", "reset_after", "malformed"])
def test_a_call_that_was_not_answered_is_never_a_second_payment(at_stripe, simulators, fault):
    payout = at_stripe()
    simulators["stripe"].faults(next=[fault])
    pay_due("stripe", at=now())
    assert again().state == State.IN_TRANSIT

    simulators["stripe"].faults()
    for hour in range(1, 4):
        pay_due("stripe", at=later(hours=hour))
    assert again().outcome == "pending"
    assert paid_by(simulators, "stripe", payout) == 60_00


def test_what_the_psp_refuses_is_available_again(at_stripe, simulators):
    payout = at_stripe("acct_missing1234")

    pay_due("stripe", at=now())

    assert again().state == State.FAILED
    assert again().failure_code
    assert available(payout.merchant_id, "USD") == 100_00
    assert paid_by(simulators, "stripe", payout) == 0


def test_what_comes_back_after_it_was_paid_is_returned(at_stripe, simulators):
    payout = at_stripe("acct_bouncing1234")
    pay_due("stripe", at=now())
    simulators["stripe"].clock(advance=1.5 * 86400)
    pay_due("stripe", at=later(hours=2))
    assert again().state == State.PAID

    simulators["stripe"].clock(advance=5 * 86400)
    news = PayoutMoved(payout.public_id, Unknown("it failed"), again().psp_reference)
    assert payout_moved("stripe", news, livemode=False, now=now()) == "the PSP is asked"
    pay_due("stripe", at=now())

    assert again().state == State.RETURNED
    assert available(payout.merchant_id, "USD") == 100_00
    assert paid_by(simulators, "stripe", payout) == 0


def test_news_are_believed_when_they_fit(at_stripe):
    payout = at_stripe()
    pay_due("stripe", at=now())
    reference = again().psp_reference
    news = PayoutMoved(payout.public_id, PaidOut(reference), reference, Money(60_00, "USD"))

    assert payout_moved("stripe", news, livemode=False, now=now()) == "PaidOut"
    assert again().state == State.PAID
    payout_moved("stripe", news, livemode=False, now=now())
    assert OutboxEvent.objects.filter(subject=payout.public_id, topic="payout.paid").count() == 1


def test_news_of_another_reference_or_amount_make_us_ask(at_stripe):
    payout = at_stripe()
    pay_due("stripe", at=now())
    reference = again().psp_reference
    for odd in (
        PayoutMoved(payout.public_id, PaidOut("po_other"), "po_other", Money(60_00, "USD")),
        PayoutMoved(payout.public_id, PaidOut(reference), reference, Money(60_01, "USD")),
    ):
        assert payout_moved("stripe", odd, livemode=False, now=now()) == "the PSP is asked"
        assert again().state == State.IN_TRANSIT


@pytest.mark.parametrize("named", ["", "po_nonsense", "po_01k9v3d7t3e6h8m0q2s4w6y8za"])
def test_news_of_a_payout_that_is_not_ours_wait_for_a_person(at_stripe, named):
    at_stripe()
    with pytest.raises(Quarantined):
        payout_moved("stripe", PayoutMoved(named, PaidOut("x")), livemode=False, now=now())


def test_news_from_another_psp_or_mode_wait_for_a_person(at_stripe):
    payout = at_stripe()
    for psp, livemode in (("adyen", False), ("stripe", True)):
        with pytest.raises(Quarantined):
            payout_moved(
                psp, PayoutMoved(payout.public_id, PaidOut("x")), livemode=livemode, now=now()
            )


@pytest.mark.parametrize(
    "outcomes",
    [
        [PaidOut("r"), Returned("r", "AC04"), PaidOut("r")],
        [Returned("r", "AC04"), PaidOut("r"), InTransit("r")],
        [InTransit("r"), PaidOut("r"), Refused("r", "AC04"), Refused("r", "AC04")],
    ],
)
def test_in_whatever_order_it_is_heard_what_came_back_is_back_once(at_stripe, outcomes):
    payout = at_stripe()
    for outcome in outcomes:
        settle(payout, outcome, at=now())

    assert again().state == State.RETURNED
    assert available(payout.merchant_id, "USD") == 100_00
    receivable = on(payout.merchant_id, chart.psp_receivable("stripe"), "USD")
    assert receivable == -600_00  # What was taken: nothing of it left.


def test_what_was_not_sent_is_asked_for_again(at_stripe):
    payout = at_stripe()
    settle(payout, NotSent("no route"), at=now())

    assert (again().state, again().outcome) == (State.IN_TRANSIT, "not_sent")
    assert pay_due("stripe", at=later(hours=1)) == 1
    assert again().outcome == "pending"


def test_news_of_what_is_over_by_then_do_not_have_it_paid_again(at_stripe, simulators):
    """It was refused before there was a trace of it: to ask for it again would be to pay it."""
    stale = at_stripe()
    settle(stale, Refused("", "balance_insufficient", "Not now."), at=now())

    ask_now(stale, at=now())  # By who had read it before that.
    Payout.objects.update(next_look_at=now())  # Or who knows how.

    assert pay_due("stripe", at=later(hours=1)) == 0
    assert again().state == State.FAILED
    assert again().outcome == "done"
    assert paid_by(simulators, "stripe", stale) == 0


def test_what_the_psp_has_told_of_is_never_asked_for_anew(at_stripe, simulators):
    payout = at_stripe()
    Payout.objects.update(outcome="pending", psp_reference="po_elsewhere")

    assert pay_due("stripe", at=later(hours=1)) == 1

    assert (again().state, again().outcome) == (State.IN_TRANSIT, "unknown")
    assert paid_by(simulators, "stripe", payout) == 0


def test_a_word_that_contradicts_what_we_hold_moves_nothing_and_is_logged(at_stripe, caplog):
    payout = at_stripe()
    settle(payout, Refused("r", "account_closed"), at=now())

    settle(payout, PaidOut("r"), at=now())

    assert again().state == State.FAILED
    assert "payout.contradicted" in caplog.text
