"""Hearing Braintree: what its SDK lets through, or trips over, is refused all the same."""

from __future__ import annotations

import time
from base64 import encodebytes
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from paygate.psp.braintree import webhook
from paygate.psp.braintree.sdk import braintree
from paygate.psp.cases import CaseReport, Stage, Standing
from paygate.psp.events import (
    Delivery,
    Irrelevant,
    Item,
    NotGenuine,
    RefundReported,
    RefundState,
    Unreadable,
)
from simulators.braintree import notifications
from tests.psp_contract.told import SAID_AT, mode, samples

AT = SAID_AT["braintree"]
KEYS = mode("braintree")
HEADERS = {"content-type": "application/x-www-form-urlencoded"}


def hear(body: bytes, *, now: datetime = AT) -> Item:
    [item] = webhook.receive(Delivery(body, HEADERS), KEYS, now=now)
    return item


def signed(payload: str, *, signature: str = "") -> bytes:
    """A payload, or any text, with a right signature."""
    made = braintree.util.crypto.Crypto.sha1_hmac_hash(KEYS["private_key"], payload)
    pair = f"{KEYS['public_key']}|{made}"
    form = {"bt_signature": signature.format(pair) or pair, "bt_payload": payload}
    return urlencode(form).encode()


def said(xml: str) -> bytes:
    return signed(encodebytes(xml.encode()).decode())


def notification(kind: str, subject: str, *, at: str = "2026-11-05T12:00:00Z") -> str:
    return (
        f'<notification><timestamp type="datetime">{at}</timestamp><kind>{kind}</kind>'
        f"<source-merchant-id>acme</source-merchant-id><subject>{subject}</subject></notification>"
    )


CHECK = '<check type="boolean">true</check>'


# ----------------------------------------------------------------------------------------- its age


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(hours=25), True),
        (timedelta(hours=25, seconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-5, seconds=-1), False),
    ],
)
def test_it_is_told_for_a_day_and_never_before_its_time(age: timedelta, told: bool) -> None:
    for delivery in samples("braintree"):
        if told:
            assert hear(delivery.body, now=AT + age).at == AT
        else:
            with pytest.raises(NotGenuine):
                hear(delivery.body, now=AT + age)


# ------------------------------------------------------------------------------------- its identity


def test_a_newline_more_or_less_at_its_end_is_the_same_notification() -> None:
    whole = samples("braintree")[3].body
    form = dict(parse_qsl(whole.decode()))
    cut = urlencode({**form, "bt_payload": form["bt_payload"].removesuffix("\n")}).encode()
    assert cut != whole
    assert hear(cut).key == hear(whole).key  # The SDK takes either.


def test_what_the_simulator_tells_again_is_the_same_and_what_it_tells_of_earlier_is_not() -> None:
    told_at = time.time()
    told = notifications.notification("check", "check", {"check": True}, at=told_at)

    def at(moment: float, secret: str = "") -> bytes:
        return notifications.envelope(told, at=moment, secret=secret)[1]

    now = datetime.fromtimestamp(told_at, UTC) + timedelta(hours=20)
    first, later = at(told_at), at(told_at + 20 * 3600)
    assert first == later
    stale = at(told_at - 660)
    assert hear(stale, now=now).key != hear(first, now=now).key
    assert hear(first, now=now).at - hear(stale, now=now).at == timedelta(seconds=660)
    with pytest.raises(NotGenuine):
        hear(at(told_at, "wrong"), now=now)


# ------------------------------------------------------------------------------------- who said it


@pytest.mark.parametrize(
    "signature",
    [
        "{0}|{0}",  # The SDK raises ValueError.
        "a|b|c&{0}",
        "another|" + 40 * "0" + "&bt_public",
        "bt_public|" + 39 * "0",
        "bt_public|" + 40 * "g",
        "another|" + 40 * "0",
        "{0} ",
        "{0}\n",
    ],
)
def test_signatures_that_are_none_are_refused(signature: str) -> None:
    payload = dict(parse_qsl(samples("braintree")[0].body.decode()))["bt_payload"]
    with pytest.raises(NotGenuine):
        hear(signed(payload, signature=signature))


def test_our_signature_is_found_among_others() -> None:
    payload = dict(parse_qsl(samples("braintree")[0].body.decode()))["bt_payload"]
    other = "another|" + 40 * "0"
    assert hear(signed(payload, signature=f"{other}&{{0}}")).kind == "check"
    assert hear(signed(payload, signature=f"{{0}}&{other}")).kind == "check"


@pytest.mark.parametrize(
    "change",
    [
        lambda form: [*form, ("bt_payload", "x")],
        lambda form: [*form, form[0]],
        lambda form: [*form, ("more", "1")],
        lambda form: form[:1],
        lambda form: [(name, "") for name, _ in form],
        lambda form: [form[0], ("bt_payload", "ü")],
        lambda form: [form[0], ("bt_payload", form[1][1].replace("\n", "\r\n"))],
        lambda form: [form[0], ("bt_payload", form[1][1] + "=")],
        lambda form: [form[0], ("bt_payload", form[1][1][1:])],
    ],
)
def test_a_form_of_anything_else_is_refused(
    change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]],
) -> None:
    form = parse_qsl(samples("braintree")[0].body.decode())
    with pytest.raises(NotGenuine):
        hear(urlencode(change(form)).encode())


def test_the_merchants_keys_are_those_of_the_mode() -> None:
    delivery = samples("braintree")[0]
    for other in ({"public_key": "another"}, {"private_key": "another"}):
        with pytest.raises(NotGenuine):
            webhook.receive(delivery, mode("braintree", **other), now=AT)


# -------------------------------------------------------------------------------------- challenges


def test_a_challenge_is_answered_as_the_sdk_would() -> None:
    asked = "0123456789abcdef0123"
    answer = webhook.challenge({"bt_challenge": asked}, KEYS)
    made = braintree.util.crypto.Crypto.sha1_hmac_hash(KEYS["private_key"], asked)
    assert answer == f"bt_public|{made}"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"bt_challenge": ""},
        {"bt_challenge": 19 * "a"},
        {"bt_challenge": 33 * "a"},
        {"bt_challenge": 20 * "g"},
        {"bt_challenge": 20 * "A"},
        {"bt_challenge": 20 * "a" + "\n"},  # The SDK would sign it.
    ],
)
def test_what_is_no_challenge_is_not_signed(query: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        webhook.challenge(query, KEYS)


def test_an_answered_challenge_is_no_notification() -> None:
    """Anybody may have such a text signed by us; it must not make a delivery genuine."""
    for asked in (20 * "a", "0123456789abcdef0123", 24 * "3", 32 * "f"):
        signature = webhook.challenge({"bt_challenge": asked}, KEYS)
        body = urlencode({"bt_signature": signature, "bt_payload": asked}).encode()
        with pytest.raises(NotGenuine):
            hear(body)


# ---------------------------------------------------------------------------------------- its words


@pytest.mark.parametrize(
    "xml",
    [
        "<notification",
        "<something/>",
        "<notification/>",
        "<notification><kind>check</kind></notification>",
        notification("check", CHECK, at="yesterday"),
        notification("check", CHECK).replace(' type="datetime"', ""),
        notification("check", CHECK).replace("<kind>check</kind>", ""),
        notification("refund_failed", "<transaction><id>bt1</id></transaction>"),
    ],
)
def test_what_is_signed_and_not_as_documented_is_unreadable(xml: str) -> None:
    with pytest.raises(Unreadable):
        hear(said(xml))


def dispute(**changes: str) -> str:
    fields = {
        "id": "<id>d2</id>",
        "amount": "<amount>45.00</amount>",
        "currency": "<currency-iso-code>EUR</currency-iso-code>",
        "kind": "<kind>pre_arbitration</kind>",
        "status": "<status>open</status>",
        "original": "<original-dispute-id>d1</original-dispute-id>",
        "transaction": "<transaction><id>bt1</id><order-id>pay_1</order-id></transaction>",
        **changes,
    }
    return f"<dispute>{''.join(fields.values())}</dispute>"


def test_a_dispute_is_told_as_of_when_it_was_told() -> None:
    told = webhook.translate(hear(said(notification("dispute_opened", dispute()))))
    assert isinstance(told, CaseReport)
    assert (told.at, told.case, told.continues) == (AT, "d2", "d1")
    assert (told.stage, told.standing) == (Stage.PRE_ARBITRATION, Standing.NEEDS_RESPONSE)
    assert (told.psp_reference, told.payment) == ("bt1", "pay_1")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "<status>pondered</status>"},
        {"kind": ""},
        {"amount": ""},
        {"currency": "<currency-iso-code>XXX</currency-iso-code>"},
        {"transaction": ""},
    ],
)
def test_a_dispute_that_is_not_as_documented_is_unreadable(changes: dict[str, str]) -> None:
    item = hear(said(notification("dispute_opened", dispute(**changes))))
    with pytest.raises(Unreadable):
        webhook.translate(item)


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        (
            "<refunded-transaction-id>bt1</refunded-transaction-id>",
            {"psp_reference": "bt1", "refund": "", "payment": "", "code": "processor_declined"},
        ),
        (
            "<order-id>re_1</order-id><processor-response-code>2057</processor-response-code>",
            {"psp_reference": "", "refund": "re_1", "code": "2057"},
        ),
        ("<processor-response-text>Closed</processor-response-text>", {"why": "Closed"}),
        ("<order-id>pay_1</order-id>", {"refund": "", "payment": "pay_1"}),
        ('<order-id nil="true"/>', {"refund": "", "payment": ""}),
    ],
)
def test_a_refund_that_failed_is_named_as_well_as_it_can_be(
    more: str, fields: dict[str, Any]
) -> None:
    credit = f"<id>bt2</id><amount>4.00</amount><status>processor_declined</status>{more}"
    xml = notification("refund_failed", f"<transaction>{credit}</transaction>")
    told = webhook.translate(hear(said(xml)))
    assert isinstance(told, RefundReported)
    assert (told.reference, told.state, told.amount) == ("bt2", RefundState.FAILED, None)
    assert {name: getattr(told, name) for name in fields} == fields


@pytest.mark.parametrize(
    "kind", ["check", "transaction_settled", "disbursement_exception", "tomorrows_news"]
)
def test_what_is_nothing_to_us_is_irrelevant_whatever_it_says(kind: str) -> None:
    item = Item("k", kind, AT, {"xml": "<anything/>"})
    assert isinstance(webhook.translate(item), Irrelevant)
    assert isinstance(webhook.translate(replace(item, payload={})), Irrelevant)
