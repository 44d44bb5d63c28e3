"""Captures that the PSP took back after it had accepted them, and some that it made after all."""

import pytest

from kernel.clock import now
from kernel.db import atomic
from kernel.ids import decode
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from paygate.payments.hear import NOTHING_NEW
from paygate.payments.hear_captures import capture_failed, recaptured
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Attempt, Payment
from paygate.payments.refund import refund
from paygate.proof.prove import prove
from paygate.psp.events import (
    CaptureFailed,
    NotYet,
    Quarantined,
    Recaptured,
    RefundReported,
    RefundState,
)
from tests.simulators.browser import press

pytestmark = pytest.mark.django_db


def fails(payment, minor=10_00, **changes):
    news = {"psp_reference": payment["psp_reference"], "capture": "CAP", "why": "Capture Failed"}
    news |= {"amount": Money(minor, "USD")} | changes
    return capture_failed("adyen", CaptureFailed(**news), livemode=False, now=now())


def is_made(payment, minor=10_00, **changes):
    news = {"psp_reference": payment["psp_reference"], "capture": "CAP"}
    news |= {"amount": Money(minor, "USD")} | changes
    return recaptured("adyen", Recaptured(**news), livemode=False, now=now())


@pytest.fixture
def captured(api):
    return api.pay(psp="adyen").json()


@pytest.fixture
def in_parts(api):
    """4.00 and 6.00 of a payment of 10.00, with the ids of the two captures."""
    payment = api.pay(psp="adyen", capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 400, "final": False})
    shown = api.post(f"payments/{payment['id']}/capture").json()
    return shown, [a["id"] for a in shown["attempts"] if a["operation"] == "capture"]


def shown(api, payment):
    found = api.get(f"payments/{payment['id']}").json()
    return found["status"], found["amount_captured"], found["fee"]


def owed(merchant):
    return balance(
        merchant.merchant.id,
        livemode=False,
        account=chart.psp_receivable("adyen"),
        currency="USD",
    ).minor


def test_a_capture_that_failed_is_undone_in_the_books(api, merchant, captured):
    assert owed(merchant) == -10_00

    fails(captured)

    assert shown(api, captured) == ("failed", 0, 0)
    assert owed(merchant) == 0
    assert api.get(f"payments/{captured['id']}").json()["last_error"]["code"] == "capture_failed"
    assert prove().holds, prove().findings


def test_a_capture_that_was_made_after_all_is_in_the_books_again(api, merchant, captured):
    before = shown(api, captured)
    fails(captured)

    is_made(captured)

    assert shown(api, captured) == before
    assert owed(merchant) == -10_00
    assert prove().holds, prove().findings


def test_told_again_it_changes_nothing(captured):
    fails(captured)
    assert fails(captured) == NOTHING_NEW
    is_made(captured)
    assert is_made(captured) == NOTHING_NEW
    assert fails(captured) == NOTHING_NEW  # A late copy of the first.
    assert prove().holds


def test_what_was_made_after_all_waits_for_the_news_of_its_failure(captured):
    with pytest.raises(NotYet):
        is_made(captured)


def test_of_several_captures_the_one_that_is_named_is_undone(api, in_parts):
    payment, [first, second] = in_parts

    fails(payment, 6_00, attempt=second)

    status, taken, _ = shown(api, payment)
    assert (status, taken) == ("captured", 4_00)
    fails(payment, 4_00, attempt=first)
    assert shown(api, payment) == ("failed", 0, 0)
    assert prove().holds, prove().findings


def test_the_only_part_that_was_taken_leaves_the_rest_held(api):
    payment = api.pay(psp="adyen", capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 400, "final": False})

    before = shown(api, payment)
    fails(payment, 4_00)
    assert shown(api, payment) == ("authorized", 0, 0)
    is_made(payment, 4_00)
    assert shown(api, payment) == before
    assert prove().holds
    assert api.post(f"payments/{payment['id']}/capture").json()["status"] == "captured"


def test_a_capture_of_which_nothing_was_heard_is_settled_by_its_failure(api, simulators, settings):
    settings.OUTCOME_PATIENCE = 0.1
    payment = api.pay(psp="adyen", capture_method="manual").json()
    simulators["adyen"].faults(next=["timeout_before"], hang_seconds=1)
    assert api.post(f"payments/{payment['id']}/capture").status_code == 202

    fails(payment)

    assert shown(api, payment)[0] == "authorized"
    assert Attempt.objects.filter(finished_at__isnull=True).count() == 0


@pytest.mark.parametrize("changes", [{"minor": 9_99}, {"amount": Money(10_00, "EUR")}])
def test_what_does_not_fit_is_for_a_person(api, captured, changes):
    with pytest.raises(Quarantined):
        fails(captured, **changes)

    assert shown(api, captured)[0] == "captured"


def test_a_capture_that_is_not_named_among_several_is_for_a_person(in_parts):
    payment, _ = in_parts
    with pytest.raises(Quarantined):
        fails(payment, 6_00)


def test_what_was_given_back_already_cannot_be_undone_unseen(api, captured):
    """More would be given back than was taken: the database refuses, and a person must look."""
    id_ = decode("pay", captured["id"])
    Payment.objects.filter(id=id_).update(amount_refunded=10_00, sequence=3)

    with pytest.raises(Quarantined, match="gives_back"):
        fails(captured)


@pytest.mark.parametrize("heard_first", ["refund", "capture"])
def test_beside_a_refund_under_way_it_comes_to_the_same_in_either_order(
    api, merchant, captured, heard_first
):
    """The refund fails as well, of what was never taken; to wait for that takes no person."""
    claimed = refund(
        merchant.merchant.id,
        decode("pay", captured["id"]),
        livemode=False,
        amount=4_00,
        bind=None,
        now=now(),
    )
    said = RefundReported(
        psp_reference=captured["psp_reference"],
        reference="R1",
        state=RefundState.FAILED,
        amount=Money(4_00, "USD"),
        refund=claimed.attempt.refund.public_id,
    )
    if heard_first == "capture":
        with pytest.raises(NotYet), atomic():
            fails(captured)

    refund_reported("adyen", said, livemode=False, now=now())
    fails(captured)

    assert shown(api, captured) == ("failed", 0, 0)
    assert prove().holds


def test_the_capture_of_a_customer_who_was_at_the_bank_is_known(api):
    """Two attempts charged: one sent the customer to the bank, and took nothing."""
    payment = api.pay(
        psp="adyen", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()
    back = press(payment["next_action"]["url"], "complete")
    paid = api.post(
        f"payments/{payment['id']}/confirm", {"redirect_result": back.query["redirectResult"]}
    ).json()
    assert paid["status"] == "captured"

    fails(paid)

    assert shown(api, paid) == ("failed", 0, 0)
    assert prove().holds
