"""Authorizations lapse."""

from datetime import timedelta

import pytest

from kernel.clock import now
from paygate.payments.carry_out import carry_out
from paygate.payments.expire import expire_due


def let_lapse(days):
    claimed = expire_due(now=now() + timedelta(days=days))
    carry_out([(c.attempt.merchant_id, c.attempt.id) for c in claimed])
    return len(claimed)


@pytest.mark.parametrize("psp", ["stripe", "adyen", "braintree"])
def test_a_hold_that_nobody_takes_expires_and_is_released(api, books_of, psp):
    payment = api.pay(psp=psp, capture_method="manual").json()

    assert let_lapse(days=1) == 0
    assert let_lapse(days=40) == 1

    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"
    assert [kind for kind, _ in books_of(psp, payment["id"])] == ["authorized", "canceled"]


def test_a_hold_that_the_psp_has_already_let_go_expires_all_the_same(api, simulators):
    payment = api.pay(psp="stripe", capture_method="manual").json()
    simulators["stripe"].clock(advance=8 * 86400)

    let_lapse(days=8)

    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"


def test_what_was_captured_stays_when_the_rest_lapses(api):
    payment = api.pay(psp="stripe", capture_method="manual").json()
    api.post(f"payments/{payment['id']}/capture", {"amount": 300, "final": False})

    let_lapse(days=40)

    lapsed = api.get(f"payments/{payment['id']}").json()
    assert (lapsed["status"], lapsed["amount_captured"]) == ("captured", 300)


def test_a_customer_who_never_comes_back_lets_the_payment_expire(api):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()

    let_lapse(days=2)

    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"
