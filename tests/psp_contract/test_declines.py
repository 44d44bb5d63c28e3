"""Their reasons for a no, in our words; a reason that we do not know is a plain no."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from kernel.money import Money
from paygate.psp.adyen import translate as adyen_words
from paygate.psp.braintree import translate as braintree_words
from paygate.psp.gateway import ActionRequired, Approved, DeclineCode, Declined, Pending, Unknown
from paygate.psp.stripe import translate as stripe_words
from tests.psp_contract.conftest import EUR_10, adapter, authorize, cancel, capture, confirm
from tests.psp_contract.puppet import Puppet, puppet, reply


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


# ---------------------------------------------------------------------------------------- Stripe


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "object": "payment_intent",
        "id": "pi_1",
        "status": "requires_capture",
        "amount": 10_00,
        "amount_capturable": 10_00,
        "amount_received": 0,
        "currency": "eur",
        "metadata": {},
        **changes,
    }


@pytest.mark.parametrize(
    "error, code, kept",
    [
        (
            {"code": "card_declined", "decline_code": "lost_card"},
            DeclineCode.LOST_CARD,
            "lost_card",
        ),
        ({"code": "expired_card"}, DeclineCode.EXPIRED_CARD, "expired_card"),
        ({"code": "incorrect_cvc"}, DeclineCode.INCORRECT_CVC, "incorrect_cvc"),
        (
            {"code": "expired_card", "decline_code": "invented_in_2031"},
            DeclineCode.EXPIRED_CARD,
            "invented_in_2031",
        ),
        (
            {"code": "card_declined", "decline_code": "invented_in_2031"},
            DeclineCode.CARD_DECLINED,
            "invented_in_2031",
        ),
        ({}, DeclineCode.CARD_DECLINED, ""),
    ],
)
def test_stripes_reasons(
    strings: Puppet, error: dict[str, str], code: DeclineCode, kept: str
) -> None:
    said = {"type": "card_error", "message": "No.", "payment_intent": {"id": "pi_1"}, **error}
    strings.says(402, json.dumps({"error": said}))
    outcome = adapter("stripe", strings.url).send(authorize("stripe"))
    assert outcome == Declined(code, kept, "No.", "pi_1")


@pytest.mark.parametrize(
    "error, code",
    [
        ({"code": "payment_intent_unexpected_state"}, DeclineCode.INVALID_STATE),
        (
            {"code": "resource_missing", "param": "payment_method"},
            DeclineCode.INVALID_PAYMENT_METHOD,
        ),
        ({"code": "amount_too_small"}, DeclineCode.INVALID_REQUEST),
    ],
)
def test_stripes_refusals_of_a_request(
    strings: Puppet, error: dict[str, str], code: DeclineCode
) -> None:
    strings.says(400, json.dumps({"error": {"type": "invalid_request_error", **error}}))
    outcome = adapter("stripe", strings.url).send(authorize("stripe"))
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.psp_code) == (code, error["code"])


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"status": "processing"}, Pending),
        ({"status": "requires_confirmation"}, Unknown),
        ({"status": "invented_in_2031"}, Unknown),
        ({"status": "canceled"}, Declined),
        ({"status": "requires_payment_method"}, Declined),
        ({"status": "requires_action", "next_action": {"type": "use_stripe_sdk"}}, Declined),
        ({"status": "succeeded", "amount_received": 10_00}, Approved),
        ({"status": "requires_capture", "amount_capturable": 9_00}, Unknown),
        ({"object": "charge"}, Unknown),
    ],
)
def test_where_a_payment_intent_stands(changes: dict[str, Any], expected: type) -> None:
    assert isinstance(stripe_words.answered(authorize("stripe"), intent(**changes)), expected)


def test_money_that_stripe_took_in_part_is_not_all_of_it() -> None:
    part = intent(status="succeeded", amount_received=9_00)
    assert isinstance(stripe_words.answered(authorize("stripe", capture=True), part), Unknown)


def test_a_capture_of_somebody_else_is_not_taken_for_ours() -> None:
    taking = capture(authorize("stripe"), "pi_1", Money(4_00, "EUR"), final=False)
    by_hand = intent(amount_received=4_00, metadata={"capture": "att_other"})
    assert isinstance(stripe_words.traced(taking, by_hand), Unknown)


# ----------------------------------------------------------------------------------------- Adyen


@pytest.mark.parametrize(
    "result, reason, code",
    [
        ("Refused", "2", DeclineCode.CARD_DECLINED),
        ("Refused", "6", DeclineCode.EXPIRED_CARD),
        ("Refused", "12", DeclineCode.INSUFFICIENT_FUNDS),
        ("Refused", "20", DeclineCode.FRAUDULENT),
        ("Refused", "24", DeclineCode.INCORRECT_CVC),
        ("Refused", "38", DeclineCode.AUTHENTICATION_REQUIRED),
        ("Refused", "4711", DeclineCode.CARD_DECLINED),
        ("Refused", "", DeclineCode.CARD_DECLINED),
        ("Error", "4", DeclineCode.PROCESSING_ERROR),
        ("Error", "", DeclineCode.PROCESSING_ERROR),
        ("Cancelled", "", DeclineCode.AUTHENTICATION_FAILED),
    ],
)
def test_adyens_reasons(result: str, reason: str, code: DeclineCode) -> None:
    body = {"pspReference": "P", "resultCode": result, "refusalReasonCode": reason}
    outcome = adyen_words.answered(authorize("adyen"), body)
    assert outcome == Declined(code, reason or result, "", "P")


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"resultCode": "Received", "pspReference": "P"}, Pending),
        ({"resultCode": "Pending", "pspReference": "P"}, Pending),
        ({"resultCode": "PartiallyAuthorised", "pspReference": "P"}, Unknown),
        ({"resultCode": "InventedIn2031", "pspReference": "P"}, Unknown),
        ({"resultCode": "Authorised"}, Unknown),
        ({"resultCode": "ChallengeShopper", "action": {"type": "threeDS2"}}, Declined),
    ],
)
def test_where_adyen_stands(body: dict[str, Any], expected: type) -> None:
    asked = authorize("adyen", return_url="https://shop.example/back")
    assert isinstance(adyen_words.answered(asked, body), expected)


def test_adyens_form_for_the_customer_is_passed_on() -> None:
    action = {
        "type": "redirect",
        "url": "https://acs.example",
        "method": "POST",
        "data": {"MD": "x"},
    }
    asked = authorize("adyen", return_url="https://shop.example/back")
    outcome = adyen_words.answered(asked, {"resultCode": "RedirectShopper", "action": action})
    expected = ActionRequired("", "redirect", "https://acs.example", "POST", {"MD": "x"})
    assert outcome == expected


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
AMOUNT = _object(
    "value currency",
    value={"type": "integer"},
    currency={"type": "string", "minLength": 3, "maxLength": 3},
)
# By hand from CheckoutService-v72, of which this is the part that we use. Unknown names are errors.
SCHEMAS = {
    "/v72/payments ": _object(
        "merchantAccount amount reference returnUrl paymentMethod",
        merchantAccount=TEXT,
        amount=AMOUNT,
        reference={**TEXT, "maxLength": 80},
        returnUrl={**TEXT, "maxLength": 1024},
        paymentMethod=_object("type", type={"const": "scheme"}, storedPaymentMethodId=TEXT),
        shopperReference={**TEXT, "minLength": 3, "maxLength": 256},
        shopperInteraction={"enum": ["Ecommerce", "ContAuth", "Moto", "POS"]},
        recurringProcessingModel={"enum": ["CardOnFile", "Subscription", "UnscheduledCardOnFile"]},
        channel={"enum": ["iOS", "Android", "Web"]},
        metadata={"type": "object", "additionalProperties": {"type": "string", "maxLength": 80}},
        additionalData={"type": "object", "additionalProperties": {"type": "string"}},
        captureDelayHours={"type": "integer", "minimum": 0, "maximum": 672},
        shopperStatement={**TEXT, "maxLength": 10000},
    ),
    "/v72/payments/details ": _object(
        "details", details=_object("", redirectResult={"type": "string", "maxLength": 10000})
    ),
    "/v72/payments/P/captures ": _object(
        "merchantAccount amount", merchantAccount=TEXT, amount=AMOUNT, reference=TEXT
    ),
    "/v72/payments/P/cancels ": _object("merchantAccount", merchantAccount=TEXT, reference=TEXT),
    "/v72/cancels ": _object(
        "merchantAccount paymentReference",
        merchantAccount=TEXT,
        paymentReference=TEXT,
        reference=TEXT,
    ),
}


def test_what_we_send_to_adyen_is_what_its_specification_asks_for(strings: Puppet) -> None:
    strings.answers = [reply(200, "{}")]
    gateway = adapter("adyen", strings.url)
    asked = authorize("adyen")
    for request in (
        asked,
        authorize("adyen", capture=True, return_url="https://shop.example/back"),
        confirm(asked, "", {"redirect_result": "X6Xt"}),
        capture(asked, "P", EUR_10),
        cancel(asked, "P"),
        cancel(asked, ""),
    ):
        gateway.send(request)
    seen = set()
    for sent in strings.asked:
        head, body = sent.split(b"\r\n\r\n")
        path = next(path for path in SCHEMAS if head.decode().startswith(f"POST {path}"))
        jsonschema.validate(json.loads(body), SCHEMAS[path])
        seen.add(path)
    assert seen == set(SCHEMAS)


# ------------------------------------------------------------------------------------- Braintree


def transaction(status: str, **fields: str) -> str:
    inner = {
        "id": "bt1",
        "type": "sale",
        "status": status,
        "amount": "10.00",
        "currency-iso-code": "EUR",
        **fields,
    }
    return "".join(f"<{name}>{text}</{name}>" for name, text in inner.items())


def failure(inner: str) -> str:
    return (
        "<api-error-response><errors><errors type='array'/></errors><message>No.</message>"
        f"<transaction>{inner}</transaction></api-error-response>"
    )


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"processor-response-code": "2001"}, DeclineCode.INSUFFICIENT_FUNDS),
        ({"processor-response-code": "2004"}, DeclineCode.EXPIRED_CARD),
        ({"processor-response-code": "2099"}, DeclineCode.AUTHENTICATION_REQUIRED),
        ({"processor-response-code": "2999"}, DeclineCode.CARD_DECLINED),
    ],
)
def test_the_banks_reasons_by_way_of_braintree(
    strings: Puppet, fields: Mapping[str, str], code: DeclineCode
) -> None:
    strings.says(422, failure(transaction("processor_declined", **fields)))
    outcome = adapter("braintree", strings.url).send(authorize("braintree"))
    assert outcome == Declined(code, fields["processor-response-code"], "", "bt1")


@pytest.mark.parametrize(
    "reason, code",
    [
        ("cvv", DeclineCode.INCORRECT_CVC),
        ("fraud", DeclineCode.FRAUDULENT),
        ("three_d_secure", DeclineCode.AUTHENTICATION_REQUIRED),
        ("invented_in_2031", DeclineCode.CARD_DECLINED),
    ],
)
def test_braintrees_own_reasons(strings: Puppet, reason: str, code: DeclineCode) -> None:
    rejected = transaction("gateway_rejected", **{"gateway-rejection-reason": reason})
    strings.says(422, failure(rejected))
    outcome = adapter("braintree", strings.url).send(authorize("braintree"))
    assert outcome == Declined(code, reason, "", "bt1")


@pytest.mark.parametrize(
    "status, expected",
    [
        ("authorized", Approved),
        ("authorizing", Pending),
        ("submitted_for_settlement", Approved),
        ("settling", Approved),
        ("settled", Approved),
        ("settlement_declined", Declined),
        ("voided", Declined),
        ("authorization_expired", Declined),
        ("failed", Declined),
        ("invented_in_2031", Unknown),
    ],
)
def test_where_a_braintree_transaction_stands(strings: Puppet, status: str, expected: type) -> None:
    strings.says(201, f"<transaction>{transaction(status)}</transaction>")
    outcome = adapter("braintree", strings.url).send(authorize("braintree"))
    assert isinstance(outcome, expected)
    if isinstance(outcome, Approved):
        assert outcome.captured == (status != "authorized")


def test_a_nonce_of_braintrees_test_cards_is_not_a_token() -> None:
    vaulted = authorize("braintree")
    once = replace(vaulted, token="fake-valid-visa-nonce")
    sale = braintree_words.sale(vaulted, merchant_account="paygate_eur")
    assert (sale["payment_method_token"], "payment_method_nonce" in sale) == ("visa_ok", False)
    sale = braintree_words.sale(once, merchant_account="paygate_eur")
    assert sale["payment_method_nonce"] == "fake-valid-visa-nonce"
    assert "payment_method_token" not in sale
