"""What can be done about a dispute at Adyen: choose a defence, supply its documents, defend; or give in.

Adyen has no list of disputes, and no look-up: how a case stands is heard from its webhooks only. What it refuses
it refuses with HTTP 200 and success=false. Each type of document is supplied once; a second one replaces it, so
all of this can be done again until the dispute is defended. Sources: DisputeService-v30.json of github.com/
Adyen/adyen-openapi; docs.adyen.com/risk-management/disputes-api and .../understanding-disputes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paygate.psp.adyen import translate
from paygate.psp.adyen.letter import letter
from paygate.psp.cases import (
    AcceptCase,
    ActOutcome,
    CaseReport,
    Done,
    Reason,
    Standing,
    SubmitEvidence,
)
from paygate.psp.gateway import DeclineCode, Declined, Unknown

PDF, JPEG = "application/pdf", "image/jpeg"

GENERIC = "SupplyDefenseMaterial"
#: Adyen's defences for our reasons, the best first. Which are open to a dispute, Adyen says.
DEFENCES: Mapping[Reason, tuple[str, ...]] = {
    Reason.FRAUDULENT: (
        "CompellingEvidence",
        "AdditionalInformation",
        "RecurringTransactionsCompellingEvidence",
    ),
    Reason.UNRECOGNIZED: ("CompellingEvidence", "AdditionalInformation"),
    Reason.NOT_RECEIVED: ("MerchandiseReceived", "GoodsOrServicesProvided", "ServicesProvided"),
    Reason.UNACCEPTABLE: ("GoodsWereAsDescribed", "GoodsRepairedOrReplaced", "GoodsNotReturned"),
    Reason.DUPLICATE: ("PurchaseProperlyPosted", "PaymentByOtherMeans"),
    Reason.CREDIT_NOT_PROCESSED: (
        "CreditOrCancellationPolicyProperlyDisclosed",
        "CancellationOrReturns",
        "CancellationTermsFailed",
        "GoodsNotReturned",
    ),
    Reason.SUBSCRIPTION_CANCELED: (
        "ServicesProvidedAfterCancellation",
        "NotRecurring",
        "CancellationTermsFailed",
    ),
    Reason.GENERAL: (),
}
#: Which of our kinds of evidence a type of document is for. Any other document will do where there is none.
SUITS = {
    "TIDorInvoice": {"receipt"},
    "DateMerchandiseShipped": {"shipping_documentation"},
    "ProofOfGoodsOrServicesProvided": {"service_documentation", "shipping_documentation"},
}
LEVELS = ("Required", "OneOrMore", "AlternativeRequired", "Optional")


@dataclass(frozen=True, slots=True)
class Document:
    """Something to supply; `kind` is our evidence kind, "" for the letter."""

    kind: str
    media_type: str
    content: bytes


class Refused(Exception):
    """Adyen's errorMessage, or ours where we need not ask."""


class AdyenDesk:
    """See paygate.psp.cases.Desk."""

    knows_cases = False
    # Adyen takes TIFF too, and larger images; a PDF may have 2 MB.
    evidence_types = frozenset({PDF, JPEG})
    evidence_largest = 2 * 1024 * 1024

    def __init__(self, adyen: Any, *, merchant_account: str) -> None:
        self._account = merchant_account
        self._disputes = adyen.disputes.disputes_api

    def submit_evidence(self, request: SubmitEvidence) -> ActOutcome:
        api, case, key = self._disputes, request.case, request.key
        try:
            answer = self._say(api.retrieve_applicable_defense_reasons, case)
            reason, documents = plan(request, answer.get("defenseReasons") or [])
            for number, (type_, document) in enumerate(documents.items()):
                supplied = {
                    "defenseDocumentTypeCode": type_,
                    "contentType": document.media_type,
                    "content": base64.b64encode(document.content).decode(),
                }
                self._say(
                    api.supply_defense_document,
                    case,
                    key=f"{key}-{number}",
                    defenseDocuments=[supplied],
                )
            self._say(api.defend_dispute, case, key=key, defenseReasonCode=reason)
        except Refused as why:
            if _is_already(why, "defended"):
                return Done(Standing.UNDER_REVIEW)
            return _declined(why)
        except Exception as error:
            return translate.failed(error)
        return Done(Standing.UNDER_REVIEW)

    def accept_case(self, request: AcceptCase) -> ActOutcome:
        try:
            self._say(self._disputes.accept_dispute, request.case, key=request.key)
        except Refused as why:
            return Done(Standing.LOST) if _is_already(why, "accepted") else _declined(why)
        except Exception as error:
            return translate.failed(error)
        return Done(Standing.LOST)

    def read_case(self, case: str) -> CaseReport | Unknown:
        raise NotImplementedError("Adyen cannot be asked how a dispute stands")

    def cases_since(self, moment: datetime) -> list[CaseReport] | Unknown:
        raise NotImplementedError("Adyen has no list of disputes")

    def _say(
        self, call: Callable[..., Any], case: str, *, key: str = "", **more: Any
    ) -> Mapping[str, Any]:
        """The answer of a call that succeeded. Raises Refused, what the SDK raises, and ValueError."""
        body = {"disputePspReference": case, "merchantAccountCode": self._account, **more}
        message = call(body, idempotency_key=key or None).message
        result = message.get("disputeServiceResult")
        if not isinstance(result, Mapping) or not isinstance(result.get("success"), bool):
            raise ValueError(f"Adyen's answer has no result: {message!r:.200}")
        if not result["success"]:
            raise Refused(str(result.get("errorMessage") or "Adyen does not say why"))
        assert isinstance(message, Mapping)
        return message


def plan(
    request: SubmitEvidence, offered: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, Document]]:
    """With which defence, and which document for each of its types. Raises Refused when there is no way."""
    if not offered:
        raise Refused("Adyen offers no defence of this dispute.")
    documents = _documents(request)
    by_code = {reason["defenseReasonCode"]: _types(reason) for reason in offered}
    liked = [code for code in (*DEFENCES[request.reason], GENERIC) if code in by_code]
    codes = liked or list(by_code)[:1]
    for attempt in (documents, _documents(request, join_images=True)):
        for code in codes:
            if len(attempt) <= len(by_code[code]):
                return code, assigned(attempt, by_code[code])
    most = max(len(by_code[code]) for code in codes)
    raise Refused(
        f"Adyen takes {most} documents here, the texts being one: put some of the files into one PDF."
    )


def assigned(documents: Sequence[Document], types: Mapping[str, str]) -> dict[str, Document]:
    """A document for each type that needs one, and a type for each document; `types` is by level.

    Where more are required than there are, the first has to stand for those that are missing.
    """
    left = list(documents)
    given: dict[str, Document] = {}
    for type_ in types:
        suiting = [document for document in left if document.kind in SUITS.get(type_, ())]
        if suiting:
            given[type_] = suiting[0]
            left.remove(suiting[0])
    for type_ in types:
        if left and type_ not in given:
            given[type_] = left.pop(0)
    levels = {types[type_] for type_ in given}
    for type_, level in types.items():
        missing = level == "Required" or (level != "Optional" and level not in levels)
        if missing and type_ not in given:
            given[type_] = documents[0]
            levels.add(level)
    return given


def _types(reason: Mapping[str, Any]) -> dict[str, str]:
    """The types of documents of a defence, the most needed first, each with its level."""
    types = {
        type_["defenseDocumentTypeCode"]: type_["requirementLevel"]
        for type_ in reason.get("defenseDocumentTypes") or []
    }
    rank = {level: at for at, level in enumerate(LEVELS)}
    return dict(sorted(types.items(), key=lambda item: rank.get(item[1], len(rank))))


def _documents(request: SubmitEvidence, *, join_images: bool = False) -> list[Document]:
    """The letter first, where there is something to put into it."""
    images = [file.content for file in request.files if join_images and file.media_type == JPEG]
    documents: list[Document] = []
    if request.texts or images:
        title = f"Dispute {request.case} over {request.amount}"
        try:
            documents.append(Document("", PDF, letter(title, request.texts, images=images)))
        except Exception as why:  # Whatever somebody's image makes the library stumble over.
            raise Refused("One of the images cannot be read.") from why
    documents += _files(request, without_images=bool(images))
    if not documents:
        raise Refused("There is nothing to defend the dispute with.")
    return documents


def _files(request: SubmitEvidence, *, without_images: bool) -> Iterable[Document]:
    return (
        Document(file.kind, file.media_type, file.content)
        for file in request.files
        if not (without_images and file.media_type == JPEG)
    )


def _is_already(why: Refused, done: str) -> bool:
    said = str(why).lower()
    return "already" in said and done in said


def _declined(why: Refused) -> Declined:
    return Declined(DeclineCode.INVALID_STATE, psp_message=str(why))
