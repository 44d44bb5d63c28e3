"""Each fault does what it says: what the merchant sees, what the books say, what a replay gives.

A hung connection is closed at last, so that no test waits for a clock; one test is impatient.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import Adyen
import pytest
import requests
import stripe

from simulators.run import Simulator
from tests.simulators.sdk import MERCHANTS, Held, Merchant, StripeMerchant, braintree

HELD = [("authorized", 10_00)]
SOON = 0.05  # Seconds until a hung connection is closed.

http_errors = braintree.exceptions.http
BROKEN = (
    stripe.APIConnectionError,
    requests.exceptions.ConnectionError,
    http_errors.connection_error.ConnectionError,
)
TOO_LATE = (
    stripe.APIConnectionError,
    requests.exceptions.ReadTimeout,
    http_errors.timeout_error.ReadTimeoutError,
)


@contextmanager
def unanswered() -> Iterator[None]:
    """The connection ends, and there was no reply."""
    with pytest.raises(BROKEN) as broken:
        yield
    assert getattr(broken.value, "http_status", None) is None


@contextmanager
def answered(status: int) -> Iterator[None]:
    """The SDK raises what it makes of this HTTP status."""
    with pytest.raises(Exception) as raised:
        yield
    by_status = {
        429: braintree.exceptions.too_many_requests_error.TooManyRequestsError,
        500: braintree.exceptions.server_error.ServerError,
    }
    error: Any = raised.value
    said = getattr(error, "http_status", None) or getattr(error, "status_code", None)
    assert said == status or type(error) is by_status.get(status)


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after"])
def test_executed_and_never_answered(
    merchant: Merchant, new: Callable[[str], str], fault: str
) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(next=[fault], hang_seconds=SOON)

    with unanswered():
        merchant.hold(payment, key=key)
    assert merchant.booked(payment) == HELD
    again = merchant.hold(payment, key=key)

    assert again.amount == 10_00
    assert merchant.booked(payment) == HELD


@pytest.mark.parametrize("fault", ["timeout_before", "reset_before"])
def test_never_executed_and_never_answered(
    merchant: Merchant, new: Callable[[str], str], fault: str
) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(next=[fault], hang_seconds=SOON)

    with unanswered():
        merchant.hold(payment, key=key)
    assert merchant.booked(payment) == []
    merchant.hold(payment, key=key)

    assert merchant.booked(payment) == HELD


@pytest.mark.parametrize("psp", sorted(MERCHANTS))
def test_a_merchant_without_patience_gives_up_before_the_late_effect(
    faultless: dict[str, Simulator], new: Callable[[str], str], psp: str
) -> None:
    payment, key = new("pay"), new("key")
    faultless[psp].faults(next=["late"], late_seconds=1.5)
    with (
        closing(MERCHANTS[psp](faultless[psp], patience=0.2)) as impatient,
        closing(MERCHANTS[psp](faultless[psp])) as patient,
    ):
        with pytest.raises(TOO_LATE):
            impatient.hold(payment, key=key)
        assert patient.booked(payment) == []

        assert eventually(lambda: patient.booked(payment)) == HELD

        assert patient.hold(payment, key=key).amount == 10_00
        assert patient.booked(payment) == HELD


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` sees once it sees something."""
    for _ in range(1000):
        if seen := look():
            return seen
        time.sleep(0.01)
    raise AssertionError("nothing was ever seen")


@pytest.mark.parametrize(
    ("fault", "statuses", "booked"),
    [
        ("rate_limit", {"stripe": 429, "adyen": 429, "braintree": 429}, []),
        ("error_before", {"stripe": 500, "adyen": 503, "braintree": 500}, []),
        ("error_after", {"stripe": 500, "adyen": 500, "braintree": 500}, HELD),
    ],
)
def test_an_error_instead_of_an_answer(
    merchant: Merchant,
    new: Callable[[str], str],
    fault: str,
    statuses: dict[str, int],
    booked: list[Any],
) -> None:
    payment, key = new("pay"), new("key")
    status = statuses[merchant.simulator.psp]
    merchant.simulator.faults(next=[fault])

    with answered(status):
        merchant.hold(payment, key=key)
    assert merchant.booked(payment) == booked

    if fault == "error_after" and isinstance(merchant, StripeMerchant):
        with answered(status):  # Stripe stores what it sent once execution had begun.
            merchant.hold(payment, key=key)
    else:
        assert merchant.hold(payment, key=key).amount == 10_00
    assert merchant.booked(payment) == HELD


def test_an_error_instead_of_a_replay_leaves_what_is_stored_as_it_was(
    merchant: Merchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    first = merchant.hold(payment, key=key)
    merchant.simulator.faults(next=["error_after"])

    with answered(500):
        merchant.hold(payment, key=key)

    assert merchant.hold(payment, key=key) == first


def test_only_adyen_s_error_before_may_be_sent_again(at_adyen: Merchant) -> None:
    at_adyen.simulator.faults(next=["error_before", "error_after"])

    for transient in (True, False):
        with pytest.raises(Adyen.exceptions.AdyenError) as raised:
            at_adyen.hold("pay_transient", key="key-transient")
        assert ("transient-error" in raised.value.headers) is transient


def test_a_wrong_amount_is_said_and_the_right_one_taken(
    merchant: Merchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(next=["wrong_amount"])

    said = merchant.hold(payment, key=key)
    again = merchant.hold(payment, key=key)

    assert said.amount != 10_00
    assert again == Held(said.reference, 10_00)
    assert merchant.booked(payment) == HELD


def test_a_malformed_answer_hides_an_effect(merchant: Merchant, new: Callable[[str], str]) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(next=["malformed"])

    with pytest.raises(Exception):  # noqa: B017  Each SDK trips in its own way.
        merchant.hold(payment, key=key)

    assert merchant.booked(payment) == HELD
    assert merchant.hold(payment, key=key).amount == 10_00


@pytest.fixture
def asked(at_stripe: StripeMerchant) -> Iterator[Callable[[str], socket.socket]]:
    """Ask for a payment with a fault, without an SDK: the open connection."""
    address = urlsplit(at_stripe.simulator.url)
    opened = socket.create_connection((address.hostname, address.port), timeout=20)
    body = "amount=1000&currency=usd"
    request = (
        f"POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_x\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )

    def ask(fault: str) -> socket.socket:
        at_stripe.simulator.faults(next=[fault], hang_seconds=SOON)
        opened.sendall(request.encode())
        return opened

    yield ask
    opened.close()


def test_a_slow_answer_comes_byte_by_byte(asked: Callable[[str], socket.socket]) -> None:
    opened = asked("slow_drip")

    assert [opened.recv(4096) for _ in range(3)] == [b"H", b"T", b"T"]


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_a_reset_breaks_the_connection(asked: Callable[[str], socket.socket], fault: str) -> None:
    with pytest.raises(ConnectionResetError):
        asked(fault).recv(4096)


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
def test_a_timeout_ends_in_silence(asked: Callable[[str], socket.socket], fault: str) -> None:
    assert asked(fault).recv(4096) == b""


def test_a_card_that_is_always_charged_and_never_answered_the_first_time(
    merchant: Merchant, new: Callable[[str], str]
) -> None:
    payment, key = new("pay"), new("key")
    merchant.simulator.faults(hang_seconds=SOON)

    with unanswered():
        merchant.hold(payment, key=key, card=merchant.silent)
    assert merchant.booked(payment) == HELD

    assert merchant.hold(payment, key=key, card=merchant.silent).amount == 10_00
    assert merchant.booked(payment) == HELD


def test_a_look_up_is_spared_unless_it_is_named(
    new: Callable[[str], str], at_stripe: Merchant, at_braintree: Merchant
) -> None:
    for merchant in (at_stripe, at_braintree):
        held = merchant.hold(new("pay"), key=new("key"))

        merchant.simulator.faults(probabilities={"error_before": 1.0})
        merchant.find(held)
        merchant.simulator.faults(probabilities={"lookup_error_before": 1.0})
        with answered(500):
            merchant.find(held)
        merchant.hold(new("pay"), key=new("key"))
        merchant.simulator.faults(next=["lookup_timeout_before"], hang_seconds=SOON)
        with unanswered():
            merchant.find(held)
        merchant.find(held)


def test_a_script_is_played_once_before_the_probabilities(
    at_stripe: Merchant, new: Callable[[str], str]
) -> None:
    at_stripe.simulator.faults(
        next=["none", "error_before", "none"], probabilities={"rate_limit": 1.0}
    )

    at_stripe.hold(new("pay"), key=new("key"))
    with answered(500):
        at_stripe.hold(new("pay"), key=new("key"))
    at_stripe.hold(new("pay"), key=new("key"))
    with answered(429):
        at_stripe.hold(new("pay"), key=new("key"))


def test_a_seed_gives_one_story(at_stripe: Merchant, new: Callable[[str], str]) -> None:
    def story(seed: int) -> list[bool]:
        at_stripe.simulator.faults(seed=seed, probabilities={"rate_limit": 0.5})
        went_well = []
        for _ in range(20):
            try:
                at_stripe.hold(new("pay"), key=new("key"))
                went_well.append(True)
            except stripe.RateLimitError:
                went_well.append(False)
        return went_well

    first = story(7)

    assert 0 < sum(first) < 20
    assert story(7) == first
    assert story(8) != first


def test_the_injected_faults_are_counted_and_a_fault_that_there_is_not_is_refused(
    at_stripe: Merchant, new: Callable[[str], str]
) -> None:
    before = at_stripe.simulator.injected().get("rate_limit", 0)
    at_stripe.simulator.faults(next=["rate_limit", "none"])
    with answered(429):
        at_stripe.hold(new("pay"), key=new("key"))
    at_stripe.hold(new("pay"), key=new("key"))

    assert at_stripe.simulator.injected()["rate_limit"] == before + 1
    for wrong in ({"next": ["explode"]}, {"probabilities": {"explode": 1.0}}, {"hang_second": 1}):
        with pytest.raises(HTTPError) as refused:
            at_stripe.simulator.faults(**wrong)
        refused.value.close()
