"""/v1/fx/quotes: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now, rfc3339
from kernel.currencies import EXPONENTS
from kernel.error_shapes import REFUSALS
from kernel.ids import InvalidId, decode, encode
from kernel.pages import page
from kernel.problems import AmountField, CurrencyField, Problem, StrictSerializer, bad, no_such
from merchants.authentication import principal_of
from paygate.api.filters import Filters, filtered
from paygate.fx.exchange import UnableToConvert, written
from paygate.fx.models import Quote
from paygate.fx.quote import NoSuchQuote, UnableToUseQuote, all_quotes, find_quote, make_quote

SCOPES = {"GET": "fx:read", "POST": "fx:write"}
QUOTES = Filters(
    choices={
        "from_currency": ("from_currency", EXPONENTS),
        "to_currency": ("to_currency", EXPONENTS),
    },
    objects={"payment": ("payment_id", "pay")},
    metadata=False,
)


class CreateQuote(StrictSerializer):
    """POST /v1/fx/quotes."""

    from_currency = CurrencyField(help_text="The payment's.")
    to_currency = CurrencyField(help_text="Into which it is converted.")
    amount = AmountField(
        required=False,
        help_text="The most that the payment may be, in minor units; default: any amount.",
    )


class QuoteShape(serializers.Serializer[object]):
    """A rate that is held for some minutes, for one payment."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["fx_quote"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(["open", "used", "expired"])
    from_currency = serializers.CharField()
    to_currency = serializers.CharField()
    rate = serializers.CharField(help_text="What one unit of from_currency brings you.")
    market_rate = serializers.CharField(help_text="What it is worth at the market's last rate.")
    amount = serializers.IntegerField(allow_null=True)
    converted_amount = serializers.IntegerField(allow_null=True)
    payment = serializers.CharField(allow_null=True, help_text="The one that used it.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class QuoteList(serializers.Serializer[object]):
    """A page of quotes, newest first."""

    object = serializers.ChoiceField(["list"])
    data = QuoteShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class Quotes(APIView):
    """All quotes of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="fx_quotes_create",
        request=CreateQuote,
        responses={201: QuoteShape, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Hold a rate: give its id as `fx_quote` to the payment that is to be converted by it."""
        body = CreateQuote.read(request)
        if body["from_currency"] == body["to_currency"]:
            raise bad("to_currency", "same_currency", "There is nothing to convert.")
        principal = principal_of(request)
        at = now()
        try:
            quote = make_quote(
                principal.merchant_id,
                livemode=principal.livemode,
                sold=body["from_currency"],
                bought=body["to_currency"],
                amount=body.get("amount"),
                at=at,
            )
        except UnableToConvert as error:
            raise _no_rate(error) from None
        shown = _render(quote, at=at)
        return Response(shown, status=201, headers={"Location": f"/v1/fx/quotes/{shown['id']}"})

    @extend_schema(
        operation_id="fx_quotes_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this quote."),
            OpenApiParameter("ending_before", str, description="The page before this quote."),
            OpenApiParameter("from_currency", str),
            OpenApiParameter("to_currency", str),
            OpenApiParameter("payment", str, description="The one that payment used."),
            OpenApiParameter("created[gte]", datetime),
            OpenApiParameter("created[lt]", datetime),
        ],
        responses={200: QuoteList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's quotes, newest first."""
        principal = principal_of(request)
        at = now()
        rows = all_quotes(principal.merchant_id, livemode=principal.livemode)
        return Response(
            page(
                filtered(rows, request, QUOTES),
                request,
                prefix="fxq",
                render_many=lambda quotes: [_render(quote, at=at) for quote in quotes],
            )
        )


class OneQuote(APIView):
    """One quote."""

    required_scopes = SCOPES

    @extend_schema(operation_id="fx_quotes_retrieve", responses={200: QuoteShape, **REFUSALS})
    def get(self, request: Request, quote: str) -> Response:
        """The quote as it is now."""
        principal = principal_of(request)
        try:
            found = find_quote(
                principal.merchant_id, decode("fxq", quote), livemode=principal.livemode
            )
        except (InvalidId, NoSuchQuote):
            raise no_such("quote") from None
        return Response(_render(found, at=now()))


def unusable(error: UnableToUseQuote) -> Problem:
    """How a payment is refused whose quote is not to be had, or not for it."""
    gone = error.code in {"fx_quote_used", "fx_quote_expired"}
    return Problem(
        status=409 if gone else 400,
        type="conflict_error" if gone else "invalid_request_error",
        code=error.code,
        message=error.message,
        param="fx_quote",
    )


def _no_rate(error: UnableToConvert) -> Problem:
    if not error.retryable:
        return bad("to_currency", "fx_pair_unsupported", error.message)
    return Problem(
        status=503,
        type="api_error",
        code="fx_rate_unavailable",
        message=error.message,
        retryable=True,
        headers={"Retry-After": "300"},
    )


def _render(quote: Quote, *, at: datetime) -> dict[str, Any]:
    return {
        "id": quote.public_id,
        "object": "fx_quote",
        "livemode": quote.livemode,
        "status": quote.status(at=at),
        "from_currency": quote.from_currency,
        "to_currency": quote.to_currency,
        "rate": written(quote.rate),
        "market_rate": written(quote.market),
        "amount": quote.amount,
        "converted_amount": quote.converted_amount,
        "payment": quote.payment_id and encode("pay", quote.payment_id),
        "created_at": rfc3339(quote.created_at),
        "expires_at": rfc3339(quote.expires_at),
    }
