"""Answers disputes at Braintree, whose evidence has no idempotency: whoever adds looks first what is there.

Nothing goes to the bank before the dispute is finalized. So an answer that broke off can be given again: what
it added is found, only the rest is added, and a dispute that is finalized already is left as it is.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from kernel.clock import now as present
from paygate.psp.braintree import cases, translate
from paygate.psp.braintree.sdk import braintree
from paygate.psp.cases import (
    AcceptCase,
    ActOutcome,
    CaseReport,
    Done,
    EvidenceFile,
    Standing,
    SubmitEvidence,
)
from paygate.psp.gateway import DeclineCode, Declined, NotSent, Unknown

# Adding, removing, accepting and finalizing need an open dispute.
NOT_OPEN = {"95701", "95702", "95704", "95705"}


class BraintreeDesk:
    """See paygate.psp.cases.Desk."""

    knows_cases = True
    evidence_types = frozenset(cases.ENDINGS)
    evidence_largest = 4_000_000  # …/reference/request/document-upload/create: 4 MB.

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk
        self._disputes = sdk.dispute
        self._documents = sdk.document_upload

    def submit_evidence(self, request: SubmitEvidence) -> ActOutcome:
        try:
            dispute = self._disputes.find(request.case)
        except Exception as error:
            return _failed(error)
        if dispute.status != "open":
            return _as_it_stands(dispute)
        try:
            refusal = self._add(request, dispute) or _refusal(self._disputes.finalize(request.case))
            if refusal is not None and refusal.psp_code in NOT_OPEN:  # Somebody was quicker.
                return _as_it_stands(self._disputes.find(request.case))
        except Exception as error:
            failed = _failed(error)  # Of what went before, something may be there.
            return Unknown(failed.why) if isinstance(failed, NotSent) else failed
        return refusal or Done(Standing.UNDER_REVIEW)

    def accept_case(self, request: AcceptCase) -> ActOutcome:
        try:
            refusal = _refusal(self._disputes.accept(request.case))
            if refusal is None:
                return Done(Standing.LOST)
            if refusal.psp_code not in NOT_OPEN:
                return refusal
            standing = cases.STANDINGS[self._disputes.find(request.case).status]
        except Exception as error:
            return _failed(error)
        return Done(standing) if standing == Standing.LOST else refusal

    def read_case(self, case: str) -> CaseReport | Unknown:
        try:
            return cases.report(self._disputes.find(case), at=_this_second())
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the case could not be read: {type(error).__name__}: {error}")

    def cases_since(self, moment: datetime) -> list[CaseReport] | Unknown:
        """Braintree knows the day on which a case was received: all of that day's are among them."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        try:
            # An object of its own: the SDK keeps the terms of a search in it, and asks for one page after the other.
            found = braintree.dispute_gateway.DisputeGateway(self._sdk).search(
                braintree.DisputeSearch.received_date >= day
            )
            at = _this_second()
            return [cases.report(dispute, at=at) for dispute in found.disputes.items]
        except Exception as error:
            return Unknown(f"the cases could not be read: {type(error).__name__}: {error}")

    # --------------------------------------------------------------------------------------- answering

    def _add(self, request: SubmitEvidence, dispute: Any) -> Declined | None:
        """Add what is not there yet; why Braintree does not take it, if it does not."""
        for file in request.files:
            if not cases.has_file(dispute, cases.name_of(file)) and (
                refusal := self._add_file(request.case, file)
            ):
                return refusal
        for category, comment in cases.texts(request.texts):
            if refusal := self._add_text(dispute, category, comment):
                return refusal
        return None

    def _add_file(self, case: str, file: EvidenceFile) -> Declined | None:
        named = _Named(file.content, cases.name_of(file))
        kind = braintree.DocumentUpload.Kind.EvidenceDocument
        uploaded = self._documents.create({"kind": kind, "file": named})
        if refusal := _refusal(uploaded):
            return refusal
        document = {"document_id": uploaded.document_upload.id}
        category = cases.FILE_CATEGORIES.get(file.kind)
        if category is None:
            return _refusal(self._disputes.add_file_evidence(case, document))
        said = _refusal(self._disputes.add_file_evidence(case, document | {"category": category}))
        if said is None or said.psp_code in NOT_OPEN:
            return said
        return _refusal(self._disputes.add_file_evidence(case, document))

    def _add_text(self, dispute: Any, category: str, comment: str) -> Declined | None:
        """Without the category where it is not taken: not every reason code has every category."""
        headed = cases.headed(category, comment)
        if cases.has_text(dispute, comment) or (category and cases.has_text(dispute, headed)):
            return None
        if category:
            text = {"content": comment, "category": category}
            said = _refusal(self._disputes.add_text_evidence(dispute.id, text))
            if said is None or said.psp_code in NOT_OPEN:
                return said
        text = {"content": headed if category else comment}
        return _refusal(self._disputes.add_text_evidence(dispute.id, text))


class _Named(io.BytesIO):
    """A file in memory, with the name that the SDK sends along and tells the media type by."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def _as_it_stands(dispute: Any) -> Done | Declined:
    """Of a dispute that is not open: answered already, or over without an answer."""
    if cases.was_answered(dispute):
        return Done(cases.STANDINGS[dispute.status])
    said = f"The dispute is {dispute.status}."
    return Declined(DeclineCode.INVALID_STATE, dispute.status, said, dispute.id)


def _refusal(result: Any) -> Declined | None:
    """Why Braintree did not do it; None where it did. Raises ValueError for an answer that says nothing."""
    if result is None:
        raise ValueError("Braintree's answer holds neither evidence nor an error")
    if result.is_success:
        return None
    codes = [error.code for error in result.errors.deep_errors]
    code = codes[0] if codes else ""
    state = DeclineCode.INVALID_STATE if code in NOT_OPEN else DeclineCode.INVALID_REQUEST
    return Declined(state, code, result.message or "")


def _failed(error: Exception) -> Declined | NotSent | Unknown:
    failed = translate.failed(error)
    assert isinstance(failed, Declined | NotSent | Unknown)
    return failed


def _this_second() -> datetime:
    """Webhooks tell the second: what is told later within it must not look older than what was read."""
    return present().replace(microsecond=0)
