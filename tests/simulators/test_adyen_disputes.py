"""Disputes at Adyen through its SDK: what can be done about them, and what they do to the money."""

from __future__ import annotations

from collections.abc import Callable
from urllib.error import HTTPError

import pytest

from tests.simulators.adyen_desk import ACCOUNT, Desk
from tests.simulators.sdk import AdyenMerchant

FRAUD, NOT_RECEIVED = "fraudulent", "product_not_received"


@pytest.fixture
def disputed(at_adyen: AdyenMerchant, new: Callable[[str], str]) -> Callable[..., Desk]:
    return lambda **how: Desk(at_adyen, new("pay"), **how)


def test_the_holder_of_a_disputed_card_disputes_what_was_taken_a_moment_later(
    at_adyen: AdyenMerchant, new: Callable[[str], str]
) -> None:
    payment = new("pay")
    psp = at_adyen.hold(payment, key=new("key"), card="disputed").reference
    at_adyen.simulator.clock(advance=3)
    assert at_adyen.booked(payment) == [("authorized", 10_00)]

    body = {"merchantAccount": ACCOUNT, "amount": {"value": 4_00, "currency": "USD"}}
    at_adyen.modifications.capture_authorised_payment(body, psp)
    at_adyen.simulator.clock(advance=3)
    at_adyen.modifications.capture_authorised_payment(body, psp)
    at_adyen.simulator.clock(advance=3)

    booked = at_adyen.booked(payment)
    assert [entry for entry in booked if entry[0] == "disputed"] == [("disputed", 4_00)]
    [dispute] = [d for d in at_adyen.simulator.disputes() if d["payment"] == payment]
    assert (dispute["amount"], dispute["currency"], dispute["reason"]) == (4_00, "USD", "10.4")


def test_a_dispute_is_over_what_is_left_and_no_more(
    at_adyen: AdyenMerchant, disputed: Callable[..., Desk]
) -> None:
    with pytest.raises(HTTPError):
        disputed(amount=10_01)
    partly = disputed(amount=3_00)
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("dispute", payment=partly.payment, amount=7_01)

    at_adyen.simulator.act("dispute", payment=partly.payment)

    taken = [minor for kind, minor in at_adyen.booked(partly.payment) if kind == "disputed"]
    assert taken == [3_00, 7_00]


@pytest.mark.parametrize(
    ("content", "status", "moved"),
    [
        (b"%PDF winning_evidence", "Won", ["disputed", "reinstated"]),
        (b"%PDF nothing", "Lost", ["disputed"]),
    ],
)
def test_visa_decides_on_a_fraud_before_it_gives_money_back(
    disputed: Callable[..., Desk], content: bytes, status: str, moved: list[str]
) -> None:
    desk = disputed(reason=FRAUD)
    desk.defend(content)
    desk.wait(29)
    assert (desk.stands(), desk.moved()) == (("Pending", 1), ["disputed"])

    desk.wait(1)

    assert (desk.stands(), desk.moved()) == ((status, 1), moved)


@pytest.mark.parametrize("how", [{"reason": NOT_RECEIVED}, {"card": "mastercard_ok"}])
@pytest.mark.parametrize(
    ("content", "status", "more"),
    [(b"%PDF winning_evidence", "Won", []), (b"%PDF nothing", "Lost", ["disputed"])],
)
def test_elsewhere_the_money_comes_back_at_once_and_may_go_again(
    disputed: Callable[..., Desk],
    how: dict[str, str],
    content: bytes,
    status: str,
    more: list[str],
) -> None:
    desk = disputed(**how)
    desk.defend(content)
    desk.wait(1)
    assert (desk.stands(), desk.moved()) == (("Pending", 1), ["disputed", "reinstated"])

    desk.wait(30)

    assert (desk.stands(), desk.moved()) == ((status, 1), ["disputed", "reinstated", *more])


def test_what_nobody_defends_in_ten_days_is_lost(disputed: Callable[..., Desk]) -> None:
    desk = disputed()
    desk.wait(9.9)
    assert desk.stands() == ("Undefended", 1)
    desk.wait(0.2)

    assert (desk.stands(), desk.moved()) == (("Lost", 1), ["disputed"])
    assert desk.refused("accept_dispute") == "Dispute is not defendable"


def test_an_inquiry_takes_no_money_and_ends_by_itself(disputed: Callable[..., Desk]) -> None:
    unanswered, answered, won = (disputed(kind="inquiry") for _ in range(3))
    answered.defend(b"%PDF nothing")
    won.defend(b"%PDF winning_evidence")
    unanswered.wait(10.1)
    assert (unanswered.stands(), unanswered.moved()) == (("Expired", 1), [])
    unanswered.wait(30)

    assert (won.stands(), won.moved()) == (("Won", 1), [])
    assert (answered.stands(), answered.moved()) == (("Undefended", 2), ["disputed"])


def test_an_inquiry_becomes_a_chargeback_and_what_was_won_is_taken_up_again(
    at_adyen: AdyenMerchant, disputed: Callable[..., Desk]
) -> None:
    inquiry, chargeback = disputed(kind="inquiry"), disputed()

    assert at_adyen.simulator.act("escalate", dispute=inquiry.case)["id"] == inquiry.case
    with pytest.raises(HTTPError):
        at_adyen.simulator.act("escalate", dispute=chargeback.case)
    at_adyen.simulator.act("decide", dispute=chargeback.case, outcome="won")
    at_adyen.simulator.act("escalate", dispute=chargeback.case)

    assert (inquiry.stands(), inquiry.moved()) == (("Undefended", 2), ["disputed"])
    assert chargeback.stands() == ("Lost", 2)
    assert chargeback.moved() == ["disputed", "reinstated", "disputed"]
    for act in ("escalate", "decide"):
        with pytest.raises(HTTPError):
            at_adyen.simulator.act(act, dispute=chargeback.case, outcome="won")


def test_nothing_is_given_back_while_a_chargeback_is_open(
    at_adyen: AdyenMerchant, disputed: Callable[..., Desk]
) -> None:
    def refund(desk: Desk) -> bool:
        body = {"merchantAccount": ACCOUNT, "amount": {"value": 10_00, "currency": "USD"}}
        at_adyen.modifications.refund_captured_payment(body, desk.psp)
        at_adyen.simulator.clock(advance=2)
        return ("refunded", 10_00) in at_adyen.booked(desk.payment)

    chargeback, inquiry, back_for_now = (
        disputed(),
        disputed(kind="inquiry"),
        disputed(reason=NOT_RECEIVED),
    )
    back_for_now.defend(b"%PDF any")
    at_adyen.simulator.clock(advance=2)
    assert back_for_now.moved() == ["disputed", "reinstated"]

    assert not refund(chargeback)
    assert not refund(back_for_now)  # The bank may yet take it again.
    assert refund(inquiry)
    at_adyen.simulator.act("decide", dispute=chargeback.case, outcome="won")
    assert refund(chargeback)


# --------------------------------------------------------------------------------- DisputeService


def test_a_defence_needs_the_documents_that_it_says_it_needs(
    disputed: Callable[..., Desk],
) -> None:
    desk = disputed(reason=NOT_RECEIVED)
    reasons = desk.ask("retrieve_applicable_defense_reasons")["defenseReasons"]
    by_code = {reason["defenseReasonCode"]: reason for reason in reasons}
    assert not by_code["MerchandiseReceived"]["satisfied"]
    desk.supply("DateMerchandiseShipped", b"%PDF monday")
    code = "MerchandiseReceived"
    assert "missing" in desk.refused("defend_dispute", defenseReasonCode=code)

    desk.supply("ProofOfGoodsOrServicesProvided", b"%PDF signed")

    [now] = [
        reason
        for reason in desk.ask("retrieve_applicable_defense_reasons")["defenseReasons"]
        if reason["defenseReasonCode"] == code
    ]
    assert now["satisfied"]
    assert all(type_["available"] for type_ in now["defenseDocumentTypes"])
    assert desk.ask("defend_dispute", defenseReasonCode=code)["disputeServiceResult"]["success"]


def test_a_document_that_was_deleted_or_replaced_does_not_count(
    disputed: Callable[..., Desk],
) -> None:
    desk = disputed(reason=NOT_RECEIVED)
    type_ = "ProofOfGoodsOrServicesProvided"
    desk.supply(type_, b"%PDF winning_evidence")
    desk.ask("delete_dispute_defense_document", defenseDocumentType=type_)
    refused = desk.refused("delete_dispute_defense_document", defenseDocumentType=type_)
    assert refused == "Defense document not found"
    desk.supply(type_, b"%PDF winning_evidence")
    desk.supply(type_, b"%PDF another")
    desk.ask("defend_dispute", defenseReasonCode="ServicesProvided")
    desk.wait(31)

    assert desk.stands() == ("Lost", 1)


@pytest.mark.parametrize(
    ("type_", "content", "media", "why"),
    [
        ("Selfie", b"%PDF", "application/pdf", "Invalid defense document type"),
        ("DefenseMaterial", b"<html>", "text/html", "Invalid content type"),
        ("DefenseMaterial", b"", "application/pdf", "Invalid file size"),
        ("DefenseMaterial", b"%" * (2 * 1024 * 1024 + 1), "application/pdf", "Invalid file size"),
    ],
)
def test_a_document_that_adyen_would_not_take_is_not_taken(
    disputed: Callable[..., Desk], type_: str, content: bytes, media: str, why: str
) -> None:
    said = disputed().supply(type_, content, media)
    assert said["disputeServiceResult"] == {"success": False, "errorMessage": why}


def test_a_document_of_the_largest_size_is_taken(disputed: Callable[..., Desk]) -> None:
    said = disputed().supply("DefenseMaterial", b"%" * 2 * 1024 * 1024)
    assert said["disputeServiceResult"] == {"success": True}


def test_what_is_answered_is_answered_for_good(disputed: Callable[..., Desk]) -> None:
    accepted, defended = disputed(), disputed()
    assert accepted.ask("accept_dispute") == {"disputeServiceResult": {"success": True}}
    defended.defend(b"%PDF any")

    assert accepted.refused("accept_dispute") == "Dispute already accepted"
    assert accepted.refused("retrieve_applicable_defense_reasons") == "Dispute already accepted"
    assert defended.refused("accept_dispute") == "Dispute already defended"
    assert (accepted.stands(), accepted.moved()) == (("Accepted", 1), ["disputed"])


def test_a_dispute_of_nobody_or_of_another_account_is_not_found(
    disputed: Callable[..., Desk],
) -> None:
    desk = disputed()
    assert desk.refused("accept_dispute", merchantAccountCode="Another") == "Dispute not found"
    assert desk.refused("accept_dispute", disputePspReference="NOBODYS") == "Dispute not found"
