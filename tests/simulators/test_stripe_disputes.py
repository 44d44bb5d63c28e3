"""Disputes at Stripe: what opens, decides and reopens them, and the money that goes to and fro."""

from __future__ import annotations

import io
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.simulators.sdk import StripeMerchant
from tests.simulators.test_stripe_refunds import charge_of, give_back, take

DAYS = 86400


def open_(merchant: StripeMerchant, payment: str, **how: Any) -> stripe.Dispute:
    take(merchant, payment)
    id_ = merchant.simulator.act("dispute", payment=payment, **how)["id"]
    return merchant.sdk.v1.disputes.retrieve(id_)


def read(merchant: StripeMerchant, dispute: stripe.Dispute) -> stripe.Dispute:
    return merchant.sdk.v1.disputes.retrieve(dispute.id)


def answer(merchant: StripeMerchant, dispute: stripe.Dispute, **changes: Any) -> stripe.Dispute:
    return merchant.sdk.v1.disputes.update(dispute.id, changes)  # type: ignore[arg-type]


def moved(merchant: StripeMerchant, payment: str) -> list[tuple[str, int]]:
    return [
        entry for entry in merchant.booked(payment) if entry[0] not in ("authorized", "captured")
    ]


TAKEN = [("disputed", 10_00), ("dispute_fee", 15_00)]
RETURNED = [("reinstated", 10_00), ("dispute_fee_returned", 15_00)]


@pytest.mark.parametrize(
    ("card", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "fraudulent", "warning_needs_response"),
    ],
)
def test_some_cards_dispute_what_is_taken_from_them(
    at_stripe: StripeMerchant, new: Callable[[str], str], card: str, reason: str, status: str
) -> None:
    payment = new("pay")
    held = at_stripe.create(payment_method=card, metadata={"payment": payment})
    at_stripe.simulator.clock(advance=2)
    assert at_stripe.sdk.v1.disputes.list({"payment_intent": held.id}).data == []

    at_stripe.intents.capture(held.id)
    at_stripe.simulator.clock(advance=1)

    [dispute] = at_stripe.sdk.v1.disputes.list({"payment_intent": held.id}).data
    assert (dispute.reason, dispute.status, dispute.amount) == (reason, status, 10_00)
    assert moved(at_stripe, payment) == (TAKEN if status == "needs_response" else [])
    assert charge_of(at_stripe, held.id).disputed


def test_a_chargeback_withdraws_the_amount_and_a_fee(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    dispute = open_(at_stripe, payment)

    assert moved(at_stripe, payment) == TAKEN
    [withdrawn] = dispute.balance_transactions
    assert (withdrawn.amount, withdrawn.fee, withdrawn.net) == (-10_00, 15_00, -25_00)
    assert withdrawn.reporting_category == "dispute"
    assert dispute.evidence_details.due_by == dispute.created + 10 * DAYS
    assert (dispute.network_reason_code, dispute.is_charge_refundable) == ("10.4", False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        give_back(at_stripe, str(dispute.payment_intent))
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("currency", "units", "fee"),
    [("jpy", 5000, 1500), ("kwd", 50_000, 5_000), ("sek", 500_00, 0), ("isk", 1500_00, 0)],
)
def test_the_fee_depends_on_the_currency(
    at_stripe: StripeMerchant, new: Callable[[str], str], currency: str, units: int, fee: int
) -> None:
    payment = new("pay")
    take(at_stripe, payment, amount=units, currency=currency)
    at_stripe.simulator.act("dispute", payment=payment)

    assert dict(moved(at_stripe, payment)).get("dispute_fee", 0) == fee


def test_a_part_can_be_disputed_for_any_reason(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    dispute = open_(at_stripe, payment, amount=4_00, reason="duplicate")

    assert (dispute.amount, dispute.reason, dispute.network_reason_code) == (
        4_00,
        "duplicate",
        "12.6.1",
    )
    assert moved(at_stripe, payment)[0] == ("disputed", 4_00)


@pytest.mark.parametrize(
    "how", [{"amount": 10_01}, {"reason": "spite"}, {"kind": "duel"}, {"payment": "pay_nobodys"}]
)
def test_what_cannot_be_disputed_is_not(
    at_stripe: StripeMerchant, new: Callable[[str], str], how: dict[str, Any]
) -> None:
    payment = new("pay")
    take(at_stripe, payment)

    with pytest.raises(urllib.error.HTTPError) as refused:
        at_stripe.simulator.act("dispute", **{"payment": payment, **how})

    refused.value.close()
    assert moved(at_stripe, payment) == []


def test_a_payment_is_disputed_once(at_stripe: StripeMerchant, new: Callable[[str], str]) -> None:
    payment = new("pay")
    open_(at_stripe, payment)
    with pytest.raises(urllib.error.HTTPError) as refused:
        at_stripe.simulator.act("dispute", payment=payment)
    refused.value.close()


# ------------------------------------------------------------------------------------------ answers


def test_evidence_can_be_put_together_before_it_is_submitted(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    dispute = open_(at_stripe, new("pay"))
    receipt = io.BytesIO(b"%PDF-1.4 thanks")
    receipt.name = 'bill "of" May.pdf'
    file = at_stripe.sdk.v1.files.create({"purpose": "dispute_evidence", "file": receipt})

    staged = answer(at_stripe, dispute, evidence={"receipt": file.id}, submit=False)
    answer(at_stripe, dispute, evidence={"customer_name": "Ada", "service_date": "x"}, submit=False)
    answer(at_stripe, dispute, evidence={"service_date": ""}, submit=False)
    assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)
    sent = answer(at_stripe, dispute, submit=True, metadata={"answer": "act_1"})

    assert (file.type, file.size, file.purpose) == ("pdf", 15, "dispute_evidence")
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert (sent.evidence.receipt, sent.evidence.customer_name) == (file.id, "Ada")
    assert sent.evidence.service_date is None
    assert sent.metadata.to_dict() == {"answer": "act_1"}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"evidence": {"receipt": "file_nobodys"}}, "evidence[receipt]"),
        ({"evidence": {"horoscope": "Leo"}}, "evidence[horoscope]"),
        ({"evidence": {"uncategorized_text": "x" * 20_001}}, "evidence"),
        ({"evidence": {"appeal": {"card": {"reason_for_filing": "no"}}}}, "evidence[appeal]"),
    ],
)
def test_evidence_that_stripe_does_not_take_is_refused(
    at_stripe: StripeMerchant, new: Callable[[str], str], changes: dict[str, Any], param: str
) -> None:
    dispute = open_(at_stripe, new("pay"))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        answer(at_stripe, dispute, **changes)
    assert refused.value.param == param
    assert read(at_stripe, dispute).status == "needs_response"


@pytest.mark.parametrize("content", [b"MZ\x90", b"", b"%PDF" + b"x" * 5_000_000])
def test_a_file_that_is_no_document_is_refused(at_stripe: StripeMerchant, content: bytes) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        at_stripe.sdk.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(content)})
    assert refused.value.param == "file"


def test_a_file_is_uploaded_once_under_one_key(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    """Although the SDK writes another boundary into each try."""
    key: Any = {"idempotency_key": new("key")}
    once, again, other = (io.BytesIO(b"%PDF-" + version) for version in (b"1", b"1", b"2"))

    first = at_stripe.sdk.v1.files.create({"purpose": "dispute_evidence", "file": once}, {**key})
    second = at_stripe.sdk.v1.files.create({"purpose": "dispute_evidence", "file": again}, {**key})

    assert first.id == second.id
    with pytest.raises(stripe.IdempotencyError):
        at_stripe.sdk.v1.files.create({"purpose": "dispute_evidence", "file": other}, {**key})


@pytest.mark.parametrize(
    ("name", "text", "ends"),
    [
        ("uncategorized_text", "winning_evidence", "won"),
        ("product_description", "has winning_evidence in it", "won"),
        ("uncategorized_text", "losing_evidence", "lost"),
        ("uncategorized_text", "a good story", "lost"),
    ],
)
def test_the_bank_decides_by_the_words_after_thirty_days(
    at_stripe: StripeMerchant, new: Callable[[str], str], name: str, text: str, ends: str
) -> None:
    payment = new("pay")
    dispute = open_(at_stripe, payment)
    answer(at_stripe, dispute, evidence={name: text})

    at_stripe.simulator.clock(advance=29 * DAYS)
    assert read(at_stripe, dispute).status == "under_review"
    at_stripe.simulator.clock(advance=DAYS)

    ended = read(at_stripe, dispute)
    assert ended.status == ends
    assert moved(at_stripe, payment) == (TAKEN + RETURNED if ends == "won" else TAKEN)
    assert [moved.amount for moved in ended.balance_transactions] == (
        [-10_00, 10_00] if ends == "won" else [-10_00]
    )
    assert ended.is_charge_refundable is (ends == "won")


@pytest.mark.parametrize(("kind", "ends"), [("chargeback", "lost"), ("inquiry", "warning_closed")])
def test_silence_ends_it_when_the_time_is_over(
    at_stripe: StripeMerchant, new: Callable[[str], str], kind: str, ends: str
) -> None:
    dispute = open_(at_stripe, new("pay"), kind=kind)

    at_stripe.simulator.clock(advance=10 * DAYS - 60)
    assert read(at_stripe, dispute).status.endswith("needs_response")
    at_stripe.simulator.clock(advance=60)

    assert read(at_stripe, dispute).status == ends
    with pytest.raises(stripe.InvalidRequestError):
        answer(at_stripe, dispute, evidence={"uncategorized_text": "winning_evidence"})


def test_an_answer_in_time_is_not_overtaken_by_the_deadline(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    dispute = open_(at_stripe, new("pay"))
    at_stripe.simulator.clock(advance=9 * DAYS)
    answer(at_stripe, dispute, evidence={"uncategorized_text": "winning_evidence"})
    at_stripe.simulator.clock(advance=100 * DAYS)  # In one step.
    assert read(at_stripe, dispute).status == "won"


def test_giving_in_loses_and_cannot_be_said_twice(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    dispute = open_(at_stripe, payment)

    assert at_stripe.sdk.v1.disputes.close(dispute.id).status == "lost"

    with pytest.raises(stripe.InvalidRequestError):
        at_stripe.sdk.v1.disputes.close(dispute.id)
    at_stripe.simulator.clock(advance=100 * DAYS)
    assert moved(at_stripe, payment) == TAKEN


# ------------------------------------------------------------------------------ inquiries and appeals


def test_an_inquiry_holds_nothing_and_is_over_when_all_is_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    inquiry = open_(at_stripe, payment, kind="inquiry")
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert inquiry.is_charge_refundable
    assert inquiry.payment_method_details.card.case_type == "inquiry"

    give_back(at_stripe, str(inquiry.payment_intent), amount=4_00)
    assert read(at_stripe, inquiry).status == "warning_needs_response"
    give_back(at_stripe, str(inquiry.payment_intent))

    assert read(at_stripe, inquiry).status == "warning_closed"
    assert moved(at_stripe, payment) == [("refunded", 4_00), ("refunded", 6_00)]


def test_an_inquiry_cannot_be_given_in_to(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    inquiry = open_(at_stripe, new("pay"), kind="inquiry")
    with pytest.raises(stripe.InvalidRequestError):
        at_stripe.sdk.v1.disputes.close(inquiry.id)


@pytest.mark.parametrize(
    ("text", "ends"),
    [("we have shipped", "warning_closed"), ("escalate_inquiry_evidence", "needs_response")],
)
def test_an_answered_inquiry_is_closed_or_becomes_a_chargeback(
    at_stripe: StripeMerchant, new: Callable[[str], str], text: str, ends: str
) -> None:
    payment = new("pay")
    inquiry = open_(at_stripe, payment, kind="inquiry")

    sent = answer(at_stripe, inquiry, evidence={"uncategorized_text": text})
    assert sent.status == "warning_under_review"
    at_stripe.simulator.clock(advance=30 * DAYS)

    assert read(at_stripe, inquiry).status == ends
    assert moved(at_stripe, payment) == (TAKEN if ends == "needs_response" else [])


def test_an_inquiry_that_escalates_takes_what_was_not_given_back(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    inquiry = open_(at_stripe, payment, kind="inquiry")
    give_back(at_stripe, str(inquiry.payment_intent), amount=4_00)

    at_stripe.simulator.act("escalate", dispute=inquiry.id)

    chargeback = read(at_stripe, inquiry)
    assert (chargeback.status, chargeback.amount) == ("needs_response", 6_00)
    assert moved(at_stripe, payment) == [
        ("refunded", 4_00),
        ("disputed", 6_00),
        ("dispute_fee", 15_00),
    ]


def test_what_was_won_can_be_taken_up_again_and_appealed(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    dispute = open_(at_stripe, payment)
    at_stripe.simulator.act("decide", dispute=dispute.id, outcome="won")
    at_stripe.simulator.act("escalate", dispute=dispute.id)
    again = read(at_stripe, dispute)
    assert (again.status, len(again.balance_transactions)) == ("appeal_needs_response", 3)

    with pytest.raises(stripe.InvalidRequestError, match="appeal stage"):
        answer(at_stripe, dispute, evidence={"uncategorized_text": "winning_evidence"})
    letter = at_stripe.sdk.v1.files.create(
        {"purpose": "dispute_evidence", "file": io.BytesIO(b"%PDF-1.4")}
    )
    filed = {"reason_for_filing": "winning_evidence", "supporting_files": [letter.id]}
    sent = answer(at_stripe, dispute, evidence={"appeal": {"card": filed}})
    assert sent.status == "appeal_under_review"
    assert sent.evidence.appeal is not None
    assert sent.evidence.appeal.card is not None
    assert sent.evidence.appeal.card.supporting_files == [letter.id]
    at_stripe.simulator.clock(advance=30 * DAYS)

    assert read(at_stripe, dispute).status == "won"
    assert moved(at_stripe, payment) == (TAKEN + RETURNED) * 2


# --------------------------------------------------------------------------------------- the control room


def test_the_control_room_shows_and_decides(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    payment, simulator = new("pay"), at_stripe.simulator
    dispute = open_(at_stripe, payment)

    [shown] = [d for d in simulator.disputes() if d["payment"] == payment]
    assert (shown["id"], shown["status"], shown["round"]) == (dispute.id, "needs_response", 1)
    assert (shown["amount"], shown["currency"]) == (10_00, "USD")
    simulator.act("decide", dispute=dispute.id, outcome="lost")
    for act in ({"act": "decide", "outcome": "won"}, {"act": "escalate"}, {"act": "juggle"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            simulator.act(**act, dispute=dispute.id)
        refused.value.close()
    assert moved(at_stripe, payment) == TAKEN


def test_disputes_are_listed_by_when_they_were_opened(
    at_stripe: StripeMerchant, new: Callable[[str], str]
) -> None:
    at_stripe.simulator.clock(advance=DAYS)
    first, *rest = [open_(at_stripe, new("pay")) for _ in range(4)]
    at_stripe.simulator.clock(advance=DAYS)
    last = open_(at_stripe, new("pay"))

    page = at_stripe.sdk.v1.disputes.list({"created": {"gte": first.created}, "limit": 2})
    found = [dispute.id for dispute in page.auto_paging_iter()]

    assert found == [dispute.id for dispute in (last, *reversed(rest), first)]
    later = at_stripe.sdk.v1.disputes.list({"created": {"gte": last.created}})
    assert [dispute.id for dispute in later.data] == [last.id]
