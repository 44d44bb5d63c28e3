"""/v1/disputes: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from disputes.act import ACTS
from disputes.claim import Claimed, UnableToAct, claim
from disputes.estimate import estimate, history
from disputes.find import NoSuchDispute, all_of, get, parts_of_many
from disputes.form import Form, FormParser
from disputes.give import Given, UnfitFiles, give
from disputes.kinds import FILES
from disputes.models import STAGES, Action, Dispute, Status
from disputes.render import render
from disputes.shapes import (
    ActOnDispute,
    DisputeList,
    DisputeShape,
    EvidenceForm,
    GiveEvidence,
)
from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.error_shapes import REFUSALS
from kernel.http import JSONParser
from kernel.ids import InvalidId, decode, encode
from kernel.pages import page
from kernel.problems import Problem, no_such
from merchants.authentication import principal_of
from paygate.api.filters import Filters, filtered
from paygate.api.idempotent import answer_once_by
from paygate.api.payments import KEY_HEADER, PREFER
from paygate.payments.write import BindKey
from paygate.psp.cases import Reason
from paygate.psp.registry import PSPS

SCOPES = {"GET": "disputes:read", "POST": "disputes:write"}
DISPUTES = Filters(
    choices={
        "status": ("status", Status.values),
        "stage": ("stage", STAGES),
        "reason": ("reason", [reason.value for reason in Reason]),
        "psp": ("psp", PSPS),
        "currency": ("currency", EXPONENTS),
    },
    texts={"psp_reference": "psp_reference"},
    objects={"payment": ("payment_id", "pay")},
    moments={"created": "created_at", "evidence_due_by": "evidence_due_by"},
    metadata=False,
)


class Disputes(APIView):
    """All disputes of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="disputes_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this dispute."),
            OpenApiParameter("ending_before", str, description="The page before this dispute."),
            *(OpenApiParameter(name, str) for name in DISPUTES.choices),
            OpenApiParameter("payment", str, description="Those of one payment: pay_…"),
            OpenApiParameter("psp_reference", str),
            *(
                OpenApiParameter(f"{name}[{end}]", datetime)
                for name in DISPUTES.moments
                for end in ("gte", "lt")
            ),
        ],
        responses={200: DisputeList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's disputes, newest first."""
        principal = principal_of(request)
        rows = all_of(principal.merchant_id, livemode=principal.livemode)
        found = filtered(rows, request, DISPUTES)
        return Response(page(found, request, prefix="dp", render_many=_render_many))


class OneDispute(APIView):
    """One dispute."""

    required_scopes = SCOPES

    @extend_schema(operation_id="disputes_retrieve", responses={200: DisputeShape, **REFUSALS})
    def get(self, request: Request, dispute: str) -> Response:
        """The dispute as it is now, with what is there of evidence (never the files' content)."""
        principal = principal_of(request)
        try:
            found = get(principal.merchant_id, _decoded(dispute), livemode=principal.livemode)
        except NoSuchDispute:
            raise no_such("dispute") from None
        return Response(_render_many([found])[0])


class EvidenceOfOne(APIView):
    """Collecting evidence."""

    required_scopes = SCOPES
    parser_classes = [JSONParser, FormParser]

    @extend_schema(
        operation_id="disputes_evidence",
        request={"application/json": GiveEvidence, "multipart/form-data": EvidenceForm},
        responses={200: DisputeShape, **REFUSALS},
    )
    def post(self, request: Request, dispute: str) -> Response:
        """Texts and files by kind. Each replaces what was given of its kind, until it is submitted.

        Files are PDF, JPEG or PNG, as far as the dispute's PSP takes them. With JSON, null takes back what was
        given of a kind.
        """
        form: object = request.data
        principal = principal_of(request)
        try:
            change = give(
                principal.merchant_id,
                _decoded(dispute),
                _given(request, form),
                livemode=principal.livemode,
                now=now(),
            )
        except NoSuchDispute:
            raise no_such("dispute") from None
        except UnableToAct as refusal:
            raise _conflict(refusal) from None
        except UnfitFiles as unfit:
            raise _unfit(unfit) from None
        finally:
            if isinstance(form, Form):
                form.close()
        return Response(change.shown())


class SubmitOne(APIView):
    """Answering a dispute."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="disputes_submit",
        request=ActOnDispute,
        parameters=[KEY_HEADER, PREFER],
        responses={200: DisputeShape, 202: DisputeShape, **REFUSALS},
    )
    def post(self, request: Request, dispute: str) -> Any:
        """Send the evidence that is there to the bank, for good: it can be done once a stage.

        409 evidence_missing without any, psp_declined when the PSP does not take it.
        """
        return _act(request, dispute, Action.SUBMIT)


class AcceptOne(APIView):
    """Giving in."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="disputes_accept",
        request=ActOnDispute,
        parameters=[KEY_HEADER, PREFER],
        responses={200: DisputeShape, 202: DisputeShape, **REFUSALS},
    )
    def post(self, request: Request, dispute: str) -> Any:
        """Accept the dispute: it is lost, and this cannot be taken back."""
        return _act(request, dispute, Action.ACCEPT)


def _act(request: Request, dispute: str, action: Action) -> Any:
    body = ActOnDispute.read(request)
    principal = principal_of(request)

    def claimed(bind: BindKey) -> Claimed:
        try:
            return claim(
                principal.merchant_id,
                _decoded(dispute),
                action,
                livemode=principal.livemode,
                bind=bind,
                now=now(),
            )
        except NoSuchDispute:
            raise no_such("dispute") from None
        except UnableToAct as refusal:
            raise _conflict(refusal) from None

    return answer_once_by(ACTS, request, body, claimed)


def _given(request: Request, form: object) -> Given:
    """The evidence in the body, JSON or form. Raises ValidationError with all that is wrong with it."""
    if not isinstance(form, Form):
        body = GiveEvidence.read(request)
        _refuse_nothing(body)
        return Given(
            texts={kind: text for kind, text in body.items() if text is not None},
            files={},
            taken_back=frozenset(kind for kind, text in body.items() if text is None),
        )
    faults: dict[str, Any] = {}
    files: dict[str, UploadedFile[Any]] = {}
    for kind, file in form.files.items():
        if kind in FILES:
            files[kind] = file
        else:
            faults[kind] = [ErrorDetail("No kind of evidence file.", code="unknown_parameter")]
    texts: dict[str, str] = {}
    try:
        texts = dict(GiveEvidence().run_validation(dict(form.texts)))
    except ValidationError as error:
        faults |= error.detail if isinstance(error.detail, dict) else {}
    if faults:
        raise ValidationError(faults)
    _refuse_nothing({**texts, **files})
    return Given(texts=texts, files=files)


def _refuse_nothing(body: dict[str, Any]) -> None:
    if not body:
        raise Problem(
            status=400,
            type="invalid_request_error",
            code="evidence_missing",
            message="Give at least one text or file.",
        )


def _render_many(disputes: list[Dispute]) -> list[dict[str, Any]]:
    at = now()
    parts = parts_of_many(disputes)
    open_ones = [dispute for dispute in disputes if not dispute.decided]
    past = history(open_ones[0].merchant_id, livemode=open_ones[0].livemode) if open_ones else []
    return [
        render(
            dispute,
            parts[dispute.id],
            estimate=None if dispute.decided else estimate(dispute, parts[dispute.id].kinds, past),
            at=at,
        )
        for dispute in disputes
    ]


def _decoded(public_id: str) -> UUID:
    try:
        return decode("dp", public_id)
    except InvalidId:
        raise NoSuchDispute(public_id) from None


def _conflict(refusal: UnableToAct) -> Problem:
    return Problem(
        status=409,
        type="conflict_error",
        code=refusal.code,
        message=refusal.message,
        payment=encode("pay", refusal.dispute.payment_id),
        retryable=refusal.code == "dispute_processing",
    )


def _unfit(unfit: UnfitFiles) -> ValidationError:
    return ValidationError(
        {
            kind: [ErrorDetail(fault.message, code=fault.code)]
            for kind, fault in unfit.faults.items()
        }
    )
