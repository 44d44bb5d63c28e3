"""What the simulated Adyen tells: which event for what, item by item, signed as its SDK verifies it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from Adyen.util import is_valid_hmac_notification

from tests.simulators.adyen_desk import DAYS, Desk
from tests.simulators.listener import Listener, listener
from tests.simulators.sdk import AdyenMerchant

KEY = "50415947415445" * 4 + "50415947"
ACCOUNT = {"merchantAccount": "PaygateECOM"}


class Ears:
    """What is heard of one payment after the other."""

    def __init__(self, heard: Listener) -> None:
        self.heard = heard

    def envelopes(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.heard.bodies]

    def items(self, psp: str) -> list[dict[str, Any]]:
        """All items about the payment, in the order in which they say that it was."""
        items = [
            entry["NotificationRequestItem"]
            for envelope in self.envelopes()
            # Messages of the balance platform have none: transfers of other tests move when time passes here.
            for entry in envelope.get("notificationItems", ())
        ]
        about = [
            item for item in items if psp in (item["pspReference"], item.get("originalReference"))
        ]
        return sorted(about, key=lambda item: str(item["eventDate"]))

    def hear(self, psp: str, *events: str) -> list[dict[str, Any]]:
        """The items of the payment, once there are as many; fails when they are of other events."""
        self.heard.wait(lambda: len(self.items(psp)) >= len(events))
        items = self.items(psp)
        assert sorted(item["eventCode"] for item in items) == sorted(events)
        return items

    def hear_of(self, psp: str, event: str) -> dict[str, Any]:
        """The one item of this event."""
        self.heard.wait(lambda: event in {item["eventCode"] for item in self.items(psp)})
        [item] = [item for item in self.items(psp) if item["eventCode"] == event]
        return item


@pytest.fixture
def ears(at_adyen: AdyenMerchant) -> Iterator[Ears]:
    with listener() as heard:
        at_adyen.simulator.webhooks(url=heard.url)
        yield Ears(heard)
        at_adyen.simulator.webhooks(url="")


def about(item: dict[str, Any]) -> tuple[str, str, str]:
    """Our reference, whether it succeeded and why not."""
    return item["merchantReference"], item["success"], item["reason"]


def take(at: AdyenMerchant, payment: str, card: str = "visa_ok") -> str:
    method = {"type": "scheme", "storedPaymentMethodId": card}
    said = at.pay(reference=payment, paymentMethod=method, additionalData=None, captureDelayHours=0)
    return str(said["pspReference"])


# -------------------------------------------------------------------------------------- what is told


def test_an_authorisation_is_told_whether_or_not_it_was_given(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    held, declined = new("pay"), new("pay")
    yes = at_adyen.hold(held, key=new("key")).reference
    no = at_adyen.hold(declined, key=new("key"), card="insufficient_funds").reference

    [given] = ears.hear(yes, "AUTHORISATION")
    [refused] = ears.hear(no, "AUTHORISATION")

    assert about(given) == (held, "true", "063210:1111:03/2030")
    assert about(refused) == (declined, "false", "Not enough balance")
    assert (given["pspReference"], given["amount"]) == (yes, {"currency": "USD", "value": 10_00})
    assert "originalReference" not in given
    assert given["merchantAccountCode"] == "PaygateECOM"


def test_of_captures_those_that_were_asked_for_are_told_also_when_they_fail(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    by_itself = take(at_adyen, new("pay"))
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference
    made = []
    for value in (7_00, 4_00):
        body = {
            **ACCOUNT,
            "amount": {"value": value, "currency": "USD"},
            "reference": f"att_{value}",
        }
        made.append(
            at_adyen.modifications.capture_authorised_payment(body, psp).message["pspReference"]
        )

    items = ears.hear(psp, "AUTHORISATION", "CAPTURE", "CAPTURE")

    captures = {i["pspReference"]: about(i) for i in items if i["eventCode"] == "CAPTURE"}
    assert captures == {
        made[0]: ("att_700", "true", ""),
        made[1]: ("att_400", "false", "Insufficient balance on payment"),
    }
    ears.hear(by_itself, "AUTHORISATION")


def test_a_capture_that_fails_says_that_its_notification_succeeded(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key")).reference
    body = {**ACCOUNT, "amount": {"value": 7_00, "currency": "USD"}, "reference": "att_1"}
    capture = at_adyen.modifications.capture_authorised_payment(body, psp).message["pspReference"]
    at_adyen.simulator.act("fail_capture", payment=payment)
    at_adyen.simulator.act("recapture", payment=payment)

    items = ears.hear(psp, "AUTHORISATION", "CAPTURE", "CAPTURE_FAILED", "CAPTURE")

    told = {(i["eventCode"], *about(i)) for i in items if i["pspReference"] == capture}
    assert told == {
        ("CAPTURE", "att_1", "true", ""),
        ("CAPTURE_FAILED", "att_1", "true", "Capture Failed"),
        ("CAPTURE", "att_1", "true", "Transaction Recaptured"),
    }


def test_a_refund_is_told_when_it_is_made_refused_or_back_again(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = take(at_adyen, payment)
    for value in (6_00, 5_00):
        body = {
            **ACCOUNT,
            "amount": {"value": value, "currency": "USD"},
            "reference": f"re_{value}",
        }
        at_adyen.modifications.refund_captured_payment(body, psp)
    at_adyen.simulator.clock(advance=2)
    at_adyen.simulator.act("fail_refund", payment=payment)
    at_adyen.simulator.act("refund", payment=payment, amount=1_00)
    at_adyen.simulator.clock(advance=2)

    items = ears.hear(psp, "AUTHORISATION", "REFUND", "REFUND", "REFUND", "REFUND_FAILED")

    assert {(i["eventCode"], *about(i)) for i in items if "REFUND" in i["eventCode"]} == {
        ("REFUND", "re_600", "true", ""),
        ("REFUND", "re_500", "false", "Insufficient balance on payment"),
        ("REFUND_FAILED", "re_600", "true", "Refund Failed"),
        ("REFUND", payment, "true", ""),  # Made at the screen, it has no reference of ours.
    }


def test_what_is_let_go_is_told_by_the_way_it_was_asked_for(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    payments = [new("pay") for _ in range(5)]
    psps = [at_adyen.hold(payment, key=new("key")).reference for payment in payments]
    modifications = at_adyen.modifications
    cancel = {**ACCOUNT, "reference": "att_1"}
    modifications.cancel_authorised_payment_by_psp_reference(cancel, psps[0])
    modifications.cancel_authorised_payment({**cancel, "paymentReference": payments[1]})
    modifications.refund_or_cancel_payment(cancel, psps[2])
    at_adyen.simulator.act("cancel", payment=payments[3])
    at_adyen.simulator.clock(advance=28 * DAYS)

    events = ("CANCELLATION", "TECHNICAL_CANCEL", "CANCEL_OR_REFUND", "CANCELLATION", "EXPIRE")
    items = [ears.hear_of(psp, event) for psp, event in zip(psps, events, strict=True)]

    assert [about(item)[:2] for item in items] == [
        *[("att_1", "true")] * 3,
        (payments[3], "true"),
        (payments[4], "true"),
    ]
    assert items[2]["additionalData"]["modification.action"] == "cancel"
    assert "originalReference" not in items[4]


def test_what_was_taken_is_reversed_by_a_refund_and_cannot_be_let_go(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    psp = take(at_adyen, new("pay"))
    cancel = {**ACCOUNT, "reference": "att_1"}
    at_adyen.modifications.cancel_authorised_payment_by_psp_reference(cancel, psp)
    at_adyen.modifications.refund_or_cancel_payment(cancel, psp)
    at_adyen.simulator.clock(advance=2)

    assert ears.hear_of(psp, "CANCELLATION")["success"] == "false"
    reversal = ears.hear_of(psp, "CANCEL_OR_REFUND")
    assert reversal["success"] == "true"
    assert reversal["additionalData"]["modification.action"] == "refund"


@pytest.mark.parametrize(
    ("how", "outcome", "told"),
    [
        (
            {},
            "won",
            [
                ("NOTIFICATION_OF_CHARGEBACK", "Undefended"),
                ("CHARGEBACK", "Undefended"),
                ("CHARGEBACK_REVERSED", "Won"),
                ("SECOND_CHARGEBACK", "Lost"),
            ],
        ),
        (
            {},
            "lost",
            [
                ("NOTIFICATION_OF_CHARGEBACK", "Undefended"),
                ("CHARGEBACK", "Undefended"),
                ("DISPUTE_DEFENSE_PERIOD_ENDED", "Lost"),
            ],
        ),
        (
            {"kind": "inquiry"},
            "won",
            [
                ("REQUEST_FOR_INFORMATION", "Undefended"),
                ("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "Won"),
            ],
        ),
        (
            {"kind": "inquiry"},
            "lost",
            [
                ("REQUEST_FOR_INFORMATION", "Undefended"),
                ("NOTIFICATION_OF_CHARGEBACK", "Undefended"),
                ("CHARGEBACK", "Undefended"),
            ],
        ),
    ],
)
def test_a_dispute_is_told_step_by_step_each_a_second_later(
    at_adyen: AdyenMerchant,
    ears: Ears,
    new: Callable[[str], str],
    how: dict[str, str],
    outcome: str,
    told: list[tuple[str, str]],
) -> None:
    payment = new("pay")
    psp = take(at_adyen, payment)
    case = at_adyen.simulator.act("dispute", payment=payment, **how)["id"]
    at_adyen.simulator.act("decide", dispute=case, outcome=outcome)
    if told[-1][0] == "SECOND_CHARGEBACK":
        at_adyen.simulator.act("escalate", dispute=case)

    items = ears.hear(psp, "AUTHORISATION", *(event for event, _ in told))

    steps = [item for item in items if item["eventCode"] != "AUTHORISATION"]
    assert [(i["eventCode"], i["additionalData"]["disputeStatus"]) for i in steps] == told
    assert len({item["eventDate"] for item in steps}) == len(steps)
    assert {(i["pspReference"], i["merchantReference"]) for i in steps} == {(case, payment)}


@pytest.mark.parametrize(
    ("reason", "content", "told"),
    [
        ("fraudulent", b"winning_evidence", [("CHARGEBACK_REVERSED", "Won")]),
        ("fraudulent", b"nothing", [("PREARBITRATION_LOST", "Lost")]),
        (
            "product_not_received",
            b"winning_evidence",
            [("CHARGEBACK_REVERSED", "Pending"), ("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "Won")],
        ),
        (
            "product_not_received",
            b"nothing",
            [("CHARGEBACK_REVERSED", "Pending"), ("SECOND_CHARGEBACK", "Lost")],
        ),
    ],
)
def test_a_defence_is_told_and_what_comes_of_it(
    at_adyen: AdyenMerchant,
    ears: Ears,
    new: Callable[[str], str],
    reason: str,
    content: bytes,
    told: list[tuple[str, str]],
) -> None:
    desk = Desk(at_adyen, new("pay"), reason=reason)
    desk.defend(content)
    desk.wait(31)

    begun = ("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK", "INFORMATION_SUPPLIED")
    items = ears.hear(desk.psp, "AUTHORISATION", *begun, *(event for event, _ in told))

    steps = [i for i in items if i["eventCode"] not in ("AUTHORISATION", *begun[:2])]
    ended = [(i["eventCode"], i["additionalData"]["disputeStatus"]) for i in steps]
    assert ended == [("INFORMATION_SUPPLIED", "Pending"), *told]


def test_a_dispute_says_until_when_and_why_with_mastercards_space(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = take(at_adyen, payment, "mastercard_ok")
    at_adyen.simulator.clock(advance=400 * DAYS)  # However far it runs ahead.
    at_adyen.simulator.act("dispute", payment=payment, reason="product_unacceptable")

    said = ears.hear_of(psp, "CHARGEBACK")["additionalData"]

    assert (said["chargebackReasonCode"], said["chargebackSchemeCode"]) == (" 4853", "mc")
    assert said["modificationMerchantReferences"] == payment
    ends = datetime.fromisoformat(said["defensePeriodEndsAt"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=10)) < timedelta(minutes=1)


# ------------------------------------------------------------------------------------- how it is told


def test_every_item_is_signed_as_the_sdk_verifies_it(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = take(at_adyen, payment)
    at_adyen.simulator.act("dispute", payment=payment)

    for item in ears.hear(psp, "AUTHORISATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"):
        assert is_valid_hmac_notification(item, KEY)
    assert {envelope["live"] for envelope in ears.envelopes()} == {"false"}
    assert {headers["content-type"] for headers in ears.heard.headers} == {"application/json"}


def test_of_four_pairs_made_in_one_moment_one_shares_an_envelope(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    for _ in range(8):
        payment = new("pay")
        take(at_adyen, payment)
        at_adyen.simulator.act("dispute", payment=payment)  # Told by two items at once.

    def sizes() -> list[int]:
        return sorted(len(envelope["notificationItems"]) for envelope in ears.envelopes())

    ears.heard.wait(lambda: sum(sizes()) >= 24)

    assert sizes() == [1] * 20 + [2] * 2


@pytest.mark.parametrize("fault", ["forged", "stale", "lost", "duplicate"])
def test_faults_befall_a_notification_and_adyen_never_gives_it_up(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str], fault: str
) -> None:
    at_adyen.simulator.webhooks(next=[fault])
    psp = at_adyen.hold(new("pay"), key=new("key")).reference

    def genuine() -> list[bool]:
        return [is_valid_hmac_notification(item, KEY) for item in ears.items(psp)]

    ears.heard.wait(lambda: True in genuine() and len(genuine()) > (fault != "lost"))

    assert (False in genuine()) is (fault == "forged")
    assert True in genuine()


def test_of_a_forged_envelope_the_last_item_is_wrong(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    """The SDK's own check would let it through: it looks at the first."""
    at_adyen.simulator.webhooks(probabilities={"forged": 1.0})
    for _ in range(4):
        payment = new("pay")
        take(at_adyen, payment)
        at_adyen.simulator.act("dispute", payment=payment)

    def shared() -> list[list[bool]]:
        return [
            [
                is_valid_hmac_notification(entry["NotificationRequestItem"], KEY)
                for entry in envelope["notificationItems"]
            ]
            for envelope in ears.envelopes()
            if len(envelope["notificationItems"]) == 2
        ]

    ears.heard.wait(lambda: len(shared()) == 2)

    assert sorted(shared()) == [[True, False], [True, True]]


def test_what_is_not_acknowledged_is_told_again(
    at_adyen: AdyenMerchant, ears: Ears, new: Callable[[str], str]
) -> None:
    ears.heard.statuses = [500, 200]
    psp = at_adyen.hold(new("pay"), key=new("key")).reference

    ears.heard.wait(lambda: len(ears.items(psp)) == 2)

    first, again = ears.items(psp)
    assert again == first


def test_with_nobody_to_tell_nothing_is_told(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    before = at_adyen.simulator.told()["counts"]
    payment = new("pay")
    take(at_adyen, payment)
    at_adyen.simulator.act("dispute", payment=payment)

    assert at_adyen.simulator.told()["counts"] == before
