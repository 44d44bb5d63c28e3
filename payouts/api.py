"""/v1/payouts and /v1/payout_destinations: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now
from kernel.currencies import EXPONENTS
from kernel.error_shapes import REFUSALS
from kernel.idempotency.replay import Reply
from kernel.ids import InvalidId, decode, encode, uuid7
from kernel.pages import page
from kernel.problems import Problem, no_such
from merchants.authentication import Principal, principal_of
from paygate.api.filters import Filters, filtered
from paygate.api.idempotent import Deed, answer_at_once
from paygate.api.payments import KEY_HEADER
from payouts.cancel import TooLate, cancel
from payouts.create import UnableToPayOut, Wanted, create
from payouts.destinations import Account, UnfitDestination, propose, shown
from payouts.find import (
    NoSuchDestination,
    NoSuchPayout,
    all_of,
    destinations_of,
    get,
    get_destination,
    render,
)
from payouts.models import Destination, Payout, Rail, State
from payouts.shapes import (
    CancelPayout,
    CreatePayout,
    DestinationList,
    DestinationShape,
    PayoutList,
    PayoutShape,
    ProposeDestination,
)

SCOPES = {"GET": "payouts:read", "POST": "payouts:write"}
PAYOUTS = Filters(
    choices={
        "status": ("state", State.values),
        "currency": ("currency", EXPONENTS),
        "rail": ("rail", Rail.values),
        "method": ("method", Payout.Method.values),
    },
    texts={"psp_reference": "psp_reference"},
    objects={"destination": ("destination_id", "pd")},
)
DESTINATIONS = Filters(
    choices={
        "status": ("state", Destination.State.values),
        "currency": ("currency", EXPONENTS),
        "rail": ("rail", Rail.values),
    },
    metadata=False,
)
PAGE = [
    OpenApiParameter("limit", int, description="1 to 100, default 20."),
    OpenApiParameter("starting_after", str, description="The page after this one."),
    OpenApiParameter("ending_before", str, description="The page before this one."),
    OpenApiParameter("status", str),
    OpenApiParameter("currency", str),
    OpenApiParameter("rail", str),
    OpenApiParameter("created[gte]", datetime),
    OpenApiParameter("created[lt]", datetime),
]


class Payouts(APIView):
    """All payouts of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payouts_create",
        request=CreatePayout,
        parameters=[KEY_HEADER],
        responses={201: PayoutShape, **REFUSALS},
    )
    def post(self, request: Request) -> Any:
        """Pay out what is available, or a part of it: 201 with a draft, whose amount is set aside at once.

        It leaves with the next batch that our finance approves. 409 balance_insufficient when less is available,
        no_payout_destination or destination_cooling_off while there is nowhere to pay it to.
        """
        body = CreatePayout.read(request)
        principal = principal_of(request)
        id_ = uuid7()
        destination = body.get("destination")

        def do(at: datetime) -> Reply:
            wanted = Wanted(
                currency=body["currency"],
                amount=body.get("amount"),
                destination=None if destination is None else _named(destination),
                description=body["description"],
                statement_descriptor=body["statement_descriptor"],
                metadata=body["metadata"],
            )
            try:
                payout = create(
                    principal.merchant_id, wanted, id_=id_, livemode=principal.livemode, at=at
                )
            except NoSuchDestination:
                raise no_such("payout_destination", param="destination") from None
            except UnableToPayOut as refusal:
                raise _refused(refusal) from None
            return _reply(201, payout)

        deed = Deed(id_, f"/v1/payouts/{encode('po', id_)}", do, _present(principal, 201))
        return answer_at_once(request, body, deed)

    @extend_schema(
        operation_id="payouts_list",
        parameters=[
            *PAGE,
            OpenApiParameter("method", str),
            OpenApiParameter("psp_reference", str),
            OpenApiParameter("destination", str),
        ],
        responses={200: PayoutList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's payouts, newest first; also by metadata[key]=value."""
        principal = principal_of(request)
        rows = all_of(principal.merchant_id, livemode=principal.livemode)
        found = filtered(rows, request, PAYOUTS)
        return Response(page(found, request, prefix="po", render_many=render))


class OnePayout(APIView):
    """One payout."""

    required_scopes = SCOPES

    @extend_schema(operation_id="payouts_retrieve", responses={200: PayoutShape, **REFUSALS})
    def get(self, request: Request, payout: str) -> Response:
        """The payout as it is now."""
        return Response(render([_found(request, payout)])[0])


class CancelOne(APIView):
    """Calling a payout off."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payouts_cancel",
        request=CancelPayout,
        parameters=[KEY_HEADER],
        responses={200: PayoutShape, **REFUSALS},
    )
    def post(self, request: Request, payout: str) -> Any:
        """Call it off while it was not sent: what was set aside is available again. 409 invalid_state after that."""
        body = CancelPayout.read(request)
        principal = principal_of(request)
        found = _found(request, payout)

        def do(at: datetime) -> Reply:
            try:
                return _reply(200, cancel(found, at=at))
            except TooLate as refusal:
                raise Problem(
                    status=409,
                    type="conflict_error",
                    code="invalid_state",
                    message=str(refusal),
                ) from None

        deed = Deed(found.id, f"/v1/payouts/{found.public_id}", do, _present(principal, 200))
        return answer_at_once(request, body, deed)


class Destinations(APIView):
    """Where a merchant is paid to."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payout_destinations_create",
        request=ProposeDestination,
        responses={201: DestinationShape, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Propose where to be paid. We approve it, and after a cooling-off time payouts go there.

        An account number that could be a card's is refused here as everywhere (card_number_not_allowed): give that
        one to our support.
        """
        body = ProposeDestination.read(request)
        principal = principal_of(request)
        try:
            made = propose(
                principal.merchant_id,
                Account(**{**body, "rail": Rail(body["rail"]) if "rail" in body else None}),
                livemode=principal.livemode,
                by=f"API key {principal.key_id}",
                at=now(),
            )
        except UnfitDestination as fault:
            raise Problem(
                status=400,
                type="invalid_request_error",
                code="invalid_destination",
                message=fault.message,
                param=fault.param,
            ) from None
        response = Response(shown(made), status=201)
        response["Location"] = f"/v1/payout_destinations/{made.public_id}"
        return response

    @extend_schema(
        operation_id="payout_destinations_list",
        parameters=PAGE,
        responses={200: DestinationList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's destinations, newest first."""
        principal = principal_of(request)
        rows = destinations_of(principal.merchant_id, livemode=principal.livemode)
        return Response(
            page(
                filtered(rows, request, DESTINATIONS),
                request,
                prefix="pd",
                render_many=lambda found: [dict(shown(one)) for one in found],
            )
        )


class OneDestination(APIView):
    """One destination."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="payout_destinations_retrieve", responses={200: DestinationShape, **REFUSALS}
    )
    def get(self, request: Request, destination: str) -> Response:
        """The destination as it is now."""
        principal = principal_of(request)
        try:
            id_ = decode("pd", destination)
            found = get_destination(principal.merchant_id, id_, livemode=principal.livemode)
        except (NoSuchDestination, InvalidId):
            raise no_such("payout_destination") from None
        return Response(shown(found))


def _found(request: Request, payout: str) -> Payout:
    principal = principal_of(request)
    try:
        return get(principal.merchant_id, decode("po", payout), livemode=principal.livemode)
    except (NoSuchPayout, InvalidId):
        raise no_such("payout") from None


def _named(destination: str) -> UUID:
    try:
        return decode("pd", destination)
    except InvalidId:
        raise no_such("payout_destination", param="destination") from None


def _reply(status: int, payout: Payout) -> Reply:
    return Reply(status, orjson.dumps(render([payout])[0]).decode())


def _present(principal: Principal, status: int) -> Any:
    """How a payout stands, for a key whose stored reply is kept no more."""
    return lambda subject: _reply(
        status, get(principal.merchant_id, subject, livemode=principal.livemode)
    )


def _refused(refusal: UnableToPayOut) -> Problem:
    return Problem(
        status=409,
        type="conflict_error",
        code=refusal.code,
        message=refusal.message,
        param=refusal.param or None,
    )
