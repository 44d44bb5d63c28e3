"""Adyen through its SDK: every act, every refusal, and what the books say afterwards."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import Adyen
import pytest

from tests.simulators.browser import press
from tests.simulators.sdk import AdyenMerchant

ACCOUNT = {"merchantAccount": "PaygateECOM"}
DAYS = 86400


def stored(id_: str) -> dict[str, str]:
    return {"type": "scheme", "storedPaymentMethodId": id_}


def card(**changes: str) -> dict[str, str]:
    return {
        "type": "scheme",
        "encryptedCardNumber": "test_4111111111111111",
        "encryptedExpiryMonth": "test_03",
        "encryptedExpiryYear": "test_2030",
        "encryptedSecurityCode": "test_737",
        "holderName": "J S",
        **changes,
    }


def dollars(value: int) -> dict[str, Any]:
    return {"value": value, "currency": "USD"}


def test_a_payment_by_hand_is_held_and_one_without_delay_is_taken_at_once(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    by_hand, at_once, key = new("pay"), new("pay"), new("key")

    said = at_adyen.pay(reference=by_hand)
    at_adyen.pay(key=key, reference=at_once, additionalData=None, captureDelayHours=0)

    assert (said["resultCode"], said["merchantReference"]) == ("Authorised", by_hand)
    assert said["amount"] == dollars(10_00)
    assert at_adyen.booked(by_hand) == [("authorized", 10_00)]
    assert at_adyen.booked(at_once) == [("authorized", 10_00), ("captured", 10_00)]
    entries = at_adyen.simulator.books()["entries"]
    assert {e["attempt"] for e in entries if e["payment"] == at_once} == {key}


def test_a_delayed_capture_happens_when_the_delay_is_over(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    at_adyen.pay(reference=payment, additionalData=None, captureDelayHours=24)
    assert at_adyen.booked(payment) == [("authorized", 10_00)]

    at_adyen.simulator.clock(advance=DAYS)

    assert at_adyen.booked(payment) == [("authorized", 10_00), ("captured", 10_00)]


def test_captures_are_received_and_booked_up_to_what_is_held(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference

    def capture(value: int) -> Any:
        body = {**ACCOUNT, "amount": dollars(value), "reference": "cap_1"}
        return at_adyen.modifications.capture_authorised_payment(body, psp)

    first = capture(4_00)
    assert first.status_code == 201
    assert first.message["status"] == "received"
    assert first.message["paymentPspReference"] == psp
    assert first.message["pspReference"] != psp
    capture(7_00)  # More than is left: received as well, and then nothing happens.
    capture(6_00)

    assert at_adyen.booked(payment) == [
        ("authorized", 10_00),
        ("captured", 4_00),
        ("captured", 6_00),
    ]


def test_a_cancel_releases_what_is_held(at_adyen: AdyenMerchant, new: Callable[[str], str]) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference

    for _ in range(2):
        said = at_adyen.modifications.cancel_authorised_payment_by_psp_reference(
            {**ACCOUNT, "reference": "void_1"}, psp
        )
        assert said.message["status"] == "received"

    assert at_adyen.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]


def test_a_reversal_releases_what_is_held(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference

    at_adyen.modifications.refund_or_cancel_payment({**ACCOUNT, "reference": "rev_1"}, psp)

    assert at_adyen.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]


def test_a_payment_without_an_answer_can_be_cancelled_by_our_own_reference(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    at_adyen.hold(payment, key=new("key"))

    for reference in (payment, "pay_nobodys"):  # Whether there is one is not said.
        said = at_adyen.modifications.cancel_authorised_payment(
            {**ACCOUNT, "paymentReference": reference, "reference": "void_1"}
        )
        assert (said.status_code, said.message["status"]) == (201, "received")

    assert at_adyen.booked(payment) == [("authorized", 10_00), ("canceled", 10_00)]


@pytest.mark.parametrize(
    ("changes", "result", "code"),
    [
        ({"paymentMethod": stored("declined")}, "Refused", "2"),
        ({"paymentMethod": stored("insufficient_funds")}, "Refused", "12"),
        ({"paymentMethod": stored("expired")}, "Refused", "6"),
        ({"paymentMethod": card(holderName="DECLINED : 12")}, "Refused", "12"),
        ({"paymentMethod": card(holderName="BLOCK_CARD")}, "Refused", "5"),
        ({"paymentMethod": card(holderName="ERROR")}, "Error", "4"),
        (
            {
                "paymentMethod": card(),
                "additionalData": {"RequestedTestAcquirerResponseCode": "CARD_EXPIRED"},
            },
            "Refused",
            "6",
        ),
        (
            {
                "paymentMethod": card(),
                "additionalData": {"RequestedTestAcquirerResponseCode": "20"},
            },
            "Refused",
            "20",
        ),
    ],
)
def test_a_refusal_comes_with_http_200(
    at_adyen: AdyenMerchant,
    new: Callable[[str], str],
    changes: dict[str, Any],
    result: str,
    code: str,
) -> None:
    payment = new("pay")

    said = at_adyen.pay(reference=payment, **changes)

    assert (said["resultCode"], said["refusalReasonCode"]) == (result, code)
    assert said["pspReference"]
    assert at_adyen.booked(payment) == [("declined", 10_00)]


@pytest.mark.parametrize("method", [stored("mastercard_ok"), stored("disputed"), card()])
def test_the_other_cards_are_authorised(at_adyen: AdyenMerchant, method: dict[str, str]) -> None:
    assert at_adyen.pay(paymentMethod=method)["resultCode"] == "Authorised"


@pytest.mark.parametrize(
    ("method", "button", "result", "code", "booked"),
    [
        (stored("3ds"), "complete", "Authorised", None, "authorized"),
        (stored("3ds"), "fail", "Refused", "11", "declined"),
        (stored("3ds_declined"), "complete", "Refused", "2", "declined"),
        (
            card(encryptedCardNumber="test_4917610000000000"),
            "complete",
            "Authorised",
            None,
            "authorized",
        ),
    ],
)
def test_the_customer_authenticates_and_details_finish_the_payment_once(
    at_adyen: AdyenMerchant,
    new: Callable[[str], str],
    method: dict[str, str],
    button: str,
    result: str,
    code: str | None,
    booked: str,
) -> None:
    payment, key = new("pay"), new("key")
    said = at_adyen.pay(reference=payment, paymentMethod=method)
    assert said["resultCode"] == "RedirectShopper"
    assert "pspReference" not in said
    assert at_adyen.booked(payment) == []

    back = press(said["action"]["url"], button)
    assert back.query["order"] == "1"
    details = {"details": {"redirectResult": back.query["redirectResult"]}}
    first = at_adyen.payments.payments_details(details, idempotency_key=key).message
    again = at_adyen.payments.payments_details(details).message

    assert (first["resultCode"], first.get("refusalReasonCode")) == (result, code)
    assert again == first
    assert at_adyen.booked(payment) == [(booked, 10_00)]
    assert at_adyen.simulator.books()["entries"][-1]["attempt"] == key


def test_a_payment_cancelled_while_the_customer_is_away_is_over_when_they_return(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    said = at_adyen.pay(reference=payment, paymentMethod=stored("3ds"))
    at_adyen.modifications.cancel_authorised_payment({**ACCOUNT, "paymentReference": payment})

    back = press(said["action"]["url"], "complete")
    details = {"details": {"redirectResult": back.query["redirectResult"]}}

    assert at_adyen.payments.payments_details(details).message["resultCode"] == "Cancelled"
    assert at_adyen.booked(payment) == []


def test_a_hold_that_nobody_captures_expires(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    at_adyen.hold(payment, key=new("key"))

    at_adyen.simulator.clock(advance=27 * DAYS)
    assert at_adyen.booked(payment) == [("authorized", 10_00)]
    at_adyen.simulator.clock(advance=DAYS)

    assert at_adyen.booked(payment) == [("authorized", 10_00), ("expired", 10_00)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"bogus": 1}, 422, "702"),
        ({"amount": {**dollars(1), "bogus": 1}}, 422, "702"),
        ({"paymentMethod": {**stored("visa_ok"), "bogus": 1}}, 422, "702"),
        ({"merchantAccount": None}, 403, "901"),
        ({"amount": None}, 422, "100"),
        ({"reference": None}, 422, "130"),
        ({"returnUrl": None}, 422, "14_030"),
        ({"paymentMethod": None}, 422, "158"),
        ({"shopperReference": None}, 422, "158"),
        ({"amount": dollars(0)}, 422, "137"),
        ({"amount": {"value": 1.5, "currency": "USD"}}, 400, "702"),
        ({"amount": {"value": 100, "currency": "XYZ"}}, 422, "138"),
        ({"amount": {"value": 1550, "currency": "CLP"}}, 422, "137"),  # Half a peso.
        ({"additionalData": {"manualCapture": True}}, 400, "702"),  # It is a string.
        ({"paymentMethod": stored("nobodys")}, 422, "803"),
    ],
)
def test_what_adyen_would_refuse_is_refused(
    at_adyen: AdyenMerchant, changes: dict[str, Any], status: int, code: str
) -> None:
    before = len(at_adyen.simulator.books()["entries"])

    with pytest.raises(Adyen.exceptions.AdyenAPIResponseError) as refused:
        at_adyen.pay(**changes)

    assert (refused.value.status_code, refused.value.error_code) == (status, code)
    assert len(at_adyen.simulator.books()["entries"]) == before


@pytest.mark.parametrize(
    ("currency", "sent", "booked"),
    [
        ("USD", 10_00, 10_00),
        ("JPY", 500, 500),
        ("KWD", 1_234, 1_234),
        ("ISK", 15_00, 15),
        ("CLP", 500_00, 500),
        ("IDR", 10000, 10000_00),
        ("CVE", 500, 500_00),
        ("UGX", 500, 500),
    ],
)
def test_the_books_count_in_iso_minor_units_whatever_adyen_counts_in(
    at_adyen: AdyenMerchant, new: Callable[[str], str], currency: str, sent: int, booked: int
) -> None:
    payment = new("pay")

    said = at_adyen.pay(reference=payment, amount={"value": sent, "currency": currency})

    assert said["amount"]["value"] == sent
    assert at_adyen.booked(payment) == [("authorized", booked)]


def test_a_modification_of_nothing_is_refused(at_adyen: AdyenMerchant) -> None:
    with pytest.raises(Adyen.exceptions.AdyenAPIUnprocessableEntity) as refused:
        at_adyen.modifications.cancel_authorised_payment_by_psp_reference(ACCOUNT, "NOBODYS")

    assert refused.value.error_code == "167"


def test_nobody_is_served_without_a_key(at_adyen: AdyenMerchant) -> None:
    address = urlsplit(at_adyen.simulator.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=20)
    connection.request("POST", "/v72/payments", b"{}")
    reply = connection.getresponse()
    connection.close()

    assert reply.status == 401
