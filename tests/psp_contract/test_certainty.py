"""NotSent is certain, Unknown is honest: what each adapter makes of every way a call can go wrong."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from kernel.money import Money
from paygate.psp.adyen import gateway as adyen_gateway
from paygate.psp.gateway import (
    Approved,
    Authorize,
    Capture,
    DeclineCode,
    Declined,
    NotSent,
    Outcome,
    Unknown,
)
from paygate.psp.registry import PSPS
from paygate.psp.wire import never_left
from tests.psp_contract.conftest import EUR_10, adapter, authorize, cancel, capture, configuration
from tests.psp_contract.puppet import (
    DIES,
    Puppet,
    nobody,
    puppet,
    reply,
    speaks_plainly,
    too_busy_to_open_the_door,
)


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def good(psp: str, *, minor: int = 10_00, currency: str = "EUR") -> str:
    """The body with which the PSP says that it holds the amount."""
    if psp == "stripe":
        return json.dumps(
            {
                "object": "payment_intent",
                "id": "pi_1",
                "status": "requires_capture",
                "amount": minor,
                "amount_capturable": minor,
                "amount_received": 0,
                "currency": currency.lower(),
                "created": 1_790_000_000,
                "latest_charge": "ch_1",
                "metadata": {},
            }
        )
    if psp == "adyen":
        amount = {"value": minor, "currency": currency}
        return json.dumps({"pspReference": "PSP1", "resultCode": "Authorised", "amount": amount})
    return (
        "<transaction><id>bt1</id><type>sale</type><status>authorized</status>"
        f"<amount>{minor // 100}.{minor % 100:02}</amount>"
        f"<currency-iso-code>{currency}</currency-iso-code></transaction>"
    )


def error_body(psp: str, code: str = "") -> str:
    if psp == "stripe":
        return json.dumps({"error": {"type": "api_error", "code": code, "message": "no"}})
    if psp == "adyen":
        return json.dumps({"status": 0, "errorCode": code or "000", "message": "no"})
    return ""


# -------------------------------------------------------------------------------------- never left


@pytest.mark.parametrize("psp", PSPS)
def test_where_nobody_listens_nothing_was_sent(psp: str) -> None:
    assert isinstance(adapter(psp, nobody()).send(authorize(psp)), NotSent)


@pytest.mark.parametrize("psp", PSPS)
def test_a_name_that_nobody_has_gets_nothing_sent(psp: str) -> None:
    unknown = adapter(psp, "http://nobody.invalid:80")
    assert isinstance(unknown.send(authorize(psp)), NotSent)


@pytest.mark.parametrize("psp", PSPS)
def test_a_connection_that_does_not_open_in_time_carries_nothing(psp: str) -> None:
    with too_busy_to_open_the_door() as url:
        assert isinstance(adapter(psp, url).send(authorize(psp)), NotSent)


def test_a_certificate_we_do_not_trust_gets_nothing_sent() -> None:
    failure = ssl.SSLCertVerificationError(1, "self-signed certificate")
    failure.reason = "CERTIFICATE_VERIFY_FAILED"
    assert never_left(requests.exceptions.SSLError(failure))


@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_tls_with_someone_who_speaks_none_ends_before_the_request(psp: str) -> None:
    with speaks_plainly() as url:
        assert isinstance(adapter(psp, url).send(authorize(psp)), NotSent)


# ------------------------------------------------------------------------------------ asked, and then?


@pytest.mark.parametrize("psp", PSPS)
def test_a_connection_that_dies_under_the_request_leaves_us_in_doubt(
    psp: str, strings: Puppet
) -> None:
    strings.answers = [DIES]
    assert isinstance(adapter(psp, strings.url).send(authorize(psp)), Unknown)
    assert len(strings.asked) == 1


@pytest.mark.parametrize("psp", PSPS)
def test_a_kept_alive_connection_that_dies_under_the_second_request_is_not_a_refused_one(
    psp: str, strings: Puppet
) -> None:
    strings.answers = [reply(200, good(psp)), DIES]
    gateway = adapter(psp, strings.url)
    assert isinstance(gateway.send(authorize(psp)), Approved)
    assert isinstance(gateway.send(authorize(psp)), Unknown)
    assert (len(strings.asked), strings.connections) == (
        2,
        1,
    )  # Asked once each, on one connection.


@pytest.mark.parametrize("psp", PSPS)
def test_an_answer_that_drips_is_not_waited_for(psp: str, strings: Puppet) -> None:
    strings.says(200, good(psp))
    strings.pause = 0.1
    outcome: list[Outcome] = []
    ask = threading.Thread(
        target=lambda: outcome.append(adapter(psp, strings.url).send(authorize(psp))), daemon=True
    )
    ask.start()
    ask.join(10)  # The whole answer would take more than ten seconds.
    assert outcome
    assert isinstance(outcome[0], Unknown)


@pytest.mark.parametrize(
    "body", ["", "<html>busy</html>", "[]", "null", "{}", '{"object": 1}', "<a/>"]
)
@pytest.mark.parametrize("psp", PSPS)
def test_an_answer_that_is_none_leaves_us_in_doubt(psp: str, body: str, strings: Puppet) -> None:
    strings.says(200, body)
    assert isinstance(adapter(psp, strings.url).send(authorize(psp)), Unknown)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
@pytest.mark.parametrize("psp", PSPS)
def test_a_server_error_leaves_us_in_doubt(psp: str, status: int, strings: Puppet) -> None:
    strings.says(status, error_body(psp))
    assert isinstance(adapter(psp, strings.url).send(authorize(psp)), Unknown)


@pytest.mark.parametrize("status", [401, 403, 429])
@pytest.mark.parametrize("psp", PSPS)
def test_who_is_stopped_at_the_door_was_not_served(psp: str, status: int, strings: Puppet) -> None:
    strings.says(status, error_body(psp))
    outcome = adapter(psp, strings.url).send(authorize(psp))
    assert isinstance(outcome, NotSent)
    assert ("credentials" in outcome.why) == (status != 429)


@pytest.mark.parametrize(
    "minor, currency", [(10_01, "EUR"), (1, "EUR"), (10_00, "USD"), (10_00_00, "EUR")]
)
@pytest.mark.parametrize("psp", PSPS)
def test_a_reply_about_other_money_is_not_taken_for_ours(
    psp: str, minor: int, currency: str, strings: Puppet
) -> None:
    strings.says(200, good(psp, minor=minor, currency=currency))
    outcome = adapter(psp, strings.url).send(authorize(psp, EUR_10))
    assert isinstance(outcome, Unknown)
    assert "AMOUNT DIFFERS" in outcome.why


@pytest.mark.parametrize("psp", ["stripe", "braintree"])
@pytest.mark.parametrize("status", [401, 429, 404, 500])
def test_a_look_up_that_fails_says_nothing_of_what_was_asked_before(
    psp: str, status: int, strings: Puppet
) -> None:
    strings.says(status, error_body(psp))
    asked = authorize(psp)
    gateway = adapter(psp, strings.url)
    for request in (asked, capture(asked, "x1", EUR_10), cancel(asked, "x1")):
        assert isinstance(gateway.look_up(request), Unknown)


@pytest.mark.parametrize("psp", ["stripe", "braintree"])
def test_a_look_up_that_reaches_nobody_is_not_a_trace_of_nothing(psp: str) -> None:
    assert isinstance(adapter(psp, nobody()).look_up(authorize(psp)), Unknown)


# ------------------------------------------------------------------------------- each in its own words


def test_adyens_transient_503_was_not_executed(strings: Puppet) -> None:
    strings.says(503, error_body("adyen"), transient_error="true")
    assert isinstance(adapter("adyen", strings.url).send(authorize("adyen")), NotSent)


@pytest.mark.parametrize("status", [409, 422])
def test_adyens_704_is_an_earlier_request_still_at_work(status: int, strings: Puppet) -> None:
    strings.says(status, error_body("adyen", "704"), transient_error="true")
    assert isinstance(adapter("adyen", strings.url).send(authorize("adyen")), Unknown)


def test_stripes_key_of_another_request_says_that_something_was_sent(strings: Puppet) -> None:
    body = json.dumps({"error": {"type": "idempotency_error", "message": "other parameters"}})
    strings.says(400, body)
    assert isinstance(adapter("stripe", strings.url).send(authorize("stripe")), Unknown)


def braintree_error(code: str) -> str:
    return (
        "<api-error-response><message>no</message><errors><errors type='array'/><transaction>"
        f"<errors type='array'><error><code>{code}</code><attribute>base</attribute>"
        "<message>no</message></error></errors></transaction></errors></api-error-response>"
    )


@pytest.mark.parametrize("code", ["915232", "915233", "915234", "915235"])
def test_braintrees_trouble_with_a_key_says_that_something_was_sent(
    code: str, strings: Puppet
) -> None:
    strings.says(422, braintree_error(code))
    assert isinstance(adapter("braintree", strings.url).send(authorize("braintree")), Unknown)


def test_braintrees_validation_errors_are_a_no(strings: Puppet) -> None:
    strings.says(422, braintree_error("91564"))
    outcome = adapter("braintree", strings.url).send(authorize("braintree"))
    assert outcome == Declined(DeclineCode.INVALID_PAYMENT_METHOD, "91564", "no")


# ---------------------------------------------------------------------------------- connections and keys


@pytest.mark.parametrize("psp", PSPS)
def test_a_thread_asks_over_one_connection(psp: str, strings: Puppet) -> None:
    strings.says(200, good(psp))
    gateway = adapter(psp, strings.url)
    for _ in range(5):
        assert isinstance(gateway.send(authorize(psp)), Approved)
    assert strings.connections == 1


@pytest.mark.parametrize("psp", PSPS)
def test_threads_share_an_adapter_and_no_connection(psp: str, strings: Puppet) -> None:
    strings.says(200, good(psp))
    gateway = adapter(psp, strings.url)
    outcomes: list[Outcome] = []

    def ask() -> None:
        outcomes.extend(gateway.send(authorize(psp)) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 20
    assert all(isinstance(outcome, Approved) for outcome in outcomes)
    assert strings.connections == 4


@pytest.mark.parametrize("psp", PSPS)
def test_the_attempt_is_the_key_of_whatever_moves_money(psp: str, strings: Puppet) -> None:
    strings.says(200, good(psp))
    gateway = adapter(psp, strings.url)
    asked = authorize(psp)
    requests_: list[Authorize | Capture] = [
        asked,
        capture(asked, "x1", EUR_10),
        capture(asked, "x1", Money(4_00, "EUR"), final=False),
    ]
    for request in requests_:
        gateway.send(request)
        assert request.key.encode() in strings.asked[-1]
    void = cancel(asked, "x1")
    gateway.send(void)
    assert void.key.encode() in strings.asked[-1]
    assert len(strings.asked) == 4  # And nothing is asked twice.


def test_stripe_is_told_nothing_about_this_machine(strings: Puppet) -> None:
    strings.answers = [reply(200, good("stripe"), Request_Id="req_1")]
    gateway = adapter("stripe", strings.url)
    gateway.send(authorize("stripe"))
    gateway.send(authorize("stripe"))
    assert not any(b"telemetry" in asked.lower() for asked in strings.asked)


@pytest.mark.parametrize("psp", PSPS)
def test_the_way_out_may_lead_through_a_proxy(
    psp: str, strings: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", strings.url)
    strings.says(200, good(psp))
    assert isinstance(adapter(psp, "http://psp.invalid:80").send(authorize(psp)), Approved)
    assert strings.asked[0].startswith(b"POST http://psp.invalid")


@pytest.mark.parametrize("psp", PSPS)
def test_a_netrc_of_the_machine_does_not_overrule_our_credentials(
    psp: str, strings: Puppet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    strings.says(200, good(psp))
    adapter(psp, strings.url).send(authorize(psp))
    assert b"c29tZW9uZTplbHNl" not in strings.asked[0]  # someone:else, as HTTP basic writes it.


def test_adyens_live_address_is_the_sdks_affair() -> None:
    live = {**configuration("adyen", "https://not.used.invalid"), "live_prefix": "1797a841-Paygate"}
    client = adyen_gateway.make(live)._payments.client
    assert client._determine_api_url(client.platform, adyen_gateway.CHECKOUT) == (
        "https://1797a841-Paygate-checkout-live.adyenpayments.com/checkout/v72"
    )
