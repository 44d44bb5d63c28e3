"""How our evidence becomes Adyen's: a defence, a document for each type that it needs, the texts in a letter."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image

from kernel.money import Money
from paygate.psp.adyen import gateway as adyen_gateway
from paygate.psp.adyen.desk import DEFENCES, Refused, assigned, plan
from paygate.psp.adyen.letter import letter
from paygate.psp.cases import AcceptCase, Desk, Done, EvidenceFile, Reason, Standing, SubmitEvidence
from paygate.psp.gateway import DeclineCode, Declined, Unknown
from tests.psp_contract.conftest import EUR_10, adapter, authorize, configuration, refund
from tests.psp_contract.puppet import Puppet, puppet, reply

REQUIRED, OPTIONAL = "Required", "Optional"


@pytest.fixture
def strings() -> Iterator[Puppet]:
    with puppet() as pulled:
        yield pulled


def jpeg() -> bytes:
    into = BytesIO()
    Image.new("RGB", (30, 20), "red").save(into, "JPEG")
    return into.getvalue()


def file(kind: str, *, media: str = "application/pdf", content: bytes = b"") -> EvidenceFile:
    return EvidenceFile(kind, f"{kind}.pdf", media, content or f"%PDF {kind}".encode())


def request(
    *files: EvidenceFile, reason: Reason = Reason.GENERAL, words: str = "Because."
) -> SubmitEvidence:
    texts = {"explanation": words} if words else {}
    return SubmitEvidence("act_1", "CASE1", reason, "4853", EUR_10, texts, files)


def offer(**types: dict[str, str]) -> list[dict[str, Any]]:
    """Defences by code, each with its types of documents."""
    return [
        {
            "defenseReasonCode": code,
            "satisfied": False,
            "defenseDocumentTypes": [
                {"available": False, "defenseDocumentTypeCode": type_, "requirementLevel": level}
                for type_, level in levels.items()
            ],
        }
        for code, levels in types.items()
    ]


# ------------------------------------------------------------------------------------ which defence


@pytest.mark.parametrize(
    ("reason", "offered", "chosen"),
    [
        (Reason.NOT_RECEIVED, ("InvalidChargeback", "ServicesProvided"), "ServicesProvided"),
        (Reason.NOT_RECEIVED, ("ServicesProvided", "MerchandiseReceived"), "MerchandiseReceived"),
        (Reason.FRAUDULENT, ("SupplyDefenseMaterial", "CompellingEvidence"), "CompellingEvidence"),
        (Reason.FRAUDULENT, ("Tomorrow", "SupplyDefenseMaterial"), "SupplyDefenseMaterial"),
        (Reason.GENERAL, ("Tomorrow", "TheDayAfter"), "Tomorrow"),
    ],
)
def test_the_defence_that_suits_the_reason_is_chosen_among_those_offered(
    reason: Reason, offered: tuple[str, ...], chosen: str
) -> None:
    code, _ = plan(request(reason=reason), offer(**{o: {"A": REQUIRED} for o in offered}))
    assert code == chosen


def test_there_is_a_defence_for_every_reason() -> None:
    assert set(DEFENCES) == set(Reason)


def test_a_defence_with_room_for_all_documents_comes_before_a_better_one_without() -> None:
    offered = offer(
        MerchandiseReceived={"A": REQUIRED},
        ServicesProvided={"A": REQUIRED, "B": OPTIONAL},
    )
    code, documents = plan(request(file("receipt"), reason=Reason.NOT_RECEIVED), offered)
    assert (code, len(documents)) == ("ServicesProvided", 2)


def test_images_go_into_the_letter_where_there_is_no_room_for_them() -> None:
    photos = [file("receipt", media="image/jpeg", content=jpeg()) for _ in range(2)]
    _, documents = plan(request(*photos), offer(Any={"A": REQUIRED}))
    [letter_] = documents.values()
    assert letter_.media_type == "application/pdf"
    assert len(re.findall(rb"/Type /Page\b", letter_.content)) == 3


def test_what_there_is_no_room_for_is_never_left_out_in_silence() -> None:
    with pytest.raises(Refused, match="Adyen takes 1 documents"):
        plan(request(file("receipt")), offer(Any={"A": REQUIRED}))
    broken = [file("receipt", media="image/jpeg", content=b"\xff\xd8\xff?") for _ in range(2)]
    with pytest.raises(Refused, match="cannot be read"):
        plan(request(*broken), offer(Any={"A": REQUIRED}))


def test_with_nothing_to_say_or_nothing_offered_there_is_no_defence() -> None:
    with pytest.raises(Refused, match="nothing to defend"):
        plan(request(words=""), offer(Any={"A": REQUIRED}))
    with pytest.raises(Refused, match="no defence"):
        plan(request(), [])


# -------------------------------------------------------------------------- which document for what


def kinds(evidence: SubmitEvidence, **types: str) -> dict[str, str]:
    """By type of document, our kind of evidence; "" is the letter."""
    _, documents = plan(evidence, offer(Any=types))
    return {type_: document.kind for type_, document in documents.items()}


def test_a_file_goes_where_it_belongs_and_the_letter_where_something_is_required() -> None:
    evidence = request(file("shipping_documentation"), file("receipt"))
    types = {
        "TIDorInvoice": OPTIONAL,
        "DefenseMaterial": REQUIRED,
        "DateMerchandiseShipped": OPTIONAL,
    }
    assert kinds(evidence, **types) == {
        "TIDorInvoice": "receipt",
        "DefenseMaterial": "",
        "DateMerchandiseShipped": "shipping_documentation",
    }


def test_what_suits_nothing_takes_the_types_that_are_left_the_most_needed_first() -> None:
    evidence = request(file("other"))
    assert kinds(evidence, A=OPTIONAL, B="OneOrMore", C=REQUIRED) == {"C": "", "B": "other"}


def test_where_more_is_required_than_there_is_the_letter_stands_for_it() -> None:
    assert kinds(request(), A=REQUIRED, B=REQUIRED, C=OPTIONAL) == {"A": "", "B": ""}
    assert kinds(request(file("receipt")), A=REQUIRED, B="OneOrMore", C="OneOrMore") == {
        "A": "",
        "B": "receipt",
    }
    only = request(file("receipt"), words="")
    assert kinds(only, A=REQUIRED, B="OneOrMore") == {"A": "receipt", "B": "receipt"}


def test_every_document_is_given_to_exactly_one_type_unless_one_is_missing() -> None:
    _, made = plan(
        request(file("receipt"), file("receipt"), file("other")),
        offer(Any={"TIDorInvoice": OPTIONAL, **dict.fromkeys("ABC", OPTIONAL)}),
    )
    assert len(made) == 4
    assert len({id(document) for document in made.values()}) == 4
    assert assigned(list(made.values()), dict.fromkeys(made, OPTIONAL)).keys() == made.keys()


# -------------------------------------------------------------------------------------- the letter


def test_the_letter_holds_the_words_so_that_they_can_be_found_and_is_always_the_same() -> None:
    texts = {"explanation": "It is (really) winning_evidence.", "customer_name": "Ada"}
    made = letter("Dispute CASE1", texts)
    assert made == letter("Dispute CASE1", texts)
    assert made.startswith(b"%PDF-")
    for words in (b"Dispute CASE1", b"Customer name", b"Ada", b"winning_evidence"):
        assert words in made


def test_long_texts_run_over_lines_and_pages_and_strange_letters_are_no_accident() -> None:
    long = "word " * 3000 + "x" * 500 + "\n\n\ttab \0 中文 é"
    made = letter("t", {"explanation": long})
    assert len(re.findall(rb"/Type /Page\b", made)) > 2
    assert max(len(line) for line in re.findall(rb"\(((?:word )+word) ?\) Tj", made)) <= 80


# ------------------------------------------------------------------------------------ over the wire


DONE = json.dumps({"disputeServiceResult": {"success": True}})


def refusal(message: str) -> str:
    return json.dumps({"disputeServiceResult": {"success": False, "errorMessage": message}})


def offered(**types: dict[str, str]) -> str:
    return json.dumps({"defenseReasons": offer(**types), **json.loads(DONE)})


def desk_at(strings: Puppet) -> Desk:
    return cast("Desk", adapter("adyen", strings.url))


def said(asked: bytes) -> tuple[str, dict[str, Any]]:
    """The call and the body of a request."""
    head, _, body = asked.partition(b"\r\n\r\n")
    return head.split()[1].decode().rpartition("/")[2], json.loads(body)


def test_a_defence_is_looked_up_supplied_and_then_defended(strings: Puppet) -> None:
    answers = (offered(SupplyDefenseMaterial={"A": REQUIRED, "B": OPTIONAL}), DONE, DONE, DONE)
    strings.answers = [reply(200, answer) for answer in answers]

    outcome = desk_at(strings).submit_evidence(request(file("receipt")))

    assert outcome == Done(Standing.UNDER_REVIEW)
    calls = [said(asked) for asked in strings.asked]
    assert [call for call, _ in calls] == [
        "retrieveApplicableDefenseReasons",
        "supplyDefenseDocument",
        "supplyDefenseDocument",
        "defendDispute",
    ]
    for _, body in calls:
        assert (body["disputePspReference"], body["merchantAccountCode"]) == (
            *("CASE1", "PaygateECOM"),
        )
    [first], [second] = calls[1][1]["defenseDocuments"], calls[2][1]["defenseDocuments"]
    assert (first["defenseDocumentTypeCode"], first["contentType"]) == ("A", "application/pdf")
    assert b"Because." in base64.b64decode(first["content"])
    assert base64.b64decode(second["content"]) == b"%PDF receipt"
    assert calls[3][1]["defenseReasonCode"] == "SupplyDefenseMaterial"
    keys = [re.search(rb"Idempotency-Key: (\S+)", asked) for asked in strings.asked]
    assert keys[0] is None
    assert [key and key[1] for key in keys[1:]] == [b"act_1-0", b"act_1-1", b"act_1"]


@pytest.mark.parametrize(
    ("answer", "submitted", "accepted"),
    [
        (refusal("Dispute already defended"), Done(Standing.UNDER_REVIEW), None),
        (refusal("Dispute has already been accepted"), None, Done(Standing.LOST)),
        (refusal("Dispute is not defendable"), None, None),
        (refusal(""), None, None),
    ],
)
def test_what_was_done_already_is_done_and_what_is_refused_is_declined(
    strings: Puppet, answer: str, submitted: Done | None, accepted: Done | None
) -> None:
    strings.says(200, answer)
    desk = desk_at(strings)
    for outcome, expected in (
        (desk.submit_evidence(request()), submitted),
        (desk.accept_case(AcceptCase("act_1", "CASE1")), accepted),
    ):
        if expected:
            assert outcome == expected
        else:
            assert isinstance(outcome, Declined)
            assert outcome.code == DeclineCode.INVALID_STATE
            assert outcome.psp_message


@pytest.mark.parametrize("status", [400, 422])
def test_what_adyen_refuses_by_status_is_declined(strings: Puppet, status: int) -> None:
    strings.says(status, json.dumps({"status": status, "errorCode": "702", "message": "no"}))
    assert isinstance(desk_at(strings).submit_evidence(request()), Declined)
    assert isinstance(desk_at(strings).accept_case(AcceptCase("act_1", "CASE1")), Declined)


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"disputeServiceResult":{"success":"true"}}'])
def test_an_answer_without_a_result_leaves_us_in_doubt(strings: Puppet, body: str) -> None:
    strings.says(200, body)
    assert isinstance(desk_at(strings).submit_evidence(request()), Unknown)
    assert isinstance(desk_at(strings).accept_case(AcceptCase("act_1", "CASE1")), Unknown)


def test_what_cannot_be_supplied_is_declined_before_anything_is_supplied(strings: Puppet) -> None:
    strings.says(200, offered(Any={"A": REQUIRED}))
    outcome = desk_at(strings).submit_evidence(request(file("receipt")))
    assert isinstance(outcome, Declined)
    assert "PDF" in outcome.psp_message
    assert len(strings.asked) == 1


def test_with_a_live_prefix_disputes_go_to_the_live_address() -> None:
    live = adyen_gateway.make({**configuration("adyen", ""), "live_prefix": "1797a841"})
    client = live._disputes.client
    assert client._determine_api_url(client.platform, live._disputes.baseUrl) == (
        "https://ca-live.adyen.com/ca/services/DisputeService/v30"
    )


# ------------------------------------------------------------------------------------------ refunds


@pytest.mark.parametrize(
    ("ours", "adyens"),
    [
        ("duplicate", "DUPLICATE"),
        ("fraudulent", "FRAUD"),
        ("requested_by_customer", "CUSTOMER REQUEST"),
        ("", None),
    ],
)
def test_a_refund_names_itself_the_payment_and_adyens_reason(
    strings: Puppet, ours: str, adyens: str | None
) -> None:
    taken = authorize("adyen", EUR_10, capture=True)
    asked = refund(taken, "PAYMENT1", Money(4_00, "EUR"), reason=ours)

    adapter("adyen", strings.url).send(asked)

    head, _, body = strings.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v72/payments/PAYMENT1/refunds ")
    assert f"Idempotency-Key: {asked.key}".encode() in head
    reason = {"merchantRefundReason": adyens} if adyens else {}
    assert json.loads(body) == {
        "merchantAccount": "PaygateECOM",
        "amount": {"value": 4_00, "currency": "EUR"},
        "reference": asked.refund,
        **reason,
    }
