"""/v1/payments: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now
from kernel.error_shapes import REFUSALS
from kernel.ids import InvalidId, decode
from kernel.money import Money
from kernel.pages import page
from kernel.problems import Problem, no_such
from merchants.authentication import principal_of
from merchants.payment_methods.find import NoSuchPaymentMethod
from paygate.api.filters import PAYMENTS, filtered
from paygate.api.fx import unusable
from paygate.api.idempotent import answer_once
from paygate.api.shapes import (
    CancelPayment,
    CapturePayment,
    ConfirmPayment,
    CreatePayment,
    PaymentList,
    PaymentShape,
)
from paygate.fx.quote import NoSuchQuote, UnableToUseQuote
from paygate.payments.cancel import cancel
from paygate.payments.capture import capture
from paygate.payments.confirm import confirm
from paygate.payments.create import Claimed, Order, create
from paygate.payments.find import NoSuchPayment, all_of, attempts_of, attempts_of_many, get
from paygate.payments.models import Payment
from paygate.payments.render import render
from paygate.payments.write import BindKey
from paygate.routing.choose import UnableToRoute

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters; here or in the body as idempotency_key.",
)
PREFER = OpenApiParameter(
    "Prefer", str, OpenApiParameter.HEADER, description="respond-async answers 202 at once."
)
SCOPES = {"GET": "payments:read", "POST": "payments:write"}


class Payments(APIView):
    """All payments of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payments_create",
        request=CreatePayment,
        parameters=[KEY_HEADER, PREFER],
        responses={201: PaymentShape, 202: PaymentShape, **REFUSALS},
    )
    def post(self, request: Request) -> Any:
        """Take a payment: 201 with its outcome, or 202 when the outcome is not known yet."""
        body = CreatePayment.read(request)
        principal = principal_of(request)

        def claim(bind: BindKey) -> Claimed:
            order = Order(
                user_id=body["user_id"],
                amount=Money(body["amount"], body["currency"]),
                payment_method=body["payment_method"],
                capture_method=body["capture_method"],
                psp=body["psp"],
                description=body["description"] or "",
                statement_descriptor=body["statement_descriptor"] or "",
                return_url=body["return_url"] or "",
                metadata=body["metadata"],
                fx_quote=body.get("fx_quote"),
            )
            try:
                return create(
                    principal.merchant_id, order, livemode=principal.livemode, bind=bind, now=now()
                )
            except NoSuchPaymentMethod:
                raise no_such("payment method", param="payment_method") from None
            except UnableToRoute as error:
                raise _no_route(error) from None
            except NoSuchQuote:
                raise no_such("quote", param="fx_quote") from None
            except UnableToUseQuote as error:
                raise unusable(error) from None

        return answer_once(request, body, claim)

    @extend_schema(
        operation_id="payments_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this payment."),
            OpenApiParameter("ending_before", str, description="The page before this payment."),
            OpenApiParameter("status", str),
            OpenApiParameter("psp", str),
            OpenApiParameter("currency", str),
            OpenApiParameter("user_id", str),
            OpenApiParameter("psp_reference", str),
            OpenApiParameter("created[gte]", datetime),
            OpenApiParameter("created[lt]", datetime),
        ],
        responses={200: PaymentList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's payments, newest first; also by metadata[key]=value."""
        principal = principal_of(request)
        payments = all_of(principal.merchant_id, livemode=principal.livemode)
        return Response(
            page(
                filtered(payments, request, PAYMENTS),
                request,
                prefix="pay",
                render_many=_render_many,
            )
        )


class OnePayment(APIView):
    """One payment."""

    required_scopes = SCOPES

    @extend_schema(operation_id="payments_retrieve", responses={200: PaymentShape, **REFUSALS})
    def get(self, request: Request, payment: str) -> Response:
        """The payment as it is now."""
        found = _payment(request, payment)
        return Response(render(found, attempts_of(found)))


class CaptureOne(APIView):
    """Taking what is held."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payments_capture",
        request=CapturePayment,
        parameters=[KEY_HEADER, PREFER],
        responses={200: PaymentShape, 202: PaymentShape, **REFUSALS},
    )
    def post(self, request: Request, payment: str) -> Any:
        """Capture all that is left, or `amount` of it; with `final` (the default) the rest is released."""
        body = CapturePayment.read(request)

        def claim(bind: BindKey) -> Claimed:
            return capture(
                _payment(request, payment),
                amount=body.get("amount"),
                final=body["final"],
                bind=bind,
                now=now(),
            )

        return answer_once(request, body, claim)


class CancelOne(APIView):
    """Voiding what is held."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payments_cancel",
        request=CancelPayment,
        parameters=[KEY_HEADER, PREFER],
        responses={200: PaymentShape, 202: PaymentShape, **REFUSALS},
    )
    def post(self, request: Request, payment: str) -> Any:
        """Release what is held, or give up waiting for the customer."""
        body = CancelPayment.read(request)

        def claim(bind: BindKey) -> Claimed:
            return cancel(_payment(request, payment), bind=bind, now=now())

        return answer_once(request, body, claim)


class ConfirmOne(APIView):
    """Finishing what the customer had to do."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payments_confirm",
        request=ConfirmPayment,
        parameters=[KEY_HEADER, PREFER],
        responses={200: PaymentShape, 202: PaymentShape, **REFUSALS},
    )
    def post(self, request: Request, payment: str) -> Any:
        """After the customer came back to the return_url: ask the PSP how it went."""
        body = ConfirmPayment.read(request)
        result = {"redirect_result": body["redirect_result"]} if body["redirect_result"] else {}

        def claim(bind: BindKey) -> Claimed:
            return confirm(_payment(request, payment), result=result, bind=bind, now=now())

        return answer_once(request, body, claim)


def _payment(request: Request, public_id: str) -> Payment:
    principal = principal_of(request)
    try:
        return get(principal.merchant_id, payment_id(public_id), livemode=principal.livemode)
    except NoSuchPayment:
        raise no_such("payment") from None


def payment_id(public_id: str) -> UUID:
    """Raises NoSuchPayment for what is no id of one."""
    try:
        return decode("pay", public_id)
    except InvalidId:
        raise NoSuchPayment(public_id) from None


def _render_many(payments: list[Payment]) -> list[dict[str, Any]]:
    attempts = attempts_of_many(payments)
    return [render(payment, attempts[payment.id]) for payment in payments]


def _no_route(error: UnableToRoute) -> Problem:
    if error.retryable:
        return Problem(
            status=503,
            type="api_error",
            code="psp_unavailable",
            message="No PSP that could take this payment is well just now; nothing was started.",
            retryable=True,
            headers={"Retry-After": "5"},
        )
    return Problem(
        status=400,
        type="invalid_request_error",
        code="no_route",
        message=f"No PSP can take this payment. {error}",
        param="payment_method",
    )
