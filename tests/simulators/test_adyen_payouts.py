"""The simulated Adyen pays bank accounts: transfers, their statuses, and messages that are signed whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import Adyen
import pytest
from Adyen.util import is_valid_hmac_payload

from simulators import run
from tests.simulators.listener import Listener, listener
from tests.simulators.sdk import AdyenMerchant

KEY = "50415947415445" * 4 + "50415947"
HOUR, DAY = 3600, 86400
CLOSED, BOUNCING = "NL74ABNA0000000001", "NL47ABNA0000000002"


@pytest.fixture
def at_adyen(tmp_path: Path) -> Iterator[AdyenMerchant]:
    """With books of the test's own, which owe 10 dollars."""
    with run.start("adyen", folder=tmp_path) as simulator:
        merchant = AdyenMerchant(simulator)
        merchant.pay(additionalData=None, captureDelayHours=0)
        yield merchant


@pytest.fixture
def heard(at_adyen: AdyenMerchant) -> Iterator[Listener]:
    with listener() as ears:
        at_adyen.simulator.webhooks(url=ears.url)
        yield ears


def transfer(
    at: AdyenMerchant, *, iban: str = "NL91ABNA0417164300", key: str = "", **changes: Any
) -> Any:
    body = {
        "amount": {"value": 4_00, "currency": "USD"},
        "balanceAccountId": "BA1",
        "category": "bank",
        "counterparty": {
            "bankAccount": {
                "accountHolder": {"fullName": "Kiosk"},
                "accountIdentification": {"type": "iban", "iban": iban},
            }
        },
        "priority": "regular",
        "reference": "po_1",
        **changes,
    }
    return at.sdk.transfers.transfers_api.transfer_funds(body, idempotency_key=key or None)


def read(at: AdyenMerchant, made: Any) -> Any:
    return at.sdk.transfers.transfers_api.get_transfer(made.message["id"]).message


def listed(at: AdyenMerchant, **parameters: Any) -> list[Any]:
    now = datetime.now(UTC)
    window = {
        "balanceAccountId": "BA1",
        "createdSince": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdUntil": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **parameters,
    }
    api = at.sdk.transfers.transfers_api
    found: list[Any] = api.get_all_transfers(query_parameters=window).message["data"]
    return found


def test_a_transfer_is_authorised_and_booked_an_hour_later(at_adyen: AdyenMerchant) -> None:
    made = transfer(at_adyen, key="po_1")

    assert (made.status_code, made.message["status"]) == (202, "authorised")
    assert at_adyen.booked("po_1") == []
    at_adyen.simulator.clock(advance=2 * HOUR)
    found = read(at_adyen, made)
    assert (found["status"], found["reason"], found["direction"]) == (
        *("booked", "approved", "outgoing"),
    )
    assert [event["status"] for event in found["events"]] == ["received", "authorised", "booked"]
    assert at_adyen.booked("po_1") == [("paid_out", 4_00)]
    entry = at_adyen.simulator.books()["entries"][-1]
    assert (entry["attempt"], entry["reference"]) == ("po_1", made.message["id"])


def test_what_is_reserved_is_not_there_for_another(at_adyen: AdyenMerchant) -> None:
    first = transfer(at_adyen, amount={"value": 7_00, "currency": "USD"})
    second = transfer(at_adyen, reference="po_2")

    assert second.message["status"] == "refused"
    assert second.message["reason"] == "notEnoughBalance"
    at_adyen.simulator.act("fail_payout", payout="po_1")
    assert read(at_adyen, first)["status"] == "failed"
    assert transfer(at_adyen, reference="po_3").message["status"] == "authorised"
    at_adyen.simulator.clock(advance=2 * HOUR)
    booked = [at_adyen.booked(reference) for reference in ("po_1", "po_2", "po_3")]
    assert booked == [[], [], [("paid_out", 4_00)]]


@pytest.mark.parametrize(
    "iban, statuses, books",
    [
        (CLOSED, ["failed", "failed"], []),
        (BOUNCING, ["booked", "returned"], ["paid_out", "payout_returned"]),
    ],
)
def test_an_accounts_number_says_what_its_bank_does(
    at_adyen: AdyenMerchant, iban: str, statuses: list[str], books: list[str]
) -> None:
    made = transfer(at_adyen, iban=iban)
    seen = []
    for seconds in (DAY, 3 * DAY):
        at_adyen.simulator.clock(advance=seconds)
        seen.append(read(at_adyen, made)["status"])
    assert seen == statuses
    assert [kind for kind, _ in at_adyen.booked("po_1")] == books


def test_the_first_answer_is_the_answer_under_a_key(at_adyen: AdyenMerchant) -> None:
    first = transfer(at_adyen, key="po_1").message
    at_adyen.simulator.clock(advance=2 * HOUR)
    assert transfer(at_adyen, key="po_1").message == first
    assert at_adyen.booked("po_1") == [("paid_out", 4_00)]


def test_a_list_is_of_a_reference_an_account_and_a_time(at_adyen: AdyenMerchant) -> None:
    made = transfer(at_adyen).message["id"]
    transfer(at_adyen, reference="po_2")
    assert [one["id"] for one in listed(at_adyen, reference="po_1")] == [made]
    assert len(listed(at_adyen)) == 2
    assert len(listed(at_adyen, limit=1)) == 1
    assert listed(at_adyen, balanceAccountId="BA2") == []
    long_ago = {"createdSince": "2020-01-01T00:00:00Z", "createdUntil": "2020-02-01T00:00:00Z"}
    assert listed(at_adyen, **long_ago) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"balanceAccountId": ""},
        {"createdSince": ""},
        {"createdSince": "yesterday"},
        {"createdSince": "2020-01-01T00:00:00Z"},
        {"colour": "red"},
    ],
)
def test_a_list_of_everything_is_refused(
    at_adyen: AdyenMerchant, parameters: dict[str, str]
) -> None:
    with pytest.raises(Adyen.AdyenAPIUnprocessableEntity):
        listed(at_adyen, **parameters)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"amount": {"value": 0, "currency": "USD"}},
        {"amount": {"value": 1.5, "currency": "USD"}},
        {"amount": {"value": 1, "currency": "XXX"}},
        {"amount": {"value": 150, "currency": "ISK"}},
        {"category": "card"},
        {"balanceAccountId": ""},
        {"counterparty": {"bankAccount": {"accountHolder": {"fullName": "K"}}}},
        {"iban": ""},
        {"reference": "x" * 81},
        {"colour": "red"},
    ],
)
def test_what_is_not_as_documented_is_refused(
    at_adyen: AdyenMerchant, changes: dict[str, Any]
) -> None:
    with pytest.raises(Adyen.AdyenAPIUnprocessableEntity) as refused:
        transfer(at_adyen, **changes)
    assert refused.value.error_code.startswith("30_")
    assert at_adyen.booked("po_1") == []


def test_a_transfer_that_there_is_not_is_not_found(at_adyen: AdyenMerchant) -> None:
    with pytest.raises(Adyen.AdyenAPICommunicationError) as refused:
        at_adyen.sdk.transfers.transfers_api.get_transfer("NOBODYS")
    assert refused.value.status_code == 404


def test_each_change_is_told_with_its_number_and_signed_whole(
    at_adyen: AdyenMerchant, heard: Listener
) -> None:
    made = transfer(at_adyen, iban=BOUNCING)
    at_adyen.simulator.clock(advance=2 * HOUR)
    at_adyen.simulator.clock(advance=3 * DAY)

    def messages() -> list[tuple[bytes, dict[str, str]]]:
        """Those of the balance platform: what is settled meanwhile is told as well."""
        heard_so_far = zip(heard.bodies, heard.headers, strict=False)
        return [(body, headers) for body, headers in heard_so_far if "protocol" in headers]

    heard.wait(lambda: len(messages()) >= 4)
    told = {}
    for body, headers in messages():
        assert headers["protocol"] == "HmacSHA256"
        assert is_valid_hmac_payload(headers["hmacsignature"], KEY, body)
        message = json.loads(body)
        assert message["environment"] == "test"
        assert message["data"]["id"] == made.message["id"]
        told[message["data"]["sequenceNumber"]] = (message["type"], message["data"]["status"])
    assert told == {
        1: ("balancePlatform.transfer.created", "received"),
        2: ("balancePlatform.transfer.updated", "authorised"),
        3: ("balancePlatform.transfer.updated", "booked"),
        4: ("balancePlatform.transfer.updated", "returned"),
    }


def test_a_forged_message_is_signed_by_somebody_else(
    at_adyen: AdyenMerchant, heard: Listener
) -> None:
    at_adyen.simulator.webhooks(next=["forged", "none"])
    transfer(at_adyen)
    heard.wait(lambda: len(heard.bodies) >= 3)
    genuine = [
        is_valid_hmac_payload(headers["hmacsignature"], KEY, body)
        for body, headers in zip(heard.bodies, heard.headers, strict=True)
    ]
    assert sorted(genuine) == [False, True, True]


def test_people_can_make_it_come_back_once(at_adyen: AdyenMerchant) -> None:
    transfer(at_adyen)
    for _ in range(2):
        at_adyen.simulator.act("return_payout", payout="po_1")
    at_adyen.simulator.clock(advance=DAY)
    assert at_adyen.booked("po_1") == [("paid_out", 4_00), ("payout_returned", 4_00)]
    for act, payout in (("fail_payout", "po_1"), ("return_payout", "po_9")):
        with pytest.raises(HTTPError):
            at_adyen.simulator.act(act, payout=payout)
