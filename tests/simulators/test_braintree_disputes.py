"""Braintree's disputes through its SDK: opened, answered, decided, taken up again; the books have the money."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import pytest

from simulators import run
from tests.simulators.sdk import BraintreeMerchant, braintree

DAY = 86400
By = braintree.DisputeSearch
New = Callable[[str], str]
Disputed = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[run.Simulator]:
    """One whose clock may run ahead."""
    with run.start("braintree", folder=tmp_path_factory.mktemp("books")) as started:
        yield started


@pytest.fixture
def at_braintree(ahead: run.Simulator) -> Iterator[BraintreeMerchant]:
    ahead.faults()
    merchant = BraintreeMerchant(ahead)
    yield merchant
    merchant.close()


@pytest.fixture
def disputed(at_braintree: BraintreeMerchant, new: New) -> Disputed:
    """A payment of ten dollars that is disputed, and its dispute."""

    def dispute(**how: Any) -> tuple[str, str]:
        payment = new("pay")
        at_braintree.sale(order_id=payment, options={"submit_for_settlement": True})
        return payment, at_braintree.simulator.act("dispute", payment=payment, **how)["id"]

    return dispute


def code(result: Any) -> str:
    """The one validation error of a result that failed."""
    assert not result.is_success
    (error,) = result.errors.deep_errors
    return str(error.code)


def moved(merchant: BraintreeMerchant, payment: str) -> list[tuple[str, int]]:
    """What the dispute moved."""
    return merchant.booked(payment)[2:]


def found(merchant: BraintreeMerchant, *terms: Any) -> list[str]:
    return [dispute.id for dispute in merchant.sdk.dispute.search(list(terms)).disputes.items]


class Named(io.BytesIO):
    """A file in memory as the SDK wants it."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def upload(merchant: BraintreeMerchant, content: bytes, name: str) -> Any:
    file = Named(content, name)
    return merchant.sdk.document_upload.create({"kind": "evidence_document", "file": file})


# ------------------------------------------------------------------------------------------ opening


def test_a_dispute_tells_what_it_is_about(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    payment, made = disputed(amount=4_00, reason="product_not_received")

    dispute = at_braintree.sdk.dispute.find(made)

    assert (dispute.kind, dispute.status) == ("chargeback", "open")
    assert (dispute.reason, dispute.reason_code) == ("product_not_received", "30")
    assert (dispute.amount_disputed, dispute.amount_won) == (Decimal("4.00"), Decimal("0.00"))
    assert (dispute.currency_iso_code, dispute.original_dispute_id) == ("USD", None)
    assert dispute.reply_by_date - dispute.received_date == timedelta(days=10)
    assert dispute.transaction.order_id == payment
    assert dispute.transaction.amount == Decimal("10.00")
    assert dispute.evidence == []
    sale = at_braintree.transactions.find(dispute.transaction.id)
    assert sale.status == "settled"
    assert moved(at_braintree, payment) == [("disputed", 4_00)]
    entry = at_braintree.simulator.books()["entries"][-1]
    assert (entry["reference"], entry["currency"]) == (made, "USD")
    with pytest.raises(braintree.exceptions.not_found_error.NotFoundError):
        at_braintree.sdk.dispute.find("nobodys")


@pytest.mark.parametrize(
    "card",
    [
        {"payment_method_token": "disputed"},
        {
            "payment_method_token": None,
            "credit_card": {"number": "4023898493988028", "expiration_date": "12/2034"},
        },
    ],
)
def test_the_card_for_it_disputes_the_first_capture_a_second_later(
    at_braintree: BraintreeMerchant, new: New, card: dict[str, Any]
) -> None:
    payment = new("pay")
    held = at_braintree.sale(order_id=payment, **card).transaction
    at_braintree.simulator.clock(advance=60)
    assert moved(at_braintree, payment) == []
    part = at_braintree.transactions.submit_for_partial_settlement
    first = part(held.id, "4.00").transaction
    part(held.id, "6.00")

    at_braintree.simulator.clock(advance=2)

    (dispute,) = (d for d in at_braintree.simulator.disputes() if d["payment"] == payment)
    assert (dispute["transaction"], dispute["amount"]) == (first.id, 4_00)
    assert (dispute["status"], dispute["round"], dispute["currency"]) == ("open", 1, "USD")
    kinds = [kind for kind, _ in at_braintree.booked(payment)]
    assert kinds == ["authorized", "captured", "captured", "disputed"]


def test_what_was_voided_in_the_meantime_is_not_disputed(
    at_braintree: BraintreeMerchant, new: New
) -> None:
    payment, at_once = new("pay"), {"submit_for_settlement": True}
    sale = at_braintree.sale(order_id=payment, payment_method_token="disputed", options=at_once)
    at_braintree.transactions.void(sale.transaction.id)

    at_braintree.simulator.clock(advance=2)

    assert [kind for kind, _ in moved(at_braintree, payment)] == ["refunded"]


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "teleport"},
        {"reason": "boredom"},
        {"amount": 10_01},
        {"amount": 0},
    ],
)
def test_what_cannot_be_disputed_is_not(
    at_braintree: BraintreeMerchant, new: New, how: dict[str, Any]
) -> None:
    payment = new("pay")
    held = at_braintree.sale(order_id=payment).transaction
    act = at_braintree.simulator.act
    with pytest.raises(HTTPError):
        act("dispute", payment=payment)  # Nothing was taken.
    at_braintree.transactions.submit_for_settlement(held.id)

    with pytest.raises(HTTPError):
        act("dispute", payment=payment, **how)

    assert moved(at_braintree, payment) == []


# --------------------------------------------------------------------------------------- answering


def test_texts_and_documents_are_added_and_removed(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    desk = at_braintree.sdk.dispute
    _, made = disputed()
    document = upload(at_braintree, b"%PDF-1.4", "receipt.pdf").document_upload

    text = desk.add_text_evidence(
        made, {"content": "UPS", "category": "CARRIER_NAME", "sequence_number": 1}
    ).evidence
    plain = desk.add_text_evidence(made, "It was <signed> for & kept.").evidence
    file = desk.add_file_evidence(
        made, {"document_id": document.id, "category": "PROOF_OF_DELIVERY"}
    ).evidence

    assert (document.name, document.size) == ("receipt.pdf", 8)
    assert (document.content_type, document.kind) == ("application/pdf", "evidence_document")
    assert (text.comment, text.category, text.sequence_number) == ("UPS", "CARRIER_NAME", 1)
    assert (plain.comment, plain.category) == ("It was <signed> for & kept.", None)
    assert (file.comment, file.category) == (None, "PROOF_OF_DELIVERY")
    assert file.url.endswith("/receipt.pdf")
    assert desk.remove_evidence(made, plain.id).is_success
    assert [each.id for each in desk.find(made).evidence] == [text.id, file.id]
    not_found = braintree.exceptions.not_found_error.NotFoundError
    with pytest.raises(not_found):
        desk.remove_evidence(made, plain.id)
    with pytest.raises(not_found):
        desk.add_file_evidence(made, "nodocument")
    with pytest.raises(not_found):
        desk.add_text_evidence("nobodys", "It was signed for.")


def test_a_category_must_fit(at_braintree: BraintreeMerchant, disputed: Disputed) -> None:
    desk = at_braintree.sdk.dispute
    _, made = disputed()
    document = upload(at_braintree, b"\x89PNG", "proof.png").document_upload.id

    def text(category: str) -> Any:
        return desk.add_text_evidence(made, {"content": "UPS", "category": category})

    def file(category: str) -> Any:
        return desk.add_file_evidence(made, {"document_id": document, "category": category})

    assert code(text("PROOF_OF_FULFILLMENT")) == "95706"
    assert code(text("PROOF_OF_DELIVERY")) == "95712"
    assert code(file("CARRIER_NAME")) == "95711"
    assert text("GENERAL").is_success
    assert desk.find(made).evidence[0].category == "GENERAL"


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"GIF89a", "proof.gif", "84903"),
        (b"", "proof.pdf", "84906"),
        (b"x" * ((4 << 20) + 1), "proof.pdf", "84902"),
    ],
)
def test_not_every_document_is_taken(
    at_braintree: BraintreeMerchant, content: bytes, name: str, expected: str
) -> None:
    assert code(upload(at_braintree, content, name)) == expected


def test_a_document_must_say_what_it_is_for(at_braintree: BraintreeMerchant) -> None:
    file = Named(b"%PDF-1.4", "proof.pdf")
    result = at_braintree.sdk.document_upload.create({"kind": "holiday_photo", "file": file})
    assert code(result) == "84901"
    assert result.errors.for_object("document_upload").on("kind")[0].code == "84901"


def test_only_an_open_dispute_is_answered(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    desk = at_braintree.sdk.dispute
    _, made = disputed()
    there = desk.add_text_evidence(made, "It was signed for.").evidence

    assert desk.finalize(made).is_success

    assert desk.find(made).status == "disputed"
    assert code(desk.add_text_evidence(made, "And kept.")) == "95701"
    assert code(desk.remove_evidence(made, there.id)) == "95702"
    assert code(desk.accept(made)) == "95704"
    assert code(desk.finalize(made)) == "95705"
    assert desk.accept(made).errors.for_object("dispute")[0].code == "95704"


# ------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("said", "end", "money"),
    [
        ("There is winning_evidence.", "won", [("disputed", 10_00), ("reinstated", 10_00)]),
        ("There is losing_evidence.", "lost", [("disputed", 10_00)]),
    ],
)
def test_the_bank_decides_a_month_after_the_answer(
    at_braintree: BraintreeMerchant,
    disputed: Disputed,
    said: str,
    end: str,
    money: list[tuple[str, int]],
) -> None:
    payment, made = disputed()
    at_braintree.sdk.dispute.add_text_evidence(made, said)
    at_braintree.sdk.dispute.finalize(made)

    at_braintree.simulator.clock(advance=30 * DAY - 60)
    assert at_braintree.sdk.dispute.find(made).status == "disputed"
    at_braintree.simulator.clock(advance=60)

    dispute = at_braintree.sdk.dispute.find(made)
    assert dispute.status == end
    assert dispute.amount_won == (Decimal("10.00") if end == "won" else 0)
    assert [each.status for each in dispute.status_history] == ["open", "disputed", end]
    assert moved(at_braintree, payment) == money


def test_silence_expires(at_braintree: BraintreeMerchant, disputed: Disputed) -> None:
    payment, made = disputed()

    at_braintree.simulator.clock(advance=10 * DAY)

    assert at_braintree.sdk.dispute.find(made).status == "expired"
    assert moved(at_braintree, payment) == [("disputed", 10_00)]


def test_a_month_in_one_step_ends_as_a_month_of_many_steps(
    at_braintree: BraintreeMerchant, new: New
) -> None:
    payment, at_once = new("pay"), {"submit_for_settlement": True}
    at_braintree.sale(order_id=payment, payment_method_token="disputed", options=at_once)

    at_braintree.simulator.clock(advance=30 * DAY)

    (dispute,) = (d for d in at_braintree.simulator.disputes() if d["payment"] == payment)
    assert dispute["status"] == "expired"


@pytest.mark.parametrize(
    ("how", "end"), [({}, "accepted"), ({"automatically": True}, "auto_accepted")]
)
def test_a_dispute_is_given_up(
    at_braintree: BraintreeMerchant, disputed: Disputed, how: dict[str, Any], end: str
) -> None:
    payment, made = disputed()

    if how:
        at_braintree.simulator.act("accept", dispute=made, **how)
    else:
        assert at_braintree.sdk.dispute.accept(made).is_success

    assert at_braintree.sdk.dispute.find(made).status == end
    assert moved(at_braintree, payment) == [("disputed", 10_00)]
    with pytest.raises(HTTPError):
        at_braintree.simulator.act("decide", dispute=made, outcome="won")


def test_a_retrieval_moves_nothing_until_it_becomes_a_chargeback(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    payment, made = disputed(kind="inquiry")
    act, find = at_braintree.simulator.act, at_braintree.sdk.dispute.find
    assert find(made).kind == "retrieval"
    at_braintree.simulator.clock(advance=5 * DAY)
    assert moved(at_braintree, payment) == []

    assert act("escalate", dispute=made)["id"] == made

    assert (find(made).kind, find(made).status) == ("chargeback", "open")
    assert moved(at_braintree, payment) == [("disputed", 10_00)]
    at_braintree.simulator.clock(advance=6 * DAY)  # The time for the retrieval is over.
    assert find(made).status == "open"
    at_braintree.simulator.clock(advance=4 * DAY)
    assert find(made).status == "expired"


def test_a_retrieval_that_is_won_brings_nothing(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    payment, made = disputed(kind="retrieval")

    at_braintree.simulator.act("decide", dispute=made, outcome="won")

    assert at_braintree.sdk.dispute.find(made).amount_won == 0
    assert moved(at_braintree, payment) == []


def test_what_was_won_comes_again_as_a_dispute_of_its_own(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    payment, made = disputed()
    act, find = at_braintree.simulator.act, at_braintree.sdk.dispute.find
    with pytest.raises(HTTPError):
        act("escalate", dispute=made)  # It is not decided.
    act("decide", dispute=made, outcome="won")

    again = act("escalate", dispute=made)["id"]

    assert again != made
    assert (find(again).kind, find(again).original_dispute_id) == ("pre_arbitration", made)
    assert find(made).status == "won"
    shown = {d["id"]: d["round"] for d in at_braintree.simulator.disputes()}
    assert (shown[made], shown[again]) == (1, 2)
    act("decide", dispute=again, outcome="won")
    with pytest.raises(HTTPError):
        act("escalate", dispute=again)
    assert moved(at_braintree, payment) == 2 * [("disputed", 10_00), ("reinstated", 10_00)]


# -------------------------------------------------------------------------------------- searching


def test_disputes_are_found_by_what_they_are(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    now = datetime.fromisoformat(at_braintree.simulator.clock()).astimezone(UTC)
    today = now.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    _, inquiry = disputed(kind="inquiry")
    _, made = disputed(reason="duplicate")
    sale = at_braintree.sdk.dispute.find(made).transaction.id
    this = By.transaction_id == sale

    assert found(at_braintree, this) == [made]
    assert found(at_braintree, By.id == inquiry, By.kind == "retrieval") == [inquiry]
    assert found(at_braintree, this, By.status.in_list(["open", "won"])) == [made]
    assert found(at_braintree, this, By.status == "won") == []
    assert found(at_braintree, this, By.reason == "duplicate") == [made]
    assert found(at_braintree, this, By.received_date >= now.replace(tzinfo=None)) == [made]
    assert found(at_braintree, this, By.received_date >= today + timedelta(days=2)) == []
    assert found(at_braintree, this, By.received_date <= today - timedelta(days=1)) == []
    assert found(at_braintree, this, By.reply_by_date >= today + timedelta(days=9)) == [made]


def test_more_than_a_page_is_found_page_by_page(
    at_braintree: BraintreeMerchant, disputed: Disputed
) -> None:
    at_braintree.simulator.clock(advance=40 * DAY)
    now = datetime.fromisoformat(at_braintree.simulator.clock()).astimezone(UTC)
    made = [disputed()[1] for _ in range(51)]

    assert found(at_braintree, By.received_date >= now.replace(tzinfo=None)) == made[::-1]
