"""Refunds at Adyen: received at once, made a moment later, refused only by webhook, and sometimes back again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import Adyen
import pytest

from tests.simulators.sdk import AdyenMerchant

ACCOUNT = {"merchantAccount": "PaygateECOM"}
LATER = 2.0  # Seconds in which a refund is made.


@pytest.fixture
def taken(at_adyen: AdyenMerchant, new: Callable[[str], str]) -> tuple[str, str]:
    """Our reference and Adyen's of a payment of 10 dollars that was taken at once."""
    payment = new("pay")
    said = at_adyen.pay(reference=payment, additionalData=None, captureDelayHours=0)
    return payment, said["pspReference"]


def refund(at: AdyenMerchant, psp: str, value: int, *, key: str = "", **more: Any) -> Any:
    body = {**ACCOUNT, "amount": {"value": value, "currency": "USD"}, "reference": "re_1", **more}
    return at.modifications.refund_captured_payment(body, psp, idempotency_key=key or None)


def given_back(at: AdyenMerchant, payment: str) -> list[tuple[str, int]]:
    at.simulator.clock(advance=LATER)
    return [(kind, minor) for kind, minor in at.booked(payment) if kind.startswith("refund")]


def test_a_refund_is_received_and_made_a_moment_later(
    at_adyen: AdyenMerchant, taken: tuple[str, str], new: Callable[[str], str]
) -> None:
    payment, psp = taken
    key = new("att")

    said = refund(at_adyen, psp, 4_00, key=key, merchantRefundReason="DUPLICATE")

    assert (said.status_code, said.message["status"]) == (201, "received")
    assert said.message["paymentPspReference"] == psp
    assert said.message["pspReference"] != psp
    assert (said.message["reference"], said.message["merchantRefundReason"]) == (
        *("re_1", "DUPLICATE"),
    )
    assert "refunded" not in dict(at_adyen.booked(payment))
    assert given_back(at_adyen, payment) == [("refunded", 4_00)]
    entry = at_adyen.simulator.books()["entries"][-1]
    assert (entry["attempt"], entry["reference"]) == (key, said.message["pspReference"])


def test_a_refund_is_made_by_merely_waiting(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    refund(at_adyen, psp, 4_00)

    give_up = time.monotonic() + 5
    while "refunded" not in dict(at_adyen.booked(payment)) and time.monotonic() < give_up:
        time.sleep(0.05)

    assert ("refunded", 4_00) in at_adyen.booked(payment)


def test_of_two_refunds_that_are_too_much_together_one_is_made(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    for _ in range(2):
        assert refund(at_adyen, psp, 6_00).message["status"] == "received"

    assert given_back(at_adyen, payment) == [("refunded", 6_00)]


def test_nothing_is_given_back_of_what_is_only_held(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference
    refund(at_adyen, psp, 1_00)

    assert given_back(at_adyen, payment) == []


def test_a_refund_of_a_capture_that_there_is_not_is_not_made(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    refund(at_adyen, psp, 1_00, capturePspReference="NOBODYS")
    refund(at_adyen, psp, 2_00, capturePspReference=psp)  # Adyen took it by itself.

    assert given_back(at_adyen, payment) == [("refunded", 2_00)]


def test_a_replay_under_the_key_refunds_once(
    at_adyen: AdyenMerchant, taken: tuple[str, str], new: Callable[[str], str]
) -> None:
    payment, psp = taken
    key = new("att")
    first, again = (refund(at_adyen, psp, 4_00, key=key).message for _ in range(2))

    assert again == first
    assert given_back(at_adyen, payment) == [("refunded", 4_00)]


def test_a_reversal_gives_back_all_that_was_taken(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    refund(at_adyen, psp, 4_00)
    assert given_back(at_adyen, payment) == [("refunded", 4_00)]

    at_adyen.modifications.refund_or_cancel_payment({**ACCOUNT, "reference": "rev_1"}, psp)

    assert given_back(at_adyen, payment) == [("refunded", 4_00), ("refunded", 6_00)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": {"value": 1_00, "currency": "EUR"}}, "138"),
        ({"amount": None}, "100"),
        ({"merchantRefundReason": "BOREDOM"}, "702"),
        ({"bogus": 1}, "702"),
    ],
)
def test_what_adyen_would_refuse_is_refused(
    at_adyen: AdyenMerchant, taken: tuple[str, str], changes: dict[str, Any], code: str
) -> None:
    payment, psp = taken
    with pytest.raises(Adyen.exceptions.AdyenAPIUnprocessableEntity) as refused:
        refund(at_adyen, psp, 1_00, **changes)

    assert refused.value.error_code == code
    assert given_back(at_adyen, payment) == []


def test_a_refund_that_was_made_can_come_back_and_be_made_again(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    made = refund(at_adyen, psp, 10_00).message["pspReference"]
    assert given_back(at_adyen, payment) == [("refunded", 10_00)]

    assert at_adyen.simulator.act("fail_refund", payment=payment)["id"] == made
    refund(at_adyen, psp, 10_00)

    assert given_back(at_adyen, payment) == [
        *(("refunded", 10_00), ("refund_failed", 10_00), ("refunded", 10_00)),
    ]
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("fail_refund", refund=made)  # It has failed already.


def test_people_refund_at_the_screen_up_to_what_is_left(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, _ = taken
    at_adyen.simulator.act("refund", payment=payment, amount=4_00)
    assert given_back(at_adyen, payment) == [("refunded", 4_00)]
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("refund", payment=payment, amount=6_01)
    at_adyen.simulator.act("refund", payment=payment)

    assert given_back(at_adyen, payment) == [("refunded", 4_00), ("refunded", 6_00)]
    assert {e["attempt"] for e in at_adyen.simulator.books()["entries"][-1:]} == {""}


def test_people_refund_in_iso_units_whatever_adyen_counts_in(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    at_adyen.pay(
        reference=payment,
        amount={"value": 500_00, "currency": "CLP"},  # Two decimals at Adyen; pesos have none.
        additionalData=None,
        captureDelayHours=0,
    )
    at_adyen.simulator.act("refund", payment=payment, amount=200)

    assert given_back(at_adyen, payment) == [("refunded", 200)]


def test_a_capture_can_fail_and_be_taken_again(
    at_adyen: AdyenMerchant, taken: tuple[str, str]
) -> None:
    payment, psp = taken
    failed = at_adyen.simulator.act("fail_capture", payment=payment)["id"]
    refund(at_adyen, psp, 1_00)
    assert given_back(at_adyen, payment) == []
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("fail_capture", payment=payment)

    assert at_adyen.simulator.act("recapture", payment=payment)["id"] == failed

    assert [kind for kind, _ in at_adyen.booked(payment)] == [
        *("authorized", "captured", "capture_failed", "captured"),
    ]
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("recapture", payment=payment)


def test_people_cancel_what_is_held_and_nothing_else(
    at_adyen: AdyenMerchant, taken: tuple[str, str], new: Callable[[str], str]
) -> None:
    held = new("pay")
    at_adyen.hold(held, key=new("key"))
    at_adyen.simulator.act("cancel", payment=held)

    assert at_adyen.booked(held) == [("authorized", 10_00), ("canceled", 10_00)]
    for payment in (taken[0], held, "pay_nobodys"):
        with pytest.raises(HTTPError):
            at_adyen.simulator.act("cancel", payment=payment)
