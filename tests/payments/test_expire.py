"""Authorizations lapse."""

from datetime import timedelta

import pytest
import requests

from kernel.clock import now
from kernel.money import Money
from paygate.payments.carry_out import carry_out
from paygate.payments.expire import expire_due
from paygate.payments.resolve import resolve
from paygate.proof.prove import prove
from paygate.psp.gateway import Cancel, Capture
from paygate.psp.registry import gateway


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


def waiting_for_its_customer(api, **changes):
    return api.pay(
        psp="stripe",
        payment_method="pm_card_3ds",
        return_url="https://shop.example/return",
        **changes,
    ).json()


def completed_at_the_bank(payment):
    requests.post(
        payment["next_action"]["url"],
        data={"result": "complete"},
        allow_redirects=False,
        timeout=5,
    )


def ask_the_psp():
    return resolve("stripe", at=now() + timedelta(days=3))


def test_what_the_customer_has_paid_never_expires_though_the_merchant_never_confirmed(
    api, books_of
):
    payment = waiting_for_its_customer(api)
    completed_at_the_bank(payment)

    let_lapse(days=2)
    ask_the_psp()

    found = api.get(f"payments/{payment['id']}").json()
    assert (found["status"], found["amount_captured"]) == ("captured", 1000)
    assert books_of("stripe", payment["id"]) == [("authorized", 1000), ("captured", 1000)]
    assert prove().holds


def test_a_cancel_that_the_customer_outran_ends_as_what_the_psp_has(api):
    payment = waiting_for_its_customer(api)
    completed_at_the_bank(payment)

    refused = api.post(f"payments/{payment['id']}/cancel")
    ask_the_psp()

    assert refused.status_code == 402
    assert refused.json()["error"]["decline_code"] == "already_captured"
    assert api.get(f"payments/{payment['id']}").json()["status"] == "captured"
    assert prove().holds


def test_a_hold_that_the_customer_gave_unseen_is_released(api, books_of):
    payment = waiting_for_its_customer(api, capture_method="manual")
    completed_at_the_bank(payment)

    let_lapse(days=2)

    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"
    assert [kind for kind, _ in books_of("stripe", payment["id"])] == ["authorized", "canceled"]


def behind_our_back(payment, request, **more):
    """What somebody does in the PSP's own dashboard."""
    reference = {"psp_reference": payment["psp_reference"], "payment": payment["id"]}
    return gateway(payment["psp"], livemode=False).send(
        request(key="dashboard", **reference, **more)
    )


def test_a_hold_that_was_taken_behind_our_back_does_not_expire(api):
    payment = api.pay(psp="stripe", capture_method="manual").json()
    whole, nothing = Money(1000, "USD"), Money(0, "USD")
    behind_our_back(
        payment, Capture, amount=whole, final=True, authorized=whole, captured_before=nothing
    )

    let_lapse(days=40)

    found = api.get(f"payments/{payment['id']}").json()
    assert (found["status"], found["amount_captured"]) == ("authorized", 0)
    assert found["last_error"]["decline_code"] == "already_captured"
    assert let_lapse(days=41) == 0


@pytest.mark.parametrize("psp", ["stripe", "braintree"])
def test_a_cancel_of_what_the_psp_has_let_go_already_succeeds(api, psp):
    payment = api.pay(psp=psp, capture_method="manual").json()
    behind_our_back(payment, Cancel)

    assert api.post(f"payments/{payment['id']}/cancel").json()["status"] == "canceled"


def test_what_cannot_be_let_lapse_now_is_tried_again_an_hour_later_and_not_at_once(api, simulators):
    payment = api.pay(psp="adyen", capture_method="manual").json()
    simulators["adyen"].faults(next=["rate_limit"])

    assert let_lapse(days=40) == 1

    found = api.get(f"payments/{payment['id']}").json()
    assert found["status"] == "authorized"
    assert expire_due(now=now() + timedelta(minutes=30)) == []
    assert let_lapse(days=1) == 1
    assert api.get(f"payments/{payment['id']}").json()["status"] == "expired"
