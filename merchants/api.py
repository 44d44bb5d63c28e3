"""/v1/payment_methods and /v1/account: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.card_numbers import card_number_not_allowed
from kernel.clock import now, rfc3339
from kernel.error_shapes import REFUSALS
from kernel.pages import PAGING, page
from kernel.problems import Problem, StrictSerializer, TextField, no_such
from merchants.authentication import principal_of
from merchants.fees import plans_in_effect
from merchants.funds.models import RefundRate, Terms
from merchants.funds.terms import terms_in_effect
from merchants.models import FeePlan, Merchant, PaymentMethod
from merchants.payment_methods.bind import TokenIsCardNumber, bind, let_go
from merchants.payment_methods.find import NoSuchPaymentMethod, all_of, find
from merchants.payment_methods.test_tokens import TEST_CARDS, Card


class Tokens(StrictSerializer):
    """The PSPs' own tokens for one card; at least one."""

    def get_fields(self) -> dict[str, Any]:
        return {psp: TextField(max_length=255, required=False) for psp in settings.PSPS}

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if not attrs:
            raise serializers.ValidationError("Give the token of at least one PSP.", "required")
        return attrs


class CreatePaymentMethod(StrictSerializer):
    """POST /v1/payment_methods."""

    tokens = Tokens()
    brand = TextField(max_length=40, default="", allow_blank=True)
    last4 = TextField(default="", validators=[RegexValidator(r"^[0-9]{4}\Z")])
    exp_month = serializers.IntegerField(min_value=1, max_value=12, default=None, allow_null=True)
    exp_year = serializers.IntegerField(
        min_value=2000, max_value=2100, default=None, allow_null=True
    )
    country = TextField(
        default="", validators=[RegexValidator(r"^[A-Z]{2}\Z")], help_text="Of the issuer."
    )
    user_id = TextField(max_length=255, default="", allow_blank=True)


class PaymentMethodShape(serializers.Serializer[object]):
    """A payment method."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["payment_method"])
    livemode = serializers.BooleanField()
    tokens = serializers.DictField(child=serializers.CharField())
    brand = serializers.CharField(allow_null=True)
    last4 = serializers.CharField(allow_null=True)
    exp_month = serializers.IntegerField(allow_null=True)
    exp_year = serializers.IntegerField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    user_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)


class PaymentMethodList(serializers.Serializer[object]):
    """A page of payment methods, newest first."""

    object = serializers.ChoiceField(["list"])
    data = PaymentMethodShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class DeletedShape(serializers.Serializer[object]):
    """What is no more."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["payment_method"])
    deleted = serializers.BooleanField()


class FeeTierShape(serializers.Serializer[object]):
    """What a payment costs from a volume on."""

    volume = serializers.IntegerField(help_text="Captured in the calendar month (UTC) before it.")
    basis_points = serializers.IntegerField()
    fixed = serializers.IntegerField()


class FeePlanShape(serializers.Serializer[object]):
    """What a payment costs: a share in basis points and a fixed part in minor units.

    Of several plans that count for a payment the one that names the most of PSP, method, country and currency does.
    """

    psp = serializers.CharField(allow_null=True)
    method = serializers.CharField(allow_null=True, help_text='A brand of card, or "card".')
    country = serializers.CharField(
        allow_null=True, help_text='The card issuer\'s, or "domestic", "eea", "other".'
    )
    currency = serializers.CharField(allow_null=True)
    pricing = serializers.ChoiceField(FeePlan.Pricing.choices)
    basis_points = serializers.IntegerField()
    fixed = serializers.IntegerField()
    minimum = serializers.IntegerField()
    maximum = serializers.IntegerField(allow_null=True)
    tiers = FeeTierShape(many=True)
    refund_fee = serializers.IntegerField(
        allow_null=True, help_text="Null: what a less specific plan says."
    )
    dispute_fee = serializers.IntegerField(
        allow_null=True, help_text="Null: what a less specific plan says."
    )
    effective_from = serializers.DateTimeField()


class PayoutTermsShape(serializers.Serializer[object]):
    """When what you take is yours to be paid."""

    delay_days = serializers.IntegerField(
        help_text="Business days from the day of a capture until it is available: T+n."
    )
    calendar = serializers.CharField(help_text="Whose business days: target, us, gb, jp, weekdays.")
    time_zone = serializers.CharField(help_text="Where days begin and end.")
    cutoff = serializers.CharField(
        allow_null=True, help_text="Local time after which a capture counts as the next day's."
    )
    reserve_basis_points = serializers.IntegerField(
        help_text="The part that is held back of what becomes available, in 1/100 %."
    )
    reserve_days = serializers.IntegerField(help_text="Calendar days for which it is.")
    refund_rate = serializers.ChoiceField(RefundRate.choices)
    convert = serializers.BooleanField(
        help_text="Is each payment in another currency converted into the settlement currency?"
    )
    fx_spread_basis_points = serializers.IntegerField()


class AccountShape(serializers.Serializer[object]):
    """The merchant."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["account"])
    livemode = serializers.BooleanField()
    name = serializers.CharField()
    status = serializers.ChoiceField(Merchant.Status.choices)
    country = serializers.CharField()
    settlement_currency = serializers.CharField()
    capabilities = serializers.DictField(child=serializers.CharField())
    fee_plan = FeePlanShape(many=True)
    payout_terms = PayoutTermsShape()
    created_at = serializers.DateTimeField()


class PaymentMethods(APIView):
    """All payment methods of a merchant in one mode."""

    required_scopes = {"GET": "payment_methods:read", "POST": "payment_methods:write"}

    @extend_schema(
        operation_id="payment_methods_create",
        request=CreatePaymentMethod,
        responses={201: PaymentMethodShape, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Bind the PSPs' tokens for a card to one payment method; never a card number."""
        body = CreatePaymentMethod.read(request)
        principal = principal_of(request)
        try:
            method = bind(principal.merchant_id, livemode=principal.livemode, at=now(), **body)
        except TokenIsCardNumber:
            raise card_number_not_allowed("tokens") from None
        return Response(
            _method(method),
            status=201,
            headers={"Location": f"/v1/payment_methods/{method.public_id}"},
        )

    @extend_schema(
        operation_id="payment_methods_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this one."),
            OpenApiParameter("ending_before", str, description="The page before this one."),
            OpenApiParameter("user_id", str, description="Those of one payer."),
        ],
        responses={200: PaymentMethodList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's own payment methods, newest first."""
        principal = principal_of(request)
        methods = all_of(principal.merchant_id, livemode=principal.livemode)
        for name, value in request.query_params.items():
            if name == "user_id" and "\0" not in value:
                methods = methods.filter(user_id=value)
            elif name not in PAGING:
                raise Problem(
                    status=400,
                    type="invalid_request_error",
                    code="invalid_value" if name == "user_id" else "unknown_parameter",
                    message="Not a filter of this list.",
                    param=name[:100],
                )
        shown = page(
            methods, request, prefix="pm", render_many=lambda rows: [_method(row) for row in rows]
        )
        return Response(shown)


class OnePaymentMethod(APIView):
    """One payment method."""

    required_scopes = {"GET": "payment_methods:read", "DELETE": "payment_methods:write"}

    @extend_schema(
        operation_id="payment_methods_retrieve", responses={200: PaymentMethodShape, **REFUSALS}
    )
    def get(self, request: Request, payment_method: str) -> Response:
        """The payment method; in test mode also the well-known ones."""
        principal = principal_of(request)
        if not principal.livemode and payment_method in TEST_CARDS:
            return Response(_test_card(TEST_CARDS[payment_method]))
        try:
            method = find(
                principal.merchant_id, livemode=principal.livemode, payment_method=payment_method
            )
        except NoSuchPaymentMethod:
            raise no_such("payment method") from None
        return Response(_method(method))

    @extend_schema(operation_id="payment_methods_delete", responses={200: DeletedShape, **REFUSALS})
    def delete(self, request: Request, payment_method: str) -> Response:
        """No payment can be made with it any more; those made go on naming it."""
        principal = principal_of(request)
        if not principal.livemode and payment_method in TEST_CARDS:
            raise Problem(
                status=409,
                type="conflict_error",
                code="test_payment_method",
                message="The well-known payment methods of test mode cannot be deleted.",
            )
        try:
            let_go(
                principal.merchant_id,
                livemode=principal.livemode,
                payment_method=payment_method,
                at=now(),
            )
        except NoSuchPaymentMethod:
            raise no_such("payment method") from None
        return Response({"id": payment_method, "object": "payment_method", "deleted": True})


class Account(APIView):
    """The merchant whose key it is."""

    required_scopes = {"GET": "account:read"}

    @extend_schema(operation_id="account_retrieve", responses={200: AccountShape, **REFUSALS})
    def get(self, request: Request) -> Response:
        """Status, capabilities, what a payment costs and when it is yours."""
        principal = principal_of(request)
        merchant = Merchant.objects.get(id=principal.merchant_id)
        return Response(
            {
                "id": merchant.public_id,
                "object": "account",
                "livemode": principal.livemode,
                "name": merchant.name,
                "status": merchant.status,
                "country": merchant.country,
                "settlement_currency": merchant.settlement_currency,
                "capabilities": {"card_payments": merchant.status},
                "fee_plan": [_plan(plan) for plan in plans_in_effect(merchant.id, at=now())],
                "payout_terms": _terms(terms_in_effect(merchant.id, at=now())),
                "created_at": rfc3339(merchant.created_at),
            }
        )


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """What the OpenAPI document says of the key."""

    target_class = "merchants.authentication.ApiKeyAuthentication"
    name = "api_key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Your API key: sk_test_…"}


def _method(method: PaymentMethod) -> dict[str, Any]:
    return {
        "id": method.public_id,
        "object": "payment_method",
        "livemode": method.livemode,
        "tokens": method.tokens,
        "brand": method.brand or None,
        "last4": method.last4 or None,
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "country": method.country or None,
        "user_id": method.user_id or None,
        "created_at": rfc3339(method.created_at),
    }


def _test_card(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "object": "payment_method",
        "livemode": False,
        "tokens": dict(card.tokens),
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": None,
        "exp_year": None,
        "country": None,
        "user_id": None,
        "created_at": None,
    }


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "delay_days": terms.delay_days,
        "calendar": terms.calendar,
        "time_zone": terms.time_zone,
        "cutoff": terms.cutoff and terms.cutoff.isoformat(),
        "reserve_basis_points": terms.reserve_basis_points,
        "reserve_days": terms.reserve_days,
        "refund_rate": terms.refund_rate,
        "convert": terms.convert,
        "fx_spread_basis_points": terms.fx_spread_basis_points,
    }


def _plan(plan: FeePlan) -> dict[str, Any]:
    return {
        "psp": plan.psp or None,
        "method": plan.method or None,
        "country": plan.country or None,
        "currency": plan.currency or None,
        "pricing": plan.pricing,
        "basis_points": plan.basis_points,
        "fixed": plan.fixed_minor,
        "minimum": plan.minimum_minor,
        "maximum": plan.maximum_minor,
        "tiers": [
            {"volume": tier["from"], "basis_points": tier["basis_points"], "fixed": tier["fixed"]}
            for tier in plan.tiers
        ],
        "refund_fee": plan.refund_fee_minor,
        "dispute_fee": plan.dispute_fee_minor,
        "effective_from": rfc3339(plan.effective_from),
    }
