"""Adyen's envelopes: each item verified by itself, what is not signed believed no further than it matters."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from Adyen.util import is_valid_hmac_notification

from kernel.money import Money
from paygate.psp.adyen import webhook
from paygate.psp.adyen.reports import EVENTS, reason
from paygate.psp.cases import CaseReport, Direction, Movement, Reason, Stage, Standing
from paygate.psp.events import (
    Became,
    CaptureFailed,
    Delivery,
    Irrelevant,
    Item,
    News,
    NotGenuine,
    PaymentMoved,
    Recaptured,
    RefundReported,
    RefundState,
    Unreadable,
)
from paygate.psp.gateway import Approved, DeclineCode, Declined

KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
OLDER = "50415947415445" * 4 + "50415947"
NOW = datetime(2026, 11, 3, 9, 0, 30, tzinfo=UTC)
EUR_10 = Money(10_00, "EUR")

MODE = {"hmac_keys": [KEY], "merchant_account": "PaygateECOM", "webhook_login": ""}


def payload(event: str = "CAPTURE", **changes: Any) -> dict[str, Any]:
    """An item about 10 euros as Adyen documents it, changed as the test says and not signed yet."""
    return {
        "additionalData": {},
        "amount": {"currency": "EUR", "value": 10_00},
        "eventCode": event,
        "eventDate": "2026-11-03T10:00:02+01:00",
        "merchantAccountCode": "PaygateECOM",
        "merchantReference": "att_1",
        "originalReference": "PAYMENT1",
        "paymentMethod": "visa",
        "pspReference": "OWN1",
        "reason": "",
        "success": "true",
        **changes,
    }


def signature(item: dict[str, Any], key: str = KEY) -> str:
    """Over the documented values, written down here once more."""
    amount = item.get("amount") or {}
    values = (
        *(item.get("pspReference"), item.get("originalReference"), item.get("merchantAccountCode")),
        *(item.get("merchantReference"), amount.get("value"), amount.get("currency")),
        *(item.get("eventCode"), item.get("success")),
    )
    said = ":".join("" if value is None else str(value) for value in values)
    digest = hmac.new(bytes.fromhex(key), said.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signed(item: dict[str, Any], key: str = KEY) -> dict[str, Any]:
    details = {**(item.get("additionalData") or {}), "hmacSignature": signature(item, key)}
    return {**item, "additionalData": details}


def envelope(*items: dict[str, Any], live: Any = "false") -> Delivery:
    entries = [{"NotificationRequestItem": item} for item in items]
    return Delivery(json.dumps({"live": live, "notificationItems": entries}).encode(), {})


def receive(*items: dict[str, Any], now: datetime = NOW, **mode: Any) -> list[Item]:
    return webhook.receive(envelope(*items), {**MODE, **mode}, now=now)


def heard(event: str, **changes: Any) -> News:
    """What a genuine item says."""
    [item] = receive(signed(payload(event, **changes)))
    return webhook.translate(item)


# ---------------------------------------------------------------------------------- who has said it


def test_the_signed_text_and_its_signature_are_the_documented_ones() -> None:
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
    }

    assert webhook.signed_text(item) == (
        "7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true"
    )
    assert len(receive(item, merchant_account="TestMerchant")) == 1


def test_one_forged_item_refuses_the_whole_envelope_wherever_it_stands() -> None:
    good = signed(payload(pspReference="OWN1"))
    forged = signed(payload(pspReference="OWN2"), OLDER)

    assert [item.payload["pspReference"] for item in receive(good, signed(payload()))] == [
        *("OWN1", "OWN1"),
    ]
    for items in ((good, forged), (forged, good)):
        with pytest.raises(NotGenuine):
            receive(*items)
    # The reason why we verify by ourselves: the SDK looks at the first item only.
    believed = json.loads(envelope(good, forged).body)
    assert is_valid_hmac_notification(believed, KEY)


def test_an_item_whose_signature_is_another_items_is_forged() -> None:
    one, other = signed(payload(pspReference="OWN1")), payload(pspReference="OWN2")
    other["additionalData"] = one["additionalData"]
    with pytest.raises(NotGenuine):
        receive(one, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"originalReference": None},  # The SDK would sign "None".
        {"merchantReference": ""},
        {"merchantReference": "order:7\\8::9"},  # A colon stands as it is.
        {"merchantReference": "größe-€"},
        {"amount": {"currency": "EUR", "value": 0}},
    ],
)
def test_what_is_missing_is_empty_and_nothing_is_escaped(changes: dict[str, Any]) -> None:
    [item] = receive(signed(payload(**changes)))
    assert item.kind == "CAPTURE"
    without = {k: v for k, v in payload(**changes).items() if v is not None}
    assert len(receive(signed(without))) == 1


def test_a_boolean_is_signed_as_json_writes_it() -> None:
    text = signed(payload(success="true"))
    [item] = receive({**text, "success": True})
    assert isinstance(webhook.translate(item), PaymentMoved)
    assert item.key.split(":")[:3] == ["OWN1", "CAPTURE", "true"]
    [failed] = receive({**signed(payload(success="false")), "success": False})
    assert isinstance(webhook.translate(failed), CaptureFailed)


@pytest.mark.parametrize("value", [10.0, "10.0", True, [10], {"value": 10}, None, "1000", 1e3])
def test_an_amount_that_is_no_whole_number_is_never_believed(value: Any) -> None:
    item = signed(payload(amount={"currency": "EUR", "value": value}))
    with pytest.raises((NotGenuine, Unreadable)):
        webhook.translate(receive(item)[0])


@pytest.mark.parametrize(
    "left", [None, {}, {"hmacSignature": None}, {"hmacSignature": "é"}, "x", 1]
)
def test_without_a_signature_an_item_is_not_genuine(left: Any) -> None:
    with pytest.raises(NotGenuine):
        receive({**payload(), "additionalData": left})


def test_true_is_no_amount_even_where_it_is_signed() -> None:
    item = receive(signed(payload()))[0]
    with pytest.raises(Unreadable):
        webhook.translate(replace(item, payload=payload(amount={"currency": "EUR", "value": True})))


def test_while_a_key_is_rolled_items_under_either_are_genuine() -> None:
    items = signed(payload()), signed(payload(), OLDER)
    assert len(receive(*items, hmac_keys=[KEY, OLDER])) == 2
    assert len(receive(*items, hmac_keys=[OLDER, KEY])) == 2
    with pytest.raises(NotGenuine):
        receive(*items, hmac_keys=[KEY])


@pytest.mark.parametrize(
    "body",
    [
        b'{"live":"false","notificationItems":[]}',
        b'{"live":"false","notificationItems":[{}]}',
        b'{"live":"false","notificationItems":[null]}',
        b'{"live":"false","notificationItems":[{"NotificationRequestItem":[]}]}',
        b'{"live":"false","notificationItems":{"NotificationRequestItem":{}}}',
        b'{"live":"false"}',
        b"[" * 100_000,
    ],
)
def test_an_envelope_with_nothing_signed_in_it_is_not_genuine(body: bytes) -> None:
    with pytest.raises(NotGenuine):
        webhook.receive(Delivery(body, {}), MODE, now=NOW)


@pytest.mark.parametrize(
    ("live", "livemode", "genuine"),
    [
        *(("false", False, True), ("true", True, True), (True, True, True)),
        *(("true", False, False), ("false", True, False), ("maybe", False, False)),
        *((None, False, False),),
    ],
)
def test_an_envelope_is_of_the_mode_that_verifies_it(
    live: Any, livemode: bool, genuine: bool
) -> None:
    told = envelope(signed(payload()), live=live)
    mode = {**MODE, "livemode": livemode}
    if genuine:
        assert webhook.receive(told, mode, now=NOW)
        return
    with pytest.raises(NotGenuine):
        webhook.receive(told, mode, now=NOW)


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        ("Basic YWR5ZW46czpjcmV0", True),
        ("basic YWR5ZW46czpjcmV0", True),
        ("Basic YWR5ZW46d3Jvbmc=", False),
        ("Bearer YWR5ZW46czpjcmV0", False),
        ("YWR5ZW46czpjcmV0", False),
        ("Basic é", False),
        ("", False),
    ],
)
def test_where_a_login_is_set_up_it_must_be_given(header: str, genuine: bool) -> None:
    told = envelope(signed(payload()))
    told = Delivery(told.body, {"authorization": header} if header else {})
    mode = {**MODE, "webhook_login": "adyen:s:cret"}
    if genuine:
        assert webhook.receive(told, mode, now=NOW)
        return
    with pytest.raises(NotGenuine):
        webhook.receive(told, mode, now=NOW)


def test_an_item_of_another_merchant_account_goes_to_a_person_and_spares_the_others() -> None:
    ours, theirs = receive(
        signed(payload()), signed(payload(merchantAccountCode="Another", pspReference="OWN2"))
    )

    assert isinstance(webhook.translate(ours), PaymentMoved)
    with pytest.raises(Unreadable, match="Another"):
        webhook.translate(theirs)


# ------------------------------------------------------------------------------ twice the same thing


def test_a_thing_told_twice_has_one_key_whatever_unsigned_fields_say() -> None:
    first = signed(payload("REFUND", reason="", additionalData={"a": "b"}))
    again = signed(payload("REFUND", reason="x", eventDate="2026-11-04T10:00:02+01:00"))
    [one], [other] = receive(first), receive(again)
    assert one.key == other.key == "OWN1:REFUND:true"


@pytest.mark.parametrize(
    "changes",
    [
        {"pspReference": "OWN2"},
        {"eventCode": "CAPTURE_FAILED"},
        {"success": "false"},
        {"reason": "Transaction Recaptured"},
        {"reason": "Transaction Auto-recaptured"},
    ],
)
def test_another_thing_has_another_key(changes: dict[str, Any]) -> None:
    [one], [other] = receive(signed(payload())), receive(signed(payload(**changes)))
    assert one.key != other.key


def test_a_step_that_a_dispute_takes_twice_is_heard_twice() -> None:
    """An inquiry is answered, and then the chargeback: both INFORMATION_SUPPLIED, under one reference."""
    inquiry = signed(payload("INFORMATION_SUPPLIED"))
    chargeback = signed(payload("INFORMATION_SUPPLIED", eventDate="2026-11-20T10:00:02+01:00"))
    [one], [other], [again] = receive(inquiry), receive(chargeback), receive(inquiry)
    assert one.key != other.key
    assert one.key == again.key


def test_a_report_that_is_made_anew_is_heard_anew() -> None:
    report = payload("REPORT_AVAILABLE", pspReference="settlement_detail_report_batch_1.csv")
    anew = {**report, "eventDate": "2026-11-20T10:00:02+01:00"}
    [one], [other], [again] = (receive(signed(each)) for each in (report, anew, report))
    assert one.key != other.key
    assert one.key == again.key


def test_a_very_long_reference_has_a_key_that_fits() -> None:
    names = [f"settlement_{'0' * 300}_{number}.csv" for number in (1, 2)]
    keys = [receive(signed(payload("REPORT_AVAILABLE", pspReference=n)))[0].key for n in names]
    assert len(set(keys)) == 2
    assert all(len(key) <= 255 for key in keys)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-11-03T10:00:02+01:00", datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC)),
        ("2026-11-03T09:00:02Z", datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC)),
        ("2026-10-04T09:00:02Z", datetime(2026, 10, 4, 9, 0, 2, tzinfo=UTC)),  # Told late.
        ("2926-11-03T10:00:02+01:00", NOW),  # It is not signed, and would count for ever.
        ("2026-11-03T10:00:02", NOW),
        ("yesterday", NOW),
        ("0001-01-01T00:00:00+14:00", NOW),  # Before Christ in UTC: whoever reads it again fails.
        ("9999-12-31T23:59:59-14:00", NOW),
        (None, NOW),
    ],
)
def test_a_date_of_the_future_or_none_at_all_is_the_moment_it_was_heard(
    said: Any, at: datetime
) -> None:
    [item] = receive(signed(payload(eventDate=said)))
    assert item.at == at


# ------------------------------------------------------------------------------------- what it means


def test_an_authorisation_is_evidence_of_what_was_authorized() -> None:
    about = {"pspReference": "PAYMENT1", "originalReference": None, "merchantReference": "pay_1"}
    approved = heard("AUTHORISATION", **about)
    declined = heard("AUTHORISATION", **about, success="false", reason="Not enough balance")
    strange = heard("AUTHORISATION", **about, success="false", reason="Because")

    moved = PaymentMoved("PAYMENT1", Became.AUTHORIZED, payment="pay_1", amount=EUR_10)
    assert approved == replace(moved, outcome=Approved("PAYMENT1", EUR_10))
    assert declined == replace(
        moved,
        became=Became.DECLINED,
        outcome=Declined(DeclineCode.INSUFFICIENT_FUNDS, "12", "Not enough balance", "PAYMENT1"),
    )
    assert isinstance(strange, PaymentMoved)
    assert isinstance(strange.outcome, Declined)
    assert strange.outcome.code == DeclineCode.CARD_DECLINED


def test_a_capture_is_evidence_for_our_attempt() -> None:
    assert heard("CAPTURE", merchantReference="att_7") == PaymentMoved(
        "PAYMENT1", Became.CAPTURED, attempt="att_7", outcome=Approved("OWN1", EUR_10)
    )


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        ("CAPTURE", {"success": "false", "reason": "Insufficient balance on payment"}),
        ("CAPTURE_FAILED", {"success": "true", "reason": "Insufficient balance on payment"}),
    ],
)
def test_a_capture_failed_whichever_way_adyen_says_so(event: str, changes: dict[str, str]) -> None:
    assert heard(event, **changes) == CaptureFailed(
        *("PAYMENT1", "OWN1", EUR_10),
        attempt="att_1",
        why="Insufficient balance on payment",
    )


@pytest.mark.parametrize("said", ["Transaction Recaptured", "Transaction Auto-recaptured"])
def test_a_capture_that_was_mended_says_so_in_its_reason_only(said: str) -> None:
    assert heard("CAPTURE", reason=said) == Recaptured("PAYMENT1", "OWN1", EUR_10, attempt="att_1")
    failed = heard("CAPTURE", reason=said, success="false")
    assert isinstance(failed, CaptureFailed)


@pytest.mark.parametrize("event", ["CANCELLATION", "TECHNICAL_CANCEL"])
def test_a_cancellation_is_evidence_for_our_attempt_or_names_the_payment(event: str) -> None:
    done, by_hand = heard(event), heard(event, merchantReference="pay_1")
    refused = heard(event, success="false", reason="captured")
    assert isinstance(done, PaymentMoved)
    assert isinstance(by_hand, PaymentMoved)
    assert isinstance(refused, PaymentMoved)
    assert isinstance(done.outcome, Approved)
    assert (done.became, done.attempt, done.outcome.psp_reference) == (
        *(Became.CANCELED, "att_1", "OWN1"),
    )
    assert (by_hand.payment, by_hand.attempt) == ("pay_1", "")
    assert refused.outcome == Declined(
        DeclineCode.INVALID_STATE, psp_message="captured", psp_reference="OWN1"
    )
    assert done.amount is None  # What it names may be what was left of the payment.


def test_a_payment_canceled_before_it_had_a_reference_goes_by_ours() -> None:
    said = heard("TECHNICAL_CANCEL", originalReference=None, merchantReference="pay_1")
    assert isinstance(said, PaymentMoved)
    assert (said.psp_reference, said.payment) == ("", "pay_1")


def test_what_expires_goes_by_the_payments_own_reference() -> None:
    about = {"pspReference": "PAYMENT1", "merchantReference": "pay_1"}
    assert heard("EXPIRE", originalReference=None, **about) == PaymentMoved(
        "PAYMENT1", Became.EXPIRED, payment="pay_1"
    )


@pytest.mark.parametrize(
    ("event", "success", "state"),
    [
        ("REFUND", "true", RefundState.SUCCEEDED),
        ("REFUND", "false", RefundState.FAILED),
        ("REFUND_FAILED", "true", RefundState.FAILED),
        ("REFUNDED_REVERSED", "true", RefundState.FAILED),
        ("POSTPONED_REFUND", "true", RefundState.PENDING),
        ("POSTPONED_REFUND", "false", RefundState.FAILED),
    ],
)
def test_a_refund_stands_as_its_event_says_not_as_success_does(
    event: str, success: str, state: RefundState
) -> None:
    failed = state == RefundState.FAILED
    assert heard(
        event, success=success, merchantReference="re_1", reason="because"
    ) == RefundReported(
        *("PAYMENT1", "OWN1", state, EUR_10),
        refund="re_1",
        code=event if failed else "",
        why="because" if failed else "",
    )


def test_a_refund_made_at_the_screen_names_the_payment() -> None:
    said = heard("REFUND", merchantReference="pay_1")
    assert isinstance(said, RefundReported)
    assert (said.refund, said.payment) == ("", "pay_1")


def test_a_reversal_is_whichever_it_was() -> None:
    canceled = heard("CANCEL_OR_REFUND", additionalData={"modification.action": "cancel"})
    refunded = heard("CANCEL_OR_REFUND", additionalData={"modification.action": "refund"})
    nothing = heard("CANCEL_OR_REFUND", success="false")
    assert isinstance(canceled, PaymentMoved)
    assert isinstance(refunded, RefundReported)
    assert isinstance(nothing, Irrelevant)
    with pytest.raises(Unreadable):
        heard("CANCEL_OR_REFUND")


@pytest.mark.parametrize(
    "event", ["CAPTURE", "CAPTURE_FAILED", "REFUND", "CHARGEBACK", "CHARGEBACK_REVERSED"]
)
def test_what_does_not_name_its_payment_is_unreadable(event: str) -> None:
    with pytest.raises(Unreadable, match="originalReference"):
        heard(event, originalReference=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"amount": {"currency": "XYZ", "value": 10}},
        {"amount": {"currency": "CLP", "value": 15_50}},  # Half a peso.
        {"success": "perhaps"},
        {"pspReference": ""},
    ],
)
def test_a_genuine_item_that_is_not_as_documented_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        heard("CAPTURE", **changes)


@pytest.mark.parametrize("event", ["PAIDOUT_REVERSED", "VOID_PENDING_REFUND"])
def test_money_moved_in_a_way_unknown_here_is_for_a_person(event: str) -> None:
    with pytest.raises(Unreadable):
        heard(event)


@pytest.mark.parametrize("event", ["AUTHORISATION_ADJUSTMENT", "NOTIFICATION_OF_FRAUD", "TOMORROW"])
def test_everything_else_is_irrelevant(event: str) -> None:
    assert isinstance(heard(event), Irrelevant)


# ------------------------------------------------------------------------------------------ disputes

DETAILS = {
    "chargebackReasonCode": " 4853",
    "chargebackSchemeCode": "mc",
    "defensePeriodEndsAt": "2026-11-23T23:59:59+01:00",
    "disputeStatus": "Undefended",
}


def case(event: str, status: str = "", **changes: Any) -> CaseReport:
    details = {**DETAILS, "disputeStatus": status} if status else DETAILS
    changes = {"merchantReference": "pay_1", "additionalData": details, **changes}
    said = heard(event, **changes)
    assert isinstance(said, CaseReport)
    return said


def test_a_chargeback_says_all_that_there_is_to_say() -> None:
    assert case("CHARGEBACK") == CaseReport(
        case="OWN1",
        psp_reference="PAYMENT1",
        at=datetime(2026, 11, 3, 9, 0, 2, tzinfo=UTC),
        stage=Stage.CHARGEBACK,
        standing=Standing.NEEDS_RESPONSE,
        amount=EUR_10,
        reason=Reason.UNACCEPTABLE,
        reason_code="4853",  # Without the space.
        payment="pay_1",
        evidence_due_by=datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC),
        movements=(Movement("OWN1:CHARGEBACK", Direction.WITHDRAWN, EUR_10, Money.zero("EUR")),),
    )


INQUIRY, CHARGEBACK, PRE_ARBITRATION = Stage
NEEDS, REVIEW, WON, LOST = Standing
OUT, BACK = Direction


@pytest.mark.parametrize(
    ("event", "status", "stage", "standing", "moved"),
    [
        ("REQUEST_FOR_INFORMATION", "Undefended", INQUIRY, NEEDS, None),
        ("NOTIFICATION_OF_CHARGEBACK", "Undefended", CHARGEBACK, NEEDS, None),
        ("NOTIFICATION_OF_CHARGEBACK", "Pending", CHARGEBACK, REVIEW, None),
        ("CHARGEBACK", "Undefended", CHARGEBACK, NEEDS, OUT),
        ("CHARGEBACK", "Pending", CHARGEBACK, REVIEW, OUT),
        ("CHARGEBACK", "Lost", CHARGEBACK, LOST, OUT),
        ("CHARGEBACK", "Tomorrow", CHARGEBACK, NEEDS, OUT),
        ("INFORMATION_SUPPLIED", "Pending", CHARGEBACK, REVIEW, None),
        ("INFORMATION_SUPPLIED", "Won", CHARGEBACK, REVIEW, None),  # Only the event is signed.
        ("CHARGEBACK_REVERSED", "Won", CHARGEBACK, WON, BACK),
        ("CHARGEBACK_REVERSED", "Pending", CHARGEBACK, REVIEW, BACK),
        ("CHARGEBACK_REVERSED", "Lost", CHARGEBACK, WON, BACK),
        ("SECOND_CHARGEBACK", "Lost", PRE_ARBITRATION, LOST, OUT),
        ("SECOND_CHARGEBACK", "Won", PRE_ARBITRATION, LOST, OUT),
        ("DISPUTE_DEFENSE_PERIOD_ENDED", "Lost", CHARGEBACK, LOST, None),
        ("DISPUTE_DEFENSE_PERIOD_ENDED", "Accepted", CHARGEBACK, LOST, None),
        ("DISPUTE_DEFENSE_PERIOD_ENDED", "Expired", CHARGEBACK, LOST, None),
        ("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "Won", CHARGEBACK, WON, None),
        ("PREARBITRATION_OPEN", "Undefended", PRE_ARBITRATION, NEEDS, None),
        ("PREARBITRATION_WON", "Pending", PRE_ARBITRATION, REVIEW, None),
        ("PREARBITRATION_WON", "Won", PRE_ARBITRATION, WON, None),
        ("PREARBITRATION_LOST", "Lost", PRE_ARBITRATION, LOST, None),
        ("SCHEME_ARBITRATION_WON", "Won", PRE_ARBITRATION, WON, None),
        ("SCHEME_ARBITRATION_LOST", "Lost", PRE_ARBITRATION, LOST, None),
    ],
)
def test_each_step_of_a_dispute_is_a_stage_a_standing_and_what_it_moved(
    event: str, status: str, stage: Stage, standing: Standing, moved: Direction | None
) -> None:
    said = case(event, status)
    assert (said.stage, said.standing) == (stage, standing)
    assert [(m.id, m.direction) for m in said.movements] == (
        [(f"OWN1:{event}", moved)] if moved else []
    )
    assert (said.evidence_due_by is not None) == (standing == NEEDS)


def test_every_event_of_a_dispute_can_be_read_with_no_details_at_all() -> None:
    """In Brazil Adyen says no disputeStatus, and of a reversal it may say nothing more."""
    for event in EVENTS:
        for details in (None, {}, {"disputeStatus": 7, "chargebackReasonCode": None}):
            item = receive(signed(payload(event, additionalData=details)))[0]
            said = webhook.translate(item)
            assert isinstance(said, CaseReport | Irrelevant)
            if isinstance(said, CaseReport):
                assert (said.reason, said.reason_code) == (Reason.GENERAL, "")


def test_an_inquiry_is_known_by_the_code_it_names_and_loses_nothing_when_nobody_answers() -> None:
    rfi = {"rfiReasonCode": "10.4", "rfiSchemeCode": "visa"}
    answered = case("INFORMATION_SUPPLIED", additionalData={**rfi, "disputeStatus": "Pending"})
    ended = case("DISPUTE_DEFENSE_PERIOD_ENDED", additionalData={**rfi, "disputeStatus": "Expired"})
    accepted = case(
        "DISPUTE_DEFENSE_PERIOD_ENDED", additionalData={**rfi, "disputeStatus": "Accepted"}
    )
    assert (answered.stage, answered.standing) == (INQUIRY, REVIEW)
    assert (ended.stage, ended.standing) == (INQUIRY, WON)
    assert (accepted.stage, accepted.standing) == (INQUIRY, LOST)
    assert answered.reason == Reason.FRAUDULENT


def test_a_deadline_that_cannot_be_read_is_none() -> None:
    assert (
        case("CHARGEBACK", additionalData={"defensePeriodEndsAt": "soon"}).evidence_due_by is None
    )


@pytest.mark.parametrize(
    ("scheme", "code", "ours"),
    [
        ("visa", "10.4", Reason.FRAUDULENT),
        ("visa", "12.6.1", Reason.DUPLICATE),
        ("visa", "12.5", Reason.GENERAL),
        ("visa", "13.1", Reason.NOT_RECEIVED),
        ("visa", "13.2", Reason.SUBSCRIPTION_CANCELED),
        ("visa", "13.6", Reason.CREDIT_NOT_PROCESSED),
        ("mc", "4837", Reason.FRAUDULENT),
        ("mc", "4863", Reason.UNRECOGNIZED),
        ("mc", "10.4", Reason.GENERAL),
        ("amex", "F29", Reason.FRAUDULENT),
        ("amex", "c08", Reason.NOT_RECEIVED),
        ("discover", "RN2", Reason.CREDIT_NOT_PROCESSED),
        ("jcb", "502", Reason.GENERAL),
        ("", "", Reason.GENERAL),
    ],
)
def test_a_scheme_has_its_own_codes(scheme: str, code: str, ours: Reason) -> None:
    assert reason(scheme, code) == ours


def test_a_webhook_told_for_thirty_days_is_still_genuine() -> None:
    assert receive(signed(payload()), now=NOW + timedelta(days=30))
