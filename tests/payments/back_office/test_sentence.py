"""What happened to a payment, in words that support can read out: one sentence for each way that it can go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kernel.ids import uuid7
from paygate.fx.conversion import Conversion, Part
from paygate.payments.back_office.sentence import sentence
from paygate.payments.back_office.words import REASONS
from paygate.payments.models import Attempt, Operation, Payment, Refund, Result, State
from paygate.psp.gateway import DeclineCode

NOW = datetime(2026, 11, 25, 14, 4, tzinfo=UTC)
AT = datetime(2026, 11, 25, 14, 2, tzinfo=UTC)
YESTERDAY = AT - timedelta(days=1)
MERCHANT = uuid7()


def paid(state, **columns):
    return Payment(
        **{
            "merchant_id": MERCHANT,
            "livemode": True,
            "state": state,
            "amount": 2495,
            "currency": "EUR",
            "capture_method": "automatic",
            "psp": "stripe",
            "risk": {},
            "created_at": AT,
            "updated_at": AT,
        }
        | columns
    )


def attempt(operation, outcome, **columns):
    open_ = outcome in ("", Result.UNKNOWN, Result.PENDING)
    return Attempt(
        **{
            "merchant_id": MERCHANT,
            "operation": operation,
            "outcome": outcome,
            "psp": "stripe",
            "amount": 2495,
            "started_at": AT,
            "taken_at": AT,
            "finished_at": None if open_ else AT,
        }
        | columns
    )


def refunded(state, amount, **columns):
    return Refund(
        **{
            "merchant_id": MERCHANT,
            "state": state,
            "amount": amount,
            "currency": "EUR",
            "psp": "stripe",
            "created_at": AT,
            "updated_at": AT,
        }
        | columns
    )


def told(payment, *attempts, refunds=()):
    return sentence(payment, attempts, refunds, now=NOW)


APPROVED = attempt(Operation.AUTHORIZE, Result.APPROVED)


def test_one_that_was_only_created():
    said = told(paid(State.CREATED))
    assert said == "Created at 14:02 UTC; no PSP was asked yet and nothing was charged."


def test_one_that_waits_for_a_person():
    said = told(paid(State.IN_REVIEW))
    assert said == "Held for review at 14:02 UTC; no PSP was asked and nothing was charged."


# ------------------------------------------------------------------------------------- on its way


def test_one_that_nobody_has_sent_yet():
    waits = attempt(Operation.AUTHORIZE, "", taken_at=None)
    assert told(paid(State.PROCESSING), waits) == (
        "A request to Stripe waits to be sent since 14:02 UTC: for 24.95 EUR; nobody was charged by it yet."
    )


def test_one_whose_answer_is_awaited():
    assert told(paid(State.PROCESSING), attempt(Operation.AUTHORIZE, "")) == (
        "We asked Stripe at 14:02 UTC for 24.95 EUR and wait for the answer; nobody is charged twice."
    )


def test_one_that_nobody_knows_of_says_when_it_is_looked_up_next():
    unknown = attempt(Operation.AUTHORIZE, Result.UNKNOWN, next_look_at=AT + timedelta(minutes=3))
    assert told(paid(State.PROCESSING), unknown) == (
        "We asked Stripe at 14:02 UTC for 24.95 EUR and do not know yet;"
        " the next look-up is at 14:05 UTC; nobody is charged twice."
    )


def test_a_look_up_that_is_due_is_due_now():
    unknown = attempt(Operation.AUTHORIZE, Result.UNKNOWN, next_look_at=AT)
    assert "; the next look-up is due now; " in told(paid(State.PROCESSING), unknown)


def test_one_that_the_psp_decides_on_later():
    pending = attempt(Operation.AUTHORIZE, Result.PENDING, next_look_at=AT + timedelta(days=1))
    assert told(paid(State.PROCESSING), pending) == (
        "We asked Stripe at 14:02 UTC for 24.95 EUR; it will decide later;"
        " the next look-up is on 2026-11-26 at 14:02 UTC; nobody is charged twice."
    )


@pytest.mark.parametrize(
    ("operation", "wish"),
    [
        (Operation.CONFIRM, "how the customer's 3-D Secure for 24.95 EUR ended"),
        (Operation.CAPTURE, "to take 24.95 EUR of what is held"),
        (Operation.CANCEL, "to let go of 24.95 EUR"),
        (Operation.EXPIRE, "to let go of what is held, its time being up"),
    ],
)
def test_what_was_asked_for_is_said(operation, wish):
    unknown = attempt(operation, Result.UNKNOWN)
    assert f"We asked Stripe at 14:02 UTC {wish} and do not know yet; " in told(
        paid(State.PROCESSING), APPROVED, unknown
    )


def test_what_was_captured_before_a_later_capture_is_not_forgotten():
    later = attempt(Operation.CAPTURE, Result.UNKNOWN, amount=1000)
    payment = paid(State.PROCESSING, amount_authorized=2495, amount_captured=1495)
    assert told(payment, APPROVED, later).endswith(" 14.95 EUR was captured before.")


def test_one_that_is_settled_while_it_is_read():
    assert told(paid(State.PROCESSING), APPROVED) == (
        "It is being worked on just now; look again in a moment."
    )


def test_three_d_secure_waits_for_the_customer():
    payment = paid(State.REQUIRES_ACTION, expires_at=AT + timedelta(days=1))
    assert told(payment, attempt(Operation.AUTHORIZE, Result.ACTION_REQUIRED)) == (
        "The bank asked the customer at 14:02 UTC to confirm 24.95 EUR (3-D Secure);"
        " nothing is charged unless that is done by 2026-11-26 at 14:02 UTC."
    )


# ------------------------------------------------------------------------------------ held and taken


def test_what_is_held_and_until_when():
    payment = paid(State.AUTHORIZED, amount_authorized=2495, expires_at=AT + timedelta(days=7))
    assert told(payment, APPROVED) == (
        "24.95 EUR is held on the card since 14:02 UTC and not taken;"
        " it lapses on 2026-12-02 at 14:02 UTC unless it is captured."
    )


def test_a_capture_that_was_refused_leaves_it_held():
    refused = attempt(Operation.CAPTURE, Result.DECLINED, decline_code=DeclineCode.INVALID_STATE)
    said = told(paid(State.AUTHORIZED, amount_authorized=2495), APPROVED, refused)
    assert said.endswith(
        " Stripe refused the last capture at 14:02 UTC: it was captured, canceled or had lapsed"
        " already; nothing changed by it."
    )


def test_a_capture_that_was_not_carried_out_may_be_tried_again():
    not_sent = attempt(Operation.CAPTURE, Result.NOT_SENT)
    said = told(paid(State.AUTHORIZED, amount_authorized=2495), APPROVED, not_sent)
    assert said.endswith(
        " The last capture (at 14:02 UTC) was not carried out, and may be tried again."
    )


def test_a_part_that_was_captured():
    payment = paid(
        State.PARTIALLY_CAPTURED,
        amount_authorized=2495,
        amount_captured=1000,
        capture_method="manual",
        expires_at=AT + timedelta(hours=1),
    )
    taken = attempt(Operation.CAPTURE, Result.APPROVED, amount=1000)
    assert told(payment, APPROVED, taken) == (
        "Captured 10.00 EUR of 24.95 EUR at 14:02 UTC; 14.95 EUR is still held on the card;"
        " it lapses at 15:02 UTC unless it is captured."
    )


def captured(**columns):
    return paid(State.CAPTURED, amount_authorized=2495, amount_captured=2495, **columns)


def test_what_was_captured_on_another_day_says_the_day():
    earlier = attempt(Operation.AUTHORIZE, Result.APPROVED, finished_at=YESTERDAY)
    assert told(captured(), earlier) == "Captured 24.95 EUR on 2026-11-24 at 14:02 UTC."


def test_a_final_capture_of_a_part_let_the_rest_go():
    payment = paid(State.CAPTURED, amount_authorized=2495, amount_captured=1000)
    assert told(payment, APPROVED) == (
        "Captured 10.00 EUR at 14:02 UTC of 24.95 EUR asked for; the rest was let go."
    )


def test_what_is_on_its_way_back():
    payment = captured(amount_refund_pending=2240)
    assert told(payment, APPROVED, refunds=[refunded("pending", 2240)]) == (
        "Captured 24.95 EUR at 14:02 UTC; 22.40 EUR is on its way back."
    )


def test_a_refund_that_nobody_knows_of_is_not_given_back_twice():
    unknown = attempt(
        Operation.REFUND, Result.UNKNOWN, amount=2240, next_look_at=AT + timedelta(minutes=3)
    )
    payment = captured(amount_refund_pending=2240)
    assert told(payment, APPROVED, unknown, refunds=[refunded("pending", 2240)]) == (
        "Captured 24.95 EUR at 14:02 UTC; 22.40 EUR is on its way back (we asked Stripe at 14:02 UTC and do not"
        " know yet; the next look-up is at 14:05 UTC; it is not given back twice)."
    )


def test_what_was_given_back():
    payment = captured(amount_refunded=2240)
    assert told(payment, APPROVED, refunds=[refunded("succeeded", 2240)]) == (
        "Captured 24.95 EUR at 14:02 UTC; 22.40 EUR was given back at 14:02 UTC."
    )


def test_all_that_was_given_back():
    payment = captured(amount_refunded=2495)
    said = told(payment, APPROVED, refunds=[refunded("succeeded", 2495)])
    assert said.endswith("; all of it was given back at 14:02 UTC.")


def test_a_refund_that_failed_says_why():
    failed = refunded("failed", 2240, failure_message="The account is closed.")
    assert told(captured(), APPROVED, refunds=[failed]) == (
        "Captured 24.95 EUR at 14:02 UTC; a refund of 22.40 EUR failed at 14:02 UTC (The account is closed),"
        " so that was not given back."
    )


def test_what_the_customer_disputed():
    assert told(captured(amount_disputed=2495), APPROVED) == (
        "Captured 24.95 EUR at 14:02 UTC; the customer disputed 24.95 EUR, which the bank took back."
    )


def test_what_was_converted_for_the_merchant():
    conversion = Conversion(
        "USD",
        Decimal("1.0662"),
        Decimal("1.0700"),
        parts={"payment.captured:att_1": Part(2420, 2580, 2589)},
    )
    said = told(captured(conversion=conversion.as_json()), APPROVED)
    assert said.endswith(" For the merchant it is converted into USD at 1.0662: 25.80 USD so far.")


# --------------------------------------------------------------------------------------------- over


def test_one_that_the_bank_declined():
    declined = attempt(
        Operation.AUTHORIZE, Result.DECLINED, decline_code=DeclineCode.INSUFFICIENT_FUNDS
    )
    assert told(paid(State.FAILED), declined) == (
        "Declined by the bank at 14:02 UTC: insufficient funds; nothing was charged."
    )


def test_one_that_the_psp_refused():
    refused = attempt(
        Operation.AUTHORIZE, Result.DECLINED, decline_code=DeclineCode.CURRENCY_NOT_SUPPORTED
    )
    assert told(paid(State.FAILED), refused) == (
        "Refused by Stripe at 14:02 UTC: the card cannot be charged in this currency; nothing was charged."
    )


def test_three_d_secure_that_was_not_passed():
    asked = attempt(Operation.AUTHORIZE, Result.ACTION_REQUIRED)
    failed = attempt(
        Operation.CONFIRM, Result.DECLINED, decline_code=DeclineCode.AUTHENTICATION_FAILED
    )
    assert told(paid(State.FAILED), asked, failed) == (
        "Declined by the bank at 14:02 UTC: the customer did not pass 3-D Secure; nothing was charged."
    )


@pytest.mark.parametrize(
    "code", [DeclineCode.LOST_CARD, DeclineCode.STOLEN_CARD, DeclineCode.FRAUDULENT]
)
def test_whoever_holds_a_card_is_not_told_that_it_is_reported(code):
    said = told(
        paid(State.FAILED), attempt(Operation.AUTHORIZE, Result.DECLINED, decline_code=code)
    )
    assert "the bank does not allow it on this card" in said
    assert not {"lost", "stolen", "fraud"} & set(said.lower().replace(":", " ").split())


def test_every_decline_code_has_words():
    assert set(REASONS) == set(DeclineCode)


def test_one_that_never_reached_the_psp():
    assert told(paid(State.FAILED), attempt(Operation.AUTHORIZE, Result.NOT_SENT)) == (
        "Stripe was not reached at 14:02 UTC, so the payment was not made; nothing was charged,"
        " and it may be tried again."
    )


def test_one_that_our_rules_stopped():
    assert told(paid(State.FAILED)) == (
        "Stopped by our risk rules at 14:02 UTC, before any PSP was asked; nothing was charged."
    )


def test_a_capture_that_the_psp_took_back():
    payment = paid(State.FAILED, updated_at=NOW, amount_authorized=2495)
    assert told(payment, APPROVED) == (
        "Stripe reported 24.95 EUR as captured at 14:02 UTC and took that back at 14:04 UTC:"
        " nothing was charged in the end."
    )


def test_what_was_held_and_let_go():
    payment = paid(State.CANCELED, amount_authorized=2495)
    assert told(payment, APPROVED, attempt(Operation.CANCEL, Result.APPROVED)) == (
        "Canceled at 14:02 UTC: the 24.95 EUR held on the card was let go; nothing was charged."
    )


def test_one_that_was_canceled_before_the_customer_had_confirmed_it():
    asked = attempt(Operation.AUTHORIZE, Result.ACTION_REQUIRED)
    assert told(paid(State.CANCELED), asked, attempt(Operation.CANCEL, Result.APPROVED)) == (
        "Canceled at 14:02 UTC, before the customer had confirmed it; nothing was charged and nothing is held."
    )


def test_what_lapsed():
    payment = paid(State.EXPIRED, amount_authorized=2495)
    assert told(payment, APPROVED, attempt(Operation.EXPIRE, Result.APPROVED)) == (
        "The 24.95 EUR held on the card was not captured in time and lapsed at 14:02 UTC; nothing was charged."
    )


def test_three_d_secure_that_nobody_finished():
    asked = attempt(Operation.AUTHORIZE, Result.ACTION_REQUIRED)
    assert told(paid(State.EXPIRED), asked, attempt(Operation.EXPIRE, Result.APPROVED)) == (
        "The customer did not confirm it in time (3-D Secure), and it lapsed at 14:02 UTC; nothing was charged."
    )


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("outcome", ["", *Result])
@pytest.mark.parametrize("operation", list(Operation))
def test_there_is_a_sentence_for_whatever_comes_together(state, outcome, operation):
    said = told(paid(state, amount_authorized=2495), attempt(operation, outcome), APPROVED)
    assert said.endswith(".")
    assert ".." not in said
