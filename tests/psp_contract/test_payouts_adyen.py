"""Adyen's transfers: what is asked, what each status means, and messages that are signed as a whole."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from Adyen.util import is_valid_hmac_payload

from kernel.money import Money
from paygate.psp.adyen import gateway as adyen_gateway
from paygate.psp.adyen import webhook
from paygate.psp.adyen.payouts import creation, stands
from paygate.psp.events import Delivery, Irrelevant, Item, NotGenuine, PayoutMoved, Unreadable
from paygate.psp.gateway import NotSent, Unknown
from paygate.psp.payouts import (
    BankAccount,
    InTransit,
    PaidOut,
    Payer,
    PayoutOutcome,
    Refused,
    Returned,
)
from tests.psp_contract.conftest import adapter, configuration
from tests.psp_contract.paying import paying
from tests.psp_contract.puppet import Puppet, puppet, reply

SAMPLE = json.loads(
    (Path(__file__).parent / "samples/adyen_platform_transfer_webhook.json").read_text()
)
KEY = SAMPLE["hmac_key_hex"]
OTHER = "50415947415445" * 4 + "50415947"
NOW = datetime(2026, 11, 6, 0, 10, 30, tzinfo=UTC)
MODE = {
    "hmac_keys": [OTHER],
    "platform_hmac_keys": [KEY],
    "merchant_account": "PaygateECOM",
    "balance_account": "BA_contract",
    "webhook_login": "",
}


def transfer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "TRANSFER1",
        "amount": {"currency": "EUR", "value": 3_00},
        "balanceAccount": {"id": "BA_contract"},
        "category": "bank",
        "direction": "outgoing",
        "reference": "po_1",
        "sequenceNumber": 3,
        "status": "booked",
        "type": "bankTransfer",
        **changes,
    }


# ------------------------------------------------------------------------------------------- asking


def test_a_transfer_says_to_whom_from_where_and_for_what() -> None:
    body = creation(paying("adyen", key="po_1"), balance_account="BA1")

    assert body == {
        "amount": {"value": 3_00, "currency": "EUR"},
        "balanceAccountId": "BA1",
        "category": "bank",
        "counterparty": {
            "bankAccount": {
                "accountHolder": {"fullName": "Kiosk B.V."},
                "accountIdentification": {"type": "iban", "iban": "NL91ABNA0417164300"},
            }
        },
        "description": "KIOSK",
        "priority": "regular",
        "reference": "po_1",
    }


AMERICAN = BankAccount(
    holder="Kiosk Inc.",
    country="US",
    routing_number="021000021",
    account_number="123456789",
    account_type="savings",
)


@pytest.mark.parametrize(
    "bank, expected",
    [
        (
            AMERICAN,
            {
                "type": "usLocal",
                "accountNumber": "123456789",
                "accountType": "savings",
                "routingNumber": "021000021",
            },
        ),
        (
            BankAccount(holder="Kiosk", country="AU", account_number="1234", bic="CTBAAU2S"),
            {"type": "numberAndBic", "accountNumber": "1234", "bic": "CTBAAU2S"},
        ),
    ],
)
def test_an_account_without_an_iban_has_a_number_and_its_banks(
    bank: BankAccount, expected: dict[str, str]
) -> None:
    body = creation(paying("adyen", bank=bank), balance_account="BA1")
    assert body["counterparty"]["bankAccount"]["accountIdentification"] == expected


@pytest.mark.parametrize(
    "bank",
    [
        BankAccount(holder="", country="NL", iban="NL91ABNA0417164300"),
        BankAccount(holder="Kiosk", country="US", account_number="123456789"),
        BankAccount(holder="Kiosk", country="US", routing_number="021000021"),
    ],
)
def test_an_account_of_which_something_is_missing_is_refused_without_asking(
    bank: BankAccount, strings: Puppet
) -> None:
    outcome = at(strings).pay_out(paying("adyen", bank=bank))
    assert isinstance(outcome, Refused)
    assert outcome.code == "no_bank_account"
    assert not strings.asked


@pytest.mark.parametrize(
    "said, described",
    [("Kiosk: 50% & more/less", "Kiosk 50 more less"), ("***", None), ("x" * 200, "x" * 140)],
)
def test_a_description_has_the_letters_that_banks_on_both_sides_print(
    said: str, described: str | None
) -> None:
    asked = replace(paying("adyen"), statement_descriptor=said)
    assert creation(asked, balance_account="BA1").get("description") == described


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def at(strings: Puppet) -> Payer:
    return cast("Payer", adapter("adyen", strings.url))


def listed(*transfers: dict[str, Any], **links: Any) -> bytes:
    return reply(200, json.dumps({"data": transfers, "_links": links}))


def test_it_is_looked_for_by_our_reference_and_asked_for_under_our_key(strings: Puppet) -> None:
    strings.answers = [listed(), reply(202, json.dumps(transfer(status="received")))]
    asked = paying("adyen", key="po_1", created_at=datetime(2026, 11, 5, 12, tzinfo=UTC))

    assert at(strings).pay_out(asked) == InTransit("TRANSFER1")

    looked, made = strings.asked
    assert looked.startswith(b"GET /btl/v4/transfers?")
    assert b"balanceAccountId=BA_contract&reference=po_1&" in looked
    assert b"createdSince=2026-11-05T11:00:00Z&createdUntil=2027-05-04T11:00:00Z" in looked
    assert made.startswith(b"POST /btl/v4/transfers ")
    assert b"Idempotency-Key: po_1\r\n" in made


def test_of_one_without_a_date_the_last_six_months_are_searched(strings: Puppet) -> None:
    strings.answers = [listed()]
    assert isinstance(
        at(strings).look_up_payout(paying("adyen", key="po_1", created_at=None)), NotSent
    )
    [looked] = strings.asked
    until = looked.partition(b"createdUntil=")[2][:20].decode()
    assert datetime.fromisoformat(until) > datetime.now(UTC) + timedelta(minutes=50)


@pytest.mark.parametrize(
    "answers, why",
    [
        ([listed(transfer(), transfer(id="TRANSFER2"))], "2 transfers"),
        ([listed(next={"href": "…"})], "pages"),
        ([listed(transfer(amount={"currency": "EUR", "value": 3_01}))], "AMOUNT DIFFERS"),
        ([listed(transfer(status="napping"))], "napping"),
        ([listed(transfer(status="error"))], "error"),
        ([listed(), reply(202, "{}")], "something else"),
        ([listed(), reply(202, json.dumps(transfer(reference="po_2")))], "po_2"),
        ([reply(200, "{}")], "did not say"),
        ([reply(422, '{"errorCode": "30_081"}')], "did not say"),
        ([listed(), reply(409, '{"errorCode": "704"}')], "704"),
    ],
)
def test_what_makes_no_sense_is_in_doubt(strings: Puppet, answers: list[bytes], why: str) -> None:
    strings.answers = list(answers)
    outcome = at(strings).pay_out(paying("adyen", key="po_1"))
    assert isinstance(outcome, Unknown)
    assert why in outcome.why


def test_a_refusal_has_adyens_code_and_what_it_says(strings: Puppet) -> None:
    said = {"errorCode": "30_112", "title": "Invalid bank", "detail": "IBAN is not valid"}
    strings.answers = [listed(), reply(422, json.dumps(said))]
    assert at(strings).pay_out(paying("adyen")) == Refused("", "30_112", "IBAN is not valid")


def test_without_a_balance_account_nothing_is_sent(strings: Puppet) -> None:
    mode = {**configuration("adyen", strings.url), "balance_account": ""}
    assert isinstance(adyen_gateway.make(mode).pay_out(paying("adyen")), NotSent)
    assert not strings.asked


def test_transfers_have_an_address_of_their_own(strings: Puppet) -> None:
    mode = {**configuration("adyen", "https://not.used.invalid"), "transfers_base": strings.url}
    strings.answers = [listed(transfer())]
    assert adyen_gateway.make(mode).look_up_payout(paying("adyen", key="po_1")) == PaidOut(
        "TRANSFER1"
    )


def test_the_live_address_is_the_sdks_affair() -> None:
    live = {**configuration("adyen", "https://not.used.invalid"), "live_prefix": "1797a841-Paygate"}
    api = adyen_gateway.make(live)._transfers
    assert api.client._determine_api_url(api.client.platform, f"{api.baseUrl}/transfers") == (
        "https://balanceplatform-api-live.adyen.com/btl/v4/transfers"
    )


# ------------------------------------------------------------------------------------------ meaning

BOOKED = {"events": [{"status": "received"}, {"status": "authorised"}, {"status": "booked"}]}
MEANINGS = [
    ({"status": "received"}, InTransit("TRANSFER1")),
    (
        {"status": "authorised", "tracking": {"estimatedArrivalTime": "2026-11-08T01:00:00+02:00"}},
        InTransit("TRANSFER1", date(2026, 11, 7)),
    ),
    ({"status": "pendingApproval"}, InTransit("TRANSFER1")),
    ({"status": "booked"}, PaidOut("TRANSFER1")),
    ({"status": "credited", **BOOKED}, PaidOut("TRANSFER1")),
    ({"status": "refused", "reason": "notEnoughBalance"}, Refused("TRANSFER1", "notEnoughBalance")),
    ({"status": "failed", "events": [{"status": "received"}]}, Refused("TRANSFER1", "failed")),
    (
        {"status": "failed", "reason": "counterpartyAccountClosed", **BOOKED},
        Returned("TRANSFER1", "counterpartyAccountClosed"),
    ),
    ({"status": "cancelled"}, Refused("TRANSFER1", "cancelled")),
    ({"status": "returned"}, Returned("TRANSFER1", "returned")),
]


@pytest.mark.parametrize("said, outcome", MEANINGS)
def test_each_status_means_the_same_told_or_looked_up(
    said: dict[str, Any], outcome: PayoutOutcome
) -> None:
    about = transfer(**said)
    assert stands(paying("adyen", key="po_1"), about) == outcome
    assert heard(about) == PayoutMoved("po_1", outcome, "TRANSFER1", Money(3_00, "EUR"))


# ------------------------------------------------------------------------------------------ hearing


def signature(body: bytes, key: str = KEY) -> str:
    return base64.b64encode(hmac.new(bytes.fromhex(key), body, hashlib.sha256).digest()).decode()


def signed(message: Any, key: str = KEY) -> Delivery:
    body = json.dumps(message).encode()
    return Delivery(body, {"hmacsignature": signature(body, key), "protocol": "HmacSHA256"})


def message(data: Any, **changes: Any) -> dict[str, Any]:
    return {
        "data": data,
        "environment": "test",
        "timestamp": "2026-11-06T00:10:00Z",
        "type": "balancePlatform.transfer.updated",
        **changes,
    }


def receive(delivery: Delivery, **mode: Any) -> Item:
    [item] = webhook.receive(delivery, {**MODE, **mode}, now=NOW)
    return item


def heard(data: Any, **changes: Any) -> Any:
    return webhook.translate(receive(signed(message(data, **changes))))


def sample() -> Delivery:
    headers = {"hmacsignature": SAMPLE["header_HmacSignature"], "protocol": "HmacSHA256"}
    return Delivery(SAMPLE["body"].encode(), headers)


def test_adyens_sample_is_genuine_to_us_as_to_the_sdk() -> None:
    delivery = sample()
    assert is_valid_hmac_payload(delivery.headers["hmacsignature"], KEY, delivery.body)
    item = receive(delivery)
    assert item.kind == "balancePlatform.transfer.updated"
    assert item.key == "transfer:1W1UG35U8A9J5ZLG:booked"
    assert item.at == datetime(2026, 11, 6, 0, 10, tzinfo=UTC)
    assert isinstance(webhook.translate(item), Irrelevant)  # PO-1 is no payout of ours.


@pytest.mark.parametrize("at", range(0, len(SAMPLE["body"]), 7))
def test_one_changed_byte_anywhere_makes_it_nobodys(at: int) -> None:
    body = bytearray(sample().body)
    body[at] ^= 1
    with pytest.raises(NotGenuine):
        receive(replace(sample(), body=bytes(body)))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"hmacsignature": ""},
        {"hmacsignature": "ü"},
        {"hmacsignature": SAMPLE["header_HmacSignature"][:-2]},
        {"hmacsignature": SAMPLE["header_HmacSignature"], "protocol": "None"},
    ],
)
def test_without_its_signature_it_is_nobodys(headers: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        receive(replace(sample(), headers=headers))


def test_a_key_can_be_rolled_and_one_of_notifications_will_do_where_there_is_no_other() -> None:
    assert receive(sample(), platform_hmac_keys=[OTHER, KEY])
    assert receive(sample(), platform_hmac_keys=[], hmac_keys=[KEY])
    for mode in (
        {"platform_hmac_keys": [OTHER]},
        {"platform_hmac_keys": [OTHER], "hmac_keys": [KEY]},
    ):
        with pytest.raises(NotGenuine):
            receive(sample(), **mode)


def test_the_signature_of_a_message_makes_no_envelope_genuine() -> None:
    item = {"eventCode": "CAPTURE", "additionalData": {}}
    forged = {**message(transfer()), "live": "false"}
    forged["notificationItems"] = [{"NotificationRequestItem": item}]
    with pytest.raises(NotGenuine):
        receive(signed(forged))


@pytest.mark.parametrize("environment, livemode", [("live", False), ("test", True), (None, True)])
def test_a_message_is_of_the_mode_that_verifies_it(environment: Any, livemode: bool) -> None:
    with pytest.raises(NotGenuine):
        receive(signed(message(transfer(), environment=environment)), livemode=livemode)


def test_the_password_of_the_endpoint_is_asked_for_here_too() -> None:
    with pytest.raises(NotGenuine):
        receive(sample(), webhook_login="adyen:secret")
    login = base64.b64encode(b"adyen:secret").decode()
    given = {**sample().headers, "authorization": f"Basic {login}"}
    assert receive(replace(sample(), headers=given), webhook_login="adyen:secret")


def test_what_is_told_again_has_the_same_key_and_what_is_new_another() -> None:
    keys = [
        receive(signed(message(transfer(**changes), **outer))).key
        for changes, outer in (
            ({}, {}),
            ({}, {"timestamp": "2026-11-06T00:10:20Z"}),
            ({"sequenceNumber": 4}, {}),
            ({"status": "returned"}, {}),
            ({"id": "TRANSFER2"}, {}),
            ({"sequenceNumber": None}, {}),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5


@pytest.mark.parametrize("told", ["2027-01-01T00:00:00Z", "yesterday", None])
def test_a_time_that_cannot_be_is_the_present(told: Any) -> None:
    assert receive(signed(message(transfer(), timestamp=told))).at == NOW


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "salary"},
        {"reference": None},
        {"direction": "incoming"},
        {"category": "internal"},
        {"balanceAccount": {"id": "BA_other"}},
    ],
)
def test_a_transfer_that_is_not_ours_is_no_news(changes: dict[str, Any]) -> None:
    assert isinstance(heard(transfer(**changes)), Irrelevant)


def test_what_else_the_platform_tells_is_no_news() -> None:
    assert isinstance(
        heard({"id": "AH1"}, type="balancePlatform.accountHolder.updated"), Irrelevant
    )


@pytest.mark.parametrize(
    "data, outer",
    [
        (None, {}),
        ([], {}),
        ({}, {}),
        (transfer(id=7), {}),
        (transfer(status=None), {}),
        (transfer(id="x" * 300), {}),
        (transfer(status="napping"), {}),
        (transfer(amount=None), {}),
        (transfer(amount={"currency": "EUR", "value": 1.5}), {}),
        (transfer(amount={"currency": "XXX", "value": 1}), {}),
        (transfer(), {"type": None}),
    ],
)
def test_a_genuine_message_that_is_not_as_documented_is_for_a_person(
    data: Any, outer: dict[str, Any]
) -> None:
    with pytest.raises(Unreadable):
        heard(data, **outer)
