"""What we do about disputes at Stripe: look, upload, submit, give in, and look again.

Stripe stores a server error under the key of the request that met it and repeats it for ever. So the case
itself is looked at before anything is done: what was submitted carries our key, and is not submitted twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from kernel.clock import now
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
from paygate.psp.stripe import cases, refusals
from paygate.psp.stripe.calls import Calls, insist

DISPUTES = "/v1/disputes"
PAGES = 100  # Of disputes opened since a moment; more than ten thousand are not read.
CLOCKS_DIFFER = timedelta(minutes=1)
SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class StripeDesk:
    """See paygate.psp.cases.Desk."""

    knows_cases = True
    evidence_types = frozenset(SUFFIXES)
    evidence_largest = cases.LARGEST

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def submit_evidence(self, request: SubmitEvidence) -> ActOutcome:
        try:
            return self._submit(request)
        except cases.NoRoom as error:
            return Declined(DeclineCode.INVALID_REQUEST, psp_message=f"At Stripe {error}.")
        except Exception as error:  # Also what the SDK trips over in a reply, when all is done.
            return _failed(error)

    def _submit(self, request: SubmitEvidence) -> ActOutcome:
        cases.places(request)
        dispute = self._dispute(request.case)
        standing = cases.report(dispute, at=now()).standing
        if (dispute.get("metadata") or {}).get("answer") == request.key:
            return Done(standing)
        if standing != Standing.NEEDS_RESPONSE:
            return _too_late(dispute)
        files = [self._upload(f"{request.key}-{n}", file) for n, file in enumerate(request.files)]
        appeals = str(dispute["status"]).startswith("appeal_")
        shape = cases.appeal if appeals else cases.evidence
        answered = insist(
            request.key,
            lambda key: self._calls.post(
                f"{DISPUTES}/{quote(request.case)}",
                key,
                evidence=shape(request, files),
                metadata={"answer": request.key},
                submit=True,
            ),
        )
        return Done(cases.report(answered, at=now()).standing)

    def _upload(self, key: str, file: EvidenceFile) -> str:
        """Under a name of ours: the merchant's is of no use to the bank."""
        name = f"{file.kind}.{SUFFIXES.get(file.media_type, 'bin')}"
        return insist(key, lambda k: self._calls.upload(k, name=name, content=file.content))

    def accept_case(self, request: AcceptCase) -> ActOutcome:
        try:
            dispute = self._dispute(request.case)
            standing = cases.report(dispute, at=now()).standing
            if standing == Standing.LOST:
                return Done(standing)
            if standing == Standing.WON:
                return _too_late(dispute)
            path = f"{DISPUTES}/{quote(request.case)}/close"
            closed = insist(request.key, lambda key: self._calls.post(path, key))
            return Done(cases.report(closed, at=now()).standing)
        except Exception as error:
            return _failed(error)

    def read_case(self, case: str) -> CaseReport | Unknown:
        try:
            return cases.report(self._dispute(case), at=now())
        except Exception as error:  # A question that failed, for whatever reason, answers nothing.
            return Unknown(f"the case was not read: {type(error).__name__}: {error}")

    def cases_since(self, moment: datetime) -> list[CaseReport] | Unknown:
        since = {"gte": int((moment - CLOCKS_DIFFER).timestamp())}
        try:
            found = self._calls.listed(DISPUTES, pages=PAGES, created=since)
            return [cases.report(dispute, at=now()) for dispute in found]
        except Exception as error:
            return Unknown(f"the cases were not read: {type(error).__name__}: {error}")

    def _dispute(self, case: str) -> dict[str, Any]:
        return self._calls.get(f"{DISPUTES}/{quote(case)}")


def _too_late(dispute: dict[str, Any]) -> Declined:
    status = str(dispute["status"])
    return Declined(DeclineCode.INVALID_STATE, status, f"The dispute is {status}.")


def _failed(error: Exception) -> Declined | NotSent | Unknown:
    outcome = refusals.failed(error)
    assert isinstance(outcome, Declined | NotSent | Unknown)
    return outcome
