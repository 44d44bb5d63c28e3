"""What PSPs tell us is believed when its signature is right to the byte, and then says what it says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from paygate.psp.events import Delivery, Item, NotGenuine, Unreadable
from paygate.psp.registry import PSPS
from tests.psp_contract.told import MEANINGS, OTHER_SECRETS, SAID_AT, mode, samples

# How late is too late. Braintree repeats for a day what it first told then; Adyen signs no time at all.
TOO_LATE = {"stripe": timedelta(minutes=11), "braintree": timedelta(hours=26)}
OF_THE_BYTES = ("stripe", "braintree")  # Adyen signs the values of some fields.

ALL = [
    pytest.param(psp, number, id=f"{psp}-{number}-{kind}")
    for psp in PSPS
    for number, (kind, _, _) in enumerate(MEANINGS[psp])
]


def words(psp: str) -> Any:
    """The adapter's module `webhook`."""
    return import_module(f"paygate.psp.{psp}.webhook")


def received(psp: str, delivery: Delivery, **other: Any) -> list[Item]:
    items: list[Item] = words(psp).receive(delivery, mode(psp, **other), now=SAID_AT[psp])
    return items


def only(psp: str, number: int) -> Item:
    [item] = received(psp, samples(psp)[number])
    return item


# ------------------------------------------------------------------------------------ what it means


@pytest.mark.parametrize("psp, number", ALL)
def test_every_sample_is_genuine_and_means_what_it_says(psp: str, number: int) -> None:
    kind, type_, fields = MEANINGS[psp][number]
    item = only(psp, number)
    assert item.kind == kind
    news = words(psp).translate(item)
    assert isinstance(news, type_)
    assert {name: getattr(news, name) for name in fields} == fields


@pytest.mark.parametrize("psp", PSPS)
def test_every_sample_has_its_meaning(psp: str) -> None:
    assert len(samples(psp)) == len(MEANINGS[psp])


@pytest.mark.parametrize("psp, number", ALL)
def test_what_is_kept_as_json_means_the_same_later(psp: str, number: int) -> None:
    item = only(psp, number)
    kept = replace(item, payload=json.loads(json.dumps(item.payload)))
    assert words(psp).translate(kept) == words(psp).translate(item)


@pytest.mark.parametrize("psp", PSPS)
def test_the_same_thing_told_again_has_the_same_key_and_another_thing_another(psp: str) -> None:
    first = [only(psp, number).key for number in range(len(MEANINGS[psp]))]
    again = [only(psp, number).key for number in range(len(MEANINGS[psp]))]
    assert first == again
    assert len(set(first)) == len(first)
    assert all(0 < len(key) <= 255 for key in first)


@pytest.mark.parametrize("psp", PSPS)
def test_what_no_document_describes_is_unreadable_or_irrelevant_and_no_accident(psp: str) -> None:
    for number in range(len(MEANINGS[psp])):
        item = only(psp, number)
        for payload in ({}, {"data": {"object": None}}, {"data": 1}, {"subject": {}}):
            try:
                words(psp).translate(replace(item, payload=payload))
            except Unreadable:
                continue


@pytest.mark.parametrize("psp", PSPS)
def test_a_kind_of_tomorrow_is_no_accident(psp: str) -> None:
    item = replace(only(psp, 0), kind="charge.teleported")
    assert type(words(psp).translate(item)).__name__ == "Irrelevant"


@pytest.mark.parametrize("psp", PSPS)
def test_there_is_something_to_acknowledge_with(psp: str) -> None:
    assert isinstance(words(psp).ACKNOWLEDGEMENT, str | bytes)


# ---------------------------------------------------------------------------------- who has said it


def tampered(psp: str, delivery: Delivery) -> Iterator[Delivery]:
    """With one thing changed that the PSP has signed."""
    if psp == "stripe":
        for at in range(0, len(delivery.body), 7):
            changed = bytes([delivery.body[at] ^ 1])
            body = delivery.body[:at] + changed + delivery.body[at + 1 :]
            yield replace(delivery, body=body)
        return
    if psp == "braintree":
        form = {name: values[0] for name, values in parse_qs(delivery.body.decode()).items()}
        xml = base64.b64decode(form["bt_payload"])
        for at in range(0, len(xml), 7):
            changed = xml[:at] + bytes([xml[at] ^ 1]) + xml[at + 1 :]
            payload = base64.encodebytes(changed).decode()
            yield replace(delivery, body=urlencode({**form, "bt_payload": payload}).encode())
        return
    for changes in (
        {"amount": {"value": 1, "currency": "EUR"}},
        {"amount": {"value": 45_00, "currency": "USD"}},
        {"success": "maybe"},
        {"pspReference": "ANOTHER"},
        {"originalReference": "ANOTHER"},
        {"merchantReference": "another"},
        {"merchantAccountCode": "Another"},
        {"eventCode": "CHARGEBACK"},
    ):
        envelope = json.loads(delivery.body)
        envelope["notificationItems"][0]["NotificationRequestItem"].update(changes)
        yield replace(delivery, body=json.dumps(envelope).encode())


def unsigned(psp: str, delivery: Delivery) -> Iterator[Delivery]:
    """Without its signature, or with something in its place."""
    match psp:
        case "stripe":
            yield replace(delivery, headers={})
            for header in ("", "t=", "t=1794300000", "v1=abc", "t=x,v1=abc", "t=1794300000,v1="):
                yield replace(delivery, headers={"stripe-signature": header})
        case "adyen":
            for left in ({}, {"hmacSignature": ""}, {"hmacSignature": None}, None):
                envelope = json.loads(delivery.body)
                envelope["notificationItems"][0]["NotificationRequestItem"]["additionalData"] = left
                yield replace(delivery, body=json.dumps(envelope).encode())
        case "braintree":
            form = {name: values[0] for name, values in parse_qs(delivery.body.decode()).items()}
            yield replace(delivery, body=urlencode({"bt_payload": form["bt_payload"]}).encode())
            for signature in ("", "bt_public", "bt_public|", "|", "&", "another|abc"):
                forged = urlencode({**form, "bt_signature": signature}).encode()
                yield replace(delivery, body=forged)


@pytest.mark.parametrize("psp, number", ALL)
def test_one_byte_changed_is_not_genuine(psp: str, number: int) -> None:
    for changed in tampered(psp, samples(psp)[number]):
        with pytest.raises(NotGenuine):
            received(psp, changed)


@pytest.mark.parametrize("psp", PSPS)
def test_without_a_signature_it_is_not_genuine(psp: str) -> None:
    for forged in unsigned(psp, samples(psp)[2]):
        with pytest.raises(NotGenuine):
            received(psp, forged)


@pytest.mark.parametrize("psp", PSPS)
def test_under_another_secret_it_is_not_genuine(psp: str) -> None:
    for delivery in samples(psp):
        with pytest.raises(NotGenuine):
            received(psp, delivery, **OTHER_SECRETS[psp])


@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_with_no_secret_nothing_is_genuine(psp: str) -> None:
    none: dict[str, Any] = {name: [] for name in OTHER_SECRETS[psp]}
    with pytest.raises(NotGenuine):
        received(psp, samples(psp)[2], **none)


@pytest.mark.parametrize("psp", ["stripe", "adyen"])
def test_while_a_secret_is_rolled_either_will_do(psp: str) -> None:
    for name, others in OTHER_SECRETS[psp].items():
        right = mode(psp)[name]
        assert received(psp, samples(psp)[2], **{name: [*others, *right]})
        assert received(psp, samples(psp)[2], **{name: [*right, *others]})


@pytest.mark.parametrize("psp", TOO_LATE)
def test_what_is_stale_or_of_the_future_is_not_genuine(psp: str) -> None:
    late, early = TOO_LATE[psp], timedelta(minutes=11)
    for delivery in samples(psp):
        for moment in (SAID_AT[psp] + late, SAID_AT[psp] + 30 * late, SAID_AT[psp] - early):
            with pytest.raises(NotGenuine):
                words(psp).receive(delivery, mode(psp), now=moment)


@pytest.mark.parametrize("psp", OF_THE_BYTES)
def test_written_anew_it_is_not_genuine(psp: str) -> None:
    for delivery in samples(psp):
        if psp == "stripe":
            body = json.dumps(json.loads(delivery.body)).encode()
        else:
            form = {name: values[0] for name, values in parse_qs(delivery.body.decode()).items()}
            payload = base64.b64encode(base64.b64decode(form["bt_payload"])).decode()
            body = urlencode({**form, "bt_payload": payload}).encode()
        with pytest.raises(NotGenuine):
            received(psp, replace(delivery, body=body))


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xfe", b"[]", b"null", b"{}", b"1", b"a=b"])
@pytest.mark.parametrize("psp", PSPS)
def test_what_is_no_webhook_at_all_is_refused(psp: str, body: bytes) -> None:
    for headers in ({}, samples(psp)[0].headers):
        with pytest.raises((NotGenuine, Unreadable)):
            received(psp, Delivery(body, headers))
