"""What each PSP told: its samples as deliveries, under which secrets, and what every one of them means.

The samples carry real signatures. Of a kind of which more than one thing could be made, more than one is listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kernel.money import Money
from paygate.psp.cases import CaseReport, Direction, Movement, Reason, Stage, Standing
from paygate.psp.events import (
    Became,
    CaptureFailed,
    Delivery,
    Disbursed,
    Irrelevant,
    PaymentMoved,
    RefundReported,
    RefundState,
    StatementReady,
)
from tests.psp_contract.conftest import configuration

_SAMPLES = Path(__file__).parent / "samples"

SECRETS: Mapping[str, Mapping[str, Any]] = {
    "stripe": {"webhook_secrets": ["whsec_sample_secret"]},
    "adyen": {
        "hmac_keys": ["44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"],
        "webhook_login": "",
        "merchant_account": "AcmeEcomEU",
    },
    "braintree": {"public_key": "bt_public", "private_key": "bt_private", "merchant_id": "acme"},
}
OTHER_SECRETS: Mapping[str, Mapping[str, Any]] = {
    "stripe": {"webhook_secrets": ["whsec_sample_secrez", "whsec_"]},
    "adyen": {"hmac_keys": ["44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA057"]},
    "braintree": {"private_key": "bt_privatf"},
}
SAID_AT = {
    "stripe": datetime.fromtimestamp(1_794_300_000, UTC),
    "adyen": datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC),
    "braintree": datetime(2026, 11, 5, 12, tzinfo=UTC),
}


def mode(psp: str, **other: Any) -> dict[str, Any]:
    """The configuration under which the samples are genuine; `other` settings replace its own."""
    return {**configuration(psp, "http://psp.invalid"), **SECRETS[psp], **other}


def samples(psp: str) -> list[Delivery]:
    lines = (_SAMPLES / f"{psp}_webhooks.jsonl").read_text().splitlines()
    return [delivery(psp, line) for line in lines]


def delivery(psp: str, line: str) -> Delivery:
    """One line of the samples, as it came over the wire."""
    if psp == "adyen":
        return Delivery(line.encode(), {"content-type": "application/json"})
    sample = json.loads(line)
    if psp == "braintree":
        form = urlencode({name: sample[name] for name in ("bt_signature", "bt_payload")})
        return Delivery(form.encode(), {"content-type": "application/x-www-form-urlencoded"})
    return Delivery(
        sample["body"].encode(),
        {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": sample["header_Stripe-Signature"],
        },
    )


# ------------------------------------------------------------------------------- what they mean


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


def _usd(minor: int) -> Money:
    return Money(minor, "USD")


Meaning = tuple[str, type | tuple[type, ...], dict[str, Any]]  # Kind, type of the news, its fields.

_PI = {"psp_reference": "pi_3A01", "payment": "", "attempt": "", "amount": _eur(100_00)}
_RE = {"psp_reference": "pi_3A01", "reference": "re_3A03", "amount": _eur(30_00), "refund": ""}
_TAKEN = Movement("txn_3A04", Direction.WITHDRAWN, _eur(45_00), _eur(20_00))
_RETURNED = Movement("txn_3A05", Direction.REINSTATED, _eur(45_00), _eur(20_00))
_DP = {
    "case": "dp_3A04",
    "psp_reference": "pi_3A00",
    "at": datetime.fromtimestamp(1_794_300_002, UTC),
    "stage": Stage.CHARGEBACK,
    "amount": _eur(45_00),
    "reason": Reason.FRAUDULENT,
    "evidence_due_by": datetime.fromtimestamp(1_795_164_000, UTC),
}

STRIPE: list[Meaning] = [
    ("payment_intent.created", Irrelevant, {}),
    ("payment_intent.requires_action", PaymentMoved, {**_PI, "became": Became.ACTION_REQUIRED}),
    ("payment_intent.succeeded", PaymentMoved, {**_PI, "became": Became.CAPTURED}),
    ("charge.captured", Irrelevant, {}),
    ("payment_intent.canceled", PaymentMoved, {**_PI, "became": Became.EXPIRED}),
    ("refund.created", RefundReported, {**_RE, "state": RefundState.PENDING}),
    ("refund.updated", RefundReported, {**_RE, "state": RefundState.SUCCEEDED}),
    (
        "refund.failed",
        RefundReported,
        {**_RE, "state": RefundState.FAILED, "code": "expired_or_canceled_card"},
    ),
    (
        "charge.dispute.funds_withdrawn",
        CaseReport,
        {**_DP, "standing": Standing.NEEDS_RESPONSE, "movements": (_TAKEN,)},
    ),
    (
        "charge.dispute.updated",
        CaseReport,
        {**_DP, "standing": Standing.UNDER_REVIEW, "movements": (_TAKEN,)},
    ),
    (
        "charge.dispute.funds_reinstated",
        CaseReport,
        {**_DP, "standing": Standing.WON, "movements": (_TAKEN, _RETURNED)},
    ),
    ("payout.paid", Irrelevant, {}),
    ("payout.failed", Irrelevant, {}),
]

_NC6 = {"psp_reference": "NC6HT9CRT65ZGN82"}
_CASE = {
    "case": "DZ4DPSHB4WD2WN82",
    "psp_reference": "NC5HT9CRT65ZGN80",
    "amount": _eur(45_00),
}

ADYEN: list[Meaning] = [
    (
        "AUTHORISATION",
        PaymentMoved,
        {**_NC6, "became": Became.AUTHORIZED, "amount": _eur(100_00)},
    ),
    (
        "AUTHORISATION",
        PaymentMoved,
        {"psp_reference": "XC6HT9CRT65ZGN90", "became": Became.DECLINED},
    ),
    ("CAPTURE", CaptureFailed, {**_NC6, "capture": "QFQTPCQ8HXSKGK82", "amount": _eur(100_00)}),
    (
        "CAPTURE_FAILED",
        CaptureFailed,
        {**_NC6, "capture": "QFQTPCQ8HXSKGK82", "amount": _eur(100_00)},
    ),
    (
        "CANCELLATION",
        PaymentMoved,
        {"psp_reference": "YC6HT9CRT65ZGN91", "became": Became.CANCELED},
    ),
    (
        "TECHNICAL_CANCEL",
        PaymentMoved,
        {"psp_reference": "YC6HT9CRT65ZGN92", "became": Became.CANCELED},
    ),
    (
        "REFUND",
        RefundReported,
        {
            **_NC6,
            "reference": "RFQTPCQ8HXSKGK87",
            "state": RefundState.SUCCEEDED,
            "amount": _eur(30_00),
        },
    ),
    (
        "REFUND_FAILED",
        RefundReported,
        {
            **_NC6,
            "reference": "RFQTPCQ8HXSKGK87",
            "state": RefundState.FAILED,
            "amount": _eur(30_00),
        },
    ),
    (
        "REQUEST_FOR_INFORMATION",
        CaseReport,
        {
            **_CASE,
            "stage": Stage.INQUIRY,
            "standing": Standing.NEEDS_RESPONSE,
            "movements": (),
            "reason": Reason.FRAUDULENT,
            "reason_code": "10.4",
        },
    ),
    (
        "NOTIFICATION_OF_CHARGEBACK",
        CaseReport,
        {
            **_CASE,
            "stage": Stage.CHARGEBACK,
            "standing": Standing.NEEDS_RESPONSE,
            "movements": (),
            "reason": Reason.FRAUDULENT,
            "reason_code": "10.4",
        },
    ),
    (
        "INFORMATION_SUPPLIED",
        CaseReport,
        {**_CASE, "standing": Standing.UNDER_REVIEW, "movements": ()},
    ),
    ("CHARGEBACK_REVERSED", CaseReport, {**_CASE, "standing": Standing.WON}),
    (
        "REPORT_AVAILABLE",
        StatementReady,
        dict.fromkeys(("name", "where"), "settlement_detail_report_batch_134.csv"),
    ),
]

_BT = {
    "case": "disp1",
    "psp_reference": "bt000000",
    "stage": Stage.CHARGEBACK,
    "amount": _usd(45_00),
    "reason": Reason.FRAUDULENT,
    "reason_code": "83",
}

BRAINTREE: list[Meaning] = [
    ("check", Irrelevant, {}),
    ("transaction_settled", (Irrelevant, PaymentMoved), {}),
    (
        "refund_failed",
        RefundReported,
        {
            "psp_reference": "bt000001",
            "reference": "bt000004",
            "state": RefundState.FAILED,
            "amount": None,
        },
    ),
    ("dispute_opened", CaseReport, {**_BT, "standing": Standing.NEEDS_RESPONSE}),
    ("dispute_disputed", CaseReport, {**_BT, "standing": Standing.UNDER_REVIEW}),
    ("dispute_won", CaseReport, {**_BT, "standing": Standing.WON}),
    ("dispute_accepted", CaseReport, {**_BT, "standing": Standing.LOST}),
    ("dispute_auto_accepted", CaseReport, {**_BT, "standing": Standing.LOST}),
    (
        "disbursement",
        Disbursed,
        {"reference": "acme_usd 2026-11-07", "amount": _usd(176_40), "at": SAID_AT["braintree"]},
    ),
]

MEANINGS: Mapping[str, list[Meaning]] = {
    "stripe": STRIPE,
    "adyen": ADYEN,
    "braintree": BRAINTREE,
}
