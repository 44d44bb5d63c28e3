"""/v1/customers: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from typing import Any

from django.core.validators import EmailValidator, RegexValidator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now, rfc3339
from kernel.error_shapes import REFUSALS
from kernel.pages import PAGING, page
from kernel.problems import Problem, StrictSerializer, TextField, bad, no_such
from merchants.authentication import principal_of
from merchants.customers.find import NoSuchCustomer, all_of, find
from merchants.customers.keep import UserIdTaken, erase, keep, person
from merchants.customers.models import Customer
from merchants.customers.sealing import Person, hashes_of


class Address(StrictSerializer):
    """A postal address; whatever is known of it."""

    line1 = TextField(max_length=200, required=False)
    line2 = TextField(max_length=200, required=False)
    postal_code = TextField(max_length=20, required=False)
    city = TextField(max_length=100, required=False)
    state = TextField(max_length=100, required=False)
    country = TextField(
        required=False, validators=[RegexValidator(r"^[A-Z]{2}\Z")], help_text="ISO 3166-1 alpha-2."
    )


class CreateCustomer(StrictSerializer):
    """POST /v1/customers."""

    user_id = TextField(
        max_length=255,
        default="",
        allow_blank=True,
        help_text="As your payments name the payer; one customer a user id.",
    )
    name = TextField(max_length=200, default="", allow_blank=True)
    email = TextField(max_length=254, default="", allow_blank=True, validators=[EmailValidator()])
    phone = TextField(
        default="",
        validators=[RegexValidator(r"^\+[0-9]{6,15}\Z")],
        help_text="E.164: +49301234567.",
    )
    address = Address(required=False)


class CustomerShape(serializers.Serializer[object]):
    """A customer."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["customer"])
    livemode = serializers.BooleanField()
    user_id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    address = Address(allow_null=True)
    created_at = serializers.DateTimeField()


class CustomerList(serializers.Serializer[object]):
    """A page of customers, newest first."""

    object = serializers.ChoiceField(["list"])
    data = CustomerShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()


class ErasedShape(serializers.Serializer[object]):
    """A customer who is no more."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["customer"])
    deleted = serializers.BooleanField()


class Customers(APIView):
    """All customers of a merchant in one mode."""

    required_scopes = {"GET": "customers:read", "POST": "customers:write"}

    @extend_schema(
        operation_id="customers_create",
        request=CreateCustomer,
        responses={201: CustomerShape, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Keep what you know of a payer; each person's under a key of its own, which DELETE destroys."""
        body = CreateCustomer.read(request)
        principal = principal_of(request)
        who = Person(body["name"], body["email"], body["phone"], dict(body.get("address") or {}))
        try:
            customer = keep(
                principal.merchant_id,
                who,
                livemode=principal.livemode,
                user_id=body["user_id"],
                at=now(),
            )
        except UserIdTaken:
            raise Problem(
                status=409,
                type="conflict_error",
                code="customer_exists",
                message="A customer of this user_id exists. Delete it first, or leave it as it is.",
                param="user_id",
            ) from None
        return Response(
            _shown(customer),
            status=201,
            headers={"Location": f"/v1/customers/{customer.public_id}"},
        )

    @extend_schema(
        operation_id="customers_list",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 100, default 20."),
            OpenApiParameter("starting_after", str, description="The page after this one."),
            OpenApiParameter("ending_before", str, description="The page before this one."),
            OpenApiParameter("user_id", str, description="The one of this user id."),
            OpenApiParameter("email", str, description="Those of this whole address."),
        ],
        responses={200: CustomerList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's own customers, newest first."""
        principal = principal_of(request)
        customers = all_of(principal.merchant_id, livemode=principal.livemode)
        for name, value in request.query_params.items():
            if name in {"user_id", "email"} and "\0" in value:
                raise bad(name, "invalid_value", "Not a filter of this list.")
            if name == "user_id":
                customers = customers.filter(user_id=value)
            elif name == "email":
                customers = customers.filter(email_hash__in=hashes_of(str(value)))
            elif name not in PAGING:
                raise bad(name[:100], "unknown_parameter", "Not a filter of this list.")
        shown = page(
            customers, request, prefix="cus", render_many=lambda rows: [_shown(row) for row in rows]
        )
        return Response(shown)


class OneCustomer(APIView):
    """One customer."""

    required_scopes = {"GET": "customers:read", "DELETE": "customers:write"}

    @extend_schema(operation_id="customers_retrieve", responses={200: CustomerShape, **REFUSALS})
    def get(self, request: Request, customer: str) -> Response:
        """The customer, with what is private."""
        principal = principal_of(request)
        try:
            found = find(principal.merchant_id, livemode=principal.livemode, customer=customer)
        except NoSuchCustomer:
            raise no_such("customer") from None
        return Response(_shown(found))

    @extend_schema(operation_id="customers_delete", responses={200: ErasedShape, **REFUSALS})
    def delete(self, request: Request, customer: str) -> Response:
        """Erase the person: the key is destroyed, and what it sealed cannot be read any more, in no copy.

        Payments and books stay; they name the customer by your user_id alone.
        """
        principal = principal_of(request)
        try:
            erase(principal.merchant_id, livemode=principal.livemode, customer=customer, at=now())
        except NoSuchCustomer:
            raise no_such("customer") from None
        return Response({"id": customer, "object": "customer", "deleted": True})


def _shown(customer: Customer) -> dict[str, Any]:
    who = person(customer) or Person()
    return {
        "id": customer.public_id,
        "object": "customer",
        "livemode": customer.livemode,
        "user_id": customer.user_id or None,
        "name": who.name or None,
        "email": who.email or None,
        "phone": who.phone or None,
        "address": who.address or None,
        "created_at": rfc3339(customer.created_at),
    }
