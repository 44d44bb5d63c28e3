"""What is done to a payment that exists."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from kernel.clock import now
from ledger.balances import balance
from merchants.fees import agree
from paygate.proof.prove import prove

PSPS = ["stripe", "adyen", "braintree"]


@pytest.fixture(params=PSPS)
def held(request, api):
    return api.pay(psp=request.param, amount=1000, capture_method="manual").json()


def test_a_full_capture_takes_all_that_is_held(api, held, books_of):
    reply = api.post(f"payments/{held['id']}/capture")

    assert reply.status_code == 200
    assert reply.json()["status"] == "captured"
    assert books_of(held["psp"], held["id"]) == [("authorized", 1000), ("captured", 1000)]


def test_a_partial_capture_releases_the_rest(api, held):
    payment = api.post(f"payments/{held['id']}/capture", {"amount": 400}).json()

    assert payment["status"] == "captured"
    assert (payment["amount_captured"], payment["amount_capturable"]) == (400, 0)
    assert api.post(f"payments/{held['id']}/capture").status_code == 409


def test_captures_in_parts_add_up_and_pay_the_fixed_fee_once(api, held, books_of):
    first = api.post(f"payments/{held['id']}/capture", {"amount": 400, "final": False}).json()
    second = api.post(f"payments/{held['id']}/capture", {"amount": 250, "final": False}).json()
    last = api.post(f"payments/{held['id']}/capture").json()

    assert [p["status"] for p in (first, second, last)] == [
        "partially_captured",
        "partially_captured",
        "captured",
    ]
    assert last["amount_captured"] == 1000
    whole = api.pay(psp=held["psp"], amount=1000).json()
    assert last["fee"] == whole["fee"]
    assert books_of(held["psp"], held["id"])[1:] == [
        ("captured", 400),
        ("captured", 250),
        ("captured", 350),
    ]


def test_the_books_owe_the_merchant_what_the_payment_says(api, held, merchant):
    payment = api.post(f"payments/{held['id']}/capture", {"amount": 700}).json()

    owed = balance(
        merchant.merchant.id,
        livemode=False,
        account="liabilities:merchant:pending",
        currency="USD",
    )
    assert owed.minor == payment["net"]


def test_more_than_is_held_cannot_be_captured(api, held):
    reply = api.post(f"payments/{held['id']}/capture", {"amount": 1001})

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "amount_too_large"
    assert reply.json()["error"]["param"] == "amount"


def test_a_cancel_releases_what_is_held(api, held, books_of):
    reply = api.post(f"payments/{held['id']}/cancel")

    assert reply.json()["status"] == "canceled"
    assert books_of(held["psp"], held["id"]) == [("authorized", 1000), ("canceled", 1000)]
    assert api.post(f"payments/{held['id']}/capture").status_code == 409


def test_what_was_captured_cannot_be_canceled(api):
    payment = api.pay().json()

    reply = api.post(f"payments/{payment['id']}/cancel")

    error = reply.json()["error"]
    assert reply.status_code == 409
    assert (error["type"], error["code"]) == ("conflict_error", "invalid_state")
    assert error["payment"] == payment["id"]


def test_another_merchants_payment_does_not_exist(api, held, client_for, another_merchant):
    other = client_for(another_merchant)

    for call in ("capture", "cancel", "confirm"):
        assert other.post(f"payments/{held['id']}/{call}").status_code == 404
    assert other.get(f"payments/{held['id']}").status_code == 404


def _at_the_bank(payment, result):
    """The customer's browser: the bank's page, a button, the way back to the shop."""
    url = payment["next_action"]["url"]
    assert "<form" in requests.get(url, timeout=5).text
    back = requests.post(url, data={"result": result}, allow_redirects=False, timeout=5)
    return parse_qs(urlsplit(back.headers["Location"]).query)


def _confirm(api, payment, query):
    body = {"redirect_result": query["redirectResult"][0]} if "redirectResult" in query else {}
    return api.post(f"payments/{payment['id']}/confirm", body)


@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_a_customer_who_passes_3d_secure_has_paid(api, books_of, psp):
    reply = api.pay(psp=psp, payment_method="pm_card_3ds", return_url="https://shop.example/return")
    payment = reply.json()
    assert reply.status_code == 201
    assert payment["status"] == "requires_action"
    assert payment["next_action"]["type"] == "redirect"

    done = _confirm(api, payment, _at_the_bank(payment, "complete"))

    assert done.status_code == 200
    assert done.json()["status"] == "captured"
    assert books_of(psp, payment["id"]) == [("authorized", 1000), ("captured", 1000)]


@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_a_customer_who_fails_3d_secure_has_not_paid(api, books_of, psp):
    payment = api.pay(
        psp=psp, payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()

    reply = _confirm(api, payment, _at_the_bank(payment, "fail"))

    assert reply.status_code == 402
    assert reply.json()["error"]["payment"]["status"] == "failed"
    assert "captured" not in dict(books_of(psp, payment["id"]))


def test_a_confirm_before_the_customer_acted_changes_nothing(api):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()

    reply = api.post(f"payments/{payment['id']}/confirm")

    assert reply.status_code == 200
    assert reply.json()["status"] == "requires_action"


def test_a_payment_that_waits_for_its_customer_can_be_canceled(api):
    payment = api.pay(
        psp="stripe", payment_method="pm_card_3ds", return_url="https://shop.example/return"
    ).json()

    assert api.post(f"payments/{payment['id']}/cancel").json()["status"] == "canceled"


def test_an_authorized_payment_cannot_be_confirmed(api, held):
    assert api.post(f"payments/{held['id']}/confirm").status_code == 409


def test_what_a_customer_brings_back_pays_for_one_payment_only(api):
    order = {
        "psp": "adyen",
        "payment_method": "pm_card_3ds",
        "return_url": "https://shop.example/return",
    }
    paid, unpaid = api.pay(**order).json(), api.pay(**order).json()
    result = _at_the_bank(paid, "complete")

    assert _confirm(api, unpaid, result).status_code == 402
    assert api.get(f"payments/{unpaid['id']}").json()["amount_captured"] == 0
    assert _confirm(api, paid, result).json()["status"] == "captured"


@pytest.mark.parametrize("before, after", [(100, 9000), (9000, 100)])
def test_new_terms_between_two_captures_never_keep_the_second_from_the_books(
    api, merchant, before, after
):
    def agree_on(basis_points):
        agree(merchant.merchant.id, basis_points=basis_points, effective_from=now())

    payment = api.pay(psp="stripe", capture_method="manual").json()["id"]
    agree_on(before)
    api.post(f"payments/{payment}/capture", {"amount": 900, "final": False})
    agree_on(after)

    last = api.post(f"payments/{payment}/capture").json()

    assert (last["status"], last["amount_captured"]) == ("captured", 1000)
    assert 0 <= last["fee"] <= 1000
    assert prove().holds
