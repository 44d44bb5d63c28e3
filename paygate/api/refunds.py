"""/v1/refunds: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now
from kernel.error_shapes import REFUSALS
from kernel.ids import InvalidId, decode
from kernel.pages import page
from kernel.problems import no_such
from merchants.authentication import principal_of
from paygate.api.filters import REFUNDS, filtered
from paygate.api.idempotent import answer_once
from paygate.api.payments import KEY_HEADER, PREFER, payment_id
from paygate.api.shapes import CreateRefund, RefundList, RefundShape
from paygate.payments.create import Claimed
from paygate.payments.find import NoSuchPayment, NoSuchRefund, all_refunds_of, get_refund
from paygate.payments.refund import refund
from paygate.payments.render import render_refund
from paygate.payments.write import BindKey

SCOPES = {"GET": "refunds:read", "POST": "refunds:write"}


class Refunds(APIView):
    """All refunds of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="refunds_create",
        request=CreateRefund,
        parameters=[KEY_HEADER, PREFER],
        responses={201: RefundShape, 202: RefundShape, **REFUSALS},
    )
    def post(self, request: Request) -> Any:
        """Give back what was taken: 201 when it has succeeded, 202 while the PSP has yet to say.

        The amount is reserved at once, so that any number of refunds at the same moment never give back more
        than was captured. 400 amount_too_large when less is left; 409 already_refunded when nothing is,
        payment_disputed while a dispute holds the payment, invalid_state when nothing was taken.
        """
        body = CreateRefund.read(request)
        principal = principal_of(request)

        def claim(bind: BindKey) -> Claimed:
            try:
                return refund(
                    principal.merchant_id,
                    payment_id(body["payment"]),
                    livemode=principal.livemode,
                    amount=body.get("amount"),
                    reason=body["reason"] or "",
                    metadata=body["metadata"],
                    bind=bind,
                    now=now(),
                )
            except NoSuchPayment:
                raise no_such("payment", param="payment") from None

        return answer_once(request, body, claim)

    @extend_schema(
        operation_id="refunds_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this refund."),
            OpenApiParameter("ending_before", str, description="The page before this refund."),
            OpenApiParameter("payment", str),
            OpenApiParameter("status", str),
            OpenApiParameter("psp", str),
            OpenApiParameter("currency", str),
            OpenApiParameter("psp_reference", str),
            OpenApiParameter("created[gte]", datetime),
            OpenApiParameter("created[lt]", datetime),
        ],
        responses={200: RefundList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's refunds, newest first; also by metadata[key]=value."""
        principal = principal_of(request)
        refunds = all_refunds_of(principal.merchant_id, livemode=principal.livemode)
        return Response(
            page(
                filtered(refunds, request, REFUNDS),
                request,
                prefix="re",
                render_many=lambda rows: [render_refund(row) for row in rows],
            )
        )


class OneRefund(APIView):
    """One refund."""

    required_scopes = SCOPES

    @extend_schema(operation_id="refunds_retrieve", responses={200: RefundShape, **REFUSALS})
    def get(self, request: Request, refund: str) -> Response:
        """The refund as it is now."""
        principal = principal_of(request)
        try:
            found = get_refund(
                principal.merchant_id, decode("re", refund), livemode=principal.livemode
            )
        except (NoSuchRefund, InvalidId):
            raise no_such("refund") from None
        return Response(render_refund(found))
