"""What the official SDKs really send, byte for byte: each recorded request finds what it is about.

The recordings come from the unmodified SDKs; only ids and keys are replaced, by those of something
that stands where the request needs it. What belongs to later rounds is refused in the PSP's own way.
"""

from __future__ import annotations

import http.client
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulators.sdk import AdyenMerchant, BraintreeMerchant, Merchant, StripeMerchant

_WIRE = Path(__file__).parent / "wire"

# The answer to each line, where it is not the ordinary one; and what has to be there before.
STRIPE = {
    **dict.fromkeys(range(43), (404, "")),
    **dict.fromkeys((0, 1, 2, 3), (200, "")),
    4: (200, "asks"),
    **dict.fromkeys((5, 6, 9, 15, 16, 17, 38), (200, "held")),
    7: (200, "held in parts"),
    **dict.fromkeys((10, 11, 13, 18), (200, "taken")),
    12: (200, "given back"),
    **dict.fromkeys((19, 20, 21), (200, "disputed")),
    22: (400, ""),  # The recording has lost the byte by which a PNG is known.
    23: (200, "taken"),
    24: (200, "transferred"),
    25: (400, ""),  # Our own account pays out by itself.
    26: (400, ""),  # The connected account has nothing.
    28: (200, ""),
    31: (200, ""),
    40: (400, ""),  # One cent is too little.
    41: (400, ""),  # 10.5 is no integer.
}
ADYEN = {
    **dict.fromkeys(range(32), (404, "")),
    **dict.fromkeys((0, 1, 2, 4, 5, 25, 26, 27, 28), (200, "")),
    3: (200, "came back"),
    **dict.fromkeys((6, 7, 8, 9, 10, 11), (201, "held")),
    **dict.fromkeys((15, 16, 17, 18, 19, 29), (200, "")),  # Disputes: 200, and success says no.
    20: (202, ""),
    21: (422, ""),  # The SDK does not encode the + of a time zone.
    30: (422, ""),  # A card without a number.
    31: (400, ""),  # An amount of 1.5.
}
BRAINTREE = {
    **dict.fromkeys(range(35), (404, "")),
    **dict.fromkeys((0, 1, 2, 3, 4), (201, "")),
    **dict.fromkeys((5, 6, 7), (422, "")),  # 2000.00; rejected for fraud; a consumed nonce.
    **dict.fromkeys((8, 9, 10, 11, 13), (201, "held")),
    14: (422, "settled"),
    **dict.fromkeys((15, 16), (201, "settled")),
    17: (201, "held"),
    **dict.fromkeys((18, 20, 21, 32, 33), (200, "held")),
    **dict.fromkeys((22, 23, 27, 28, 29), (200, "disputed")),
    24: (201, "disputed"),
    25: (201, ""),
    26: (422, "disputed"),  # There is no such category of evidence.
    31: (201, "taken"),
}


def lines(psp: str, expected: dict[int, tuple[int, str]]) -> list[Any]:
    recorded = (_WIRE / f"{psp}.jsonl").read_text().splitlines()
    assert len(recorded) == len(expected)
    return [
        pytest.param(json.loads(line), *expected[number], id=f"{psp}-{number}")
        for number, line in enumerate(recorded)
    ]


def send(merchant: Merchant, line: dict[str, Any], key: str, ids: dict[str, str]) -> Any:
    """The recorded request, with these ids for those; the status and the headers and body."""
    target, body = line["target"], line["body"]
    headers = {k: v for k, v in line["headers"].items() if k != "Content-Length"}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = key
    for old, new_id in ids.items():
        target, body = target.replace(old, new_id), body.replace(old, new_id)
    connection = http.client.HTTPConnection(urlsplit(merchant.simulator.url).netloc, timeout=20)
    try:
        connection.request(line["method"], target, body.encode(), headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("line", "status", "before"), lines("stripe", STRIPE))
def test_stripe_understands_what_its_sdk_sends(
    at_stripe: StripeMerchant,
    new: Callable[[str], str],
    line: dict[str, Any],
    status: int,
    before: str,
) -> None:
    ids = {}
    match before:
        case "asks":
            ids = {"pi_1": at_stripe.create(payment_method="pm_card_authenticationRequired").id}
        case "held":
            ids = {"pi_1": at_stripe.create().id}
        case "held in parts":
            parts = {"card": {"request_multicapture": "if_available"}}
            ids = {"pi_1": at_stripe.create(payment_method_options=parts).id}
        case "taken":
            ids = {"pi_1": at_stripe.create(capture_method="automatic").id}
        case "given back":
            taken = at_stripe.create(capture_method="automatic").id
            ids = {"re_1": at_stripe.sdk.v1.refunds.create({"payment_intent": taken}).id}
        case "disputed":
            ids = disputed(at_stripe, new("pay"))
        case "transferred":
            at_stripe.create(capture_method="automatic")
            params: Any = {"amount": 4_00, "currency": "usd", "destination": "acct_1"}
            ids = {"tr_1": at_stripe.sdk.v1.transfers.create(params).id}

    answered, headers, body = send(at_stripe, line, new("key"), ids)

    assert answered == status, body
    assert headers["Request-Id"].startswith("req_")
    assert ("error" in json.loads(body)) is (status >= 400)


def disputed(merchant: StripeMerchant, payment: str) -> dict[str, str]:
    """An open dispute, and a document that may be evidence in it."""
    merchant.create(capture_method="automatic", metadata={"payment": payment})
    opened = merchant.simulator.act("dispute", payment=payment)["id"]
    document = io.BytesIO(b"%PDF-1.4")
    file = merchant.sdk.v1.files.create({"purpose": "dispute_evidence", "file": document})
    return {"dp_1": opened, "file_1": file.id}


@pytest.mark.parametrize(("line", "status", "before"), lines("adyen", ADYEN))
def test_adyen_understands_what_its_sdk_sends(
    at_adyen: AdyenMerchant,
    new: Callable[[str], str],
    line: dict[str, Any],
    status: int,
    before: str,
) -> None:
    ids = {}
    match before:
        case "held":
            euros = {"value": 10_00, "currency": "EUR"}
            ids = {"PSP1": at_adyen.pay(reference=new("pay"), amount=euros)["pspReference"]}
        case "came back":
            ids = {"X6Xt": come_back(at_adyen, new("pay"))}

    answered, _, body = send(at_adyen, line, new("key"), ids)

    assert answered == status, body
    assert ("errorCode" in json.loads(body)) is (status >= 400)


def come_back(merchant: AdyenMerchant, payment: str) -> str:
    """The redirectResult that a customer who completed 3-D Secure brings back."""
    stored = {"type": "scheme", "storedPaymentMethodId": "3ds"}
    page = urlsplit(merchant.pay(reference=payment, paymentMethod=stored)["action"]["url"])
    connection = http.client.HTTPConnection(page.netloc, timeout=20)
    try:
        connection.request("POST", page.path, b"result=complete")
        location = connection.getresponse().headers["Location"]
    finally:
        connection.close()
    return str(location).partition("redirectResult=")[2]


def dispute(merchant: BraintreeMerchant, payment: str) -> dict[str, str]:
    """An open dispute with a piece of evidence, and a document that waits for one."""
    merchant.sale(order_id=payment, options={"submit_for_settlement": True})
    made = merchant.simulator.act("dispute", payment=payment)["id"]
    there = merchant.sdk.dispute.add_text_evidence(made, "The parcel was signed for.").evidence
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(b"\x89PNG")
        file.seek(0)
        document = merchant.sdk.document_upload.create({"kind": "evidence_document", "file": file})
    return {"disp1": made, "ev1": there.id, "doc1": document.document_upload.id}


@pytest.mark.parametrize(("line", "status", "before"), lines("braintree", BRAINTREE))
def test_braintree_understands_what_its_sdk_sends(
    at_braintree: BraintreeMerchant,
    new: Callable[[str], str],
    line: dict[str, Any],
    status: int,
    before: str,
) -> None:
    keys = ("pay-1", "cap-1", "void-1", "ref-1", "rev-1")
    ids = {f">{key}<": f">{new('key')}<" for key in keys}
    if before == "disputed":
        ids |= dispute(at_braintree, new("pay"))
    elif before:
        made = at_braintree.hold(new("pay"), key=new("key")).reference
        if before in ("taken", "settled"):
            at_braintree.transactions.submit_for_settlement(made)
        if before == "settled":
            at_braintree.sdk.testing.settle_transaction(made)
        ids |= {"abc12345": made, "settled1": made}

    answered, _, body = send(at_braintree, line, "", ids)

    assert answered == status, body
    assert (b"<api-error-response>" in body) is (status == 422)
