"""/v1/webhook_endpoints: parse into typed arguments, one domain call, render."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now, rfc3339
from kernel.error_shapes import REFUSALS
from kernel.pages import PAGING, page
from kernel.problems import Problem, bad, no_such
from merchants.authentication import principal_of
from merchants.notices import render
from merchants.notices.addresses import UrlNotAllowed
from merchants.notices.again import EndpointDisabled, redeliver_many, send_test
from merchants.notices.find import NoSuchEndpoint, NoSuchEvent, endpoints_of, get_endpoint
from merchants.notices.register import (
    TooManyEndpoints,
    TooMuchMetadata,
    change,
    register,
    remove,
    roll_secret,
)
from merchants.notices.shapes import (
    ChangeEndpoint,
    CreateEndpoint,
    EventShape,
    RedeliverMany,
    RedeliveryShape,
    RollSecret,
    SendTest,
    WebhookEndpointDeletedShape,
    WebhookEndpointList,
    WebhookEndpointShape,
    WebhookEndpointWithSecretShape,
)

SCOPES = {
    "GET": "webhook_endpoints:read",
    "POST": "webhook_endpoints:write",
    "PATCH": "webhook_endpoints:write",
    "DELETE": "webhook_endpoints:write",
}
PAGES = [
    OpenApiParameter("limit", int, description="1 to 100, default 20."),
    OpenApiParameter("starting_after", str, description="The page after this one."),
    OpenApiParameter("ending_before", str, description="The page before this one."),
]


class WebhookEndpoints(APIView):
    """All endpoints of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="webhook_endpoints_create",
        request=CreateEndpoint,
        responses={201: WebhookEndpointWithSecretShape, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Register an endpoint. Its secret is in this reply and in no other."""
        body = CreateEndpoint.read(request)
        body["description"] = body["description"] or ""
        with refused():
            made = register(**_whose(request), at=now(), **body)
        return Response(
            render.endpoint_with_secret(made.endpoint, made.secret),
            status=201,
            headers={"Location": f"/v1/webhook_endpoints/{made.endpoint.public_id}"},
        )

    @extend_schema(
        operation_id="webhook_endpoints_list",
        parameters=PAGES,
        responses={200: WebhookEndpointList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The merchant's endpoints, newest first."""
        for name in request.query_params:
            if name not in PAGING:
                raise bad(name[:100], "unknown_parameter", "Not a filter of this list.")
        shown = page(
            endpoints_of(**_whose(request)),
            request,
            prefix="we",
            render_many=lambda rows: [render.endpoint(row) for row in rows],
        )
        return Response(shown)


class OneWebhookEndpoint(APIView):
    """One endpoint."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="webhook_endpoints_retrieve",
        responses={200: WebhookEndpointShape, **REFUSALS},
    )
    def get(self, request: Request, webhook_endpoint: str) -> Response:
        """The endpoint, without its secret."""
        with refused():
            found = get_endpoint(public_id=webhook_endpoint, **_whose(request))
        return Response(render.endpoint(found))

    @extend_schema(
        operation_id="webhook_endpoints_update",
        request=ChangeEndpoint,
        responses={200: WebhookEndpointShape, **REFUSALS},
    )
    def patch(self, request: Request, webhook_endpoint: str) -> Response:
        """Change what is given; also enable and disable. What is pending at a disabled endpoint is given up."""
        body = ChangeEndpoint.read(request)
        if "description" in body:
            body["description"] = body["description"] or ""
        with refused():
            changed = change(public_id=webhook_endpoint, at=now(), **_whose(request), **body)
        return Response(render.endpoint(changed))

    @extend_schema(
        operation_id="webhook_endpoints_delete",
        responses={200: WebhookEndpointDeletedShape, **REFUSALS},
    )
    def delete(self, request: Request, webhook_endpoint: str) -> Response:
        """It hears nothing any more; its secrets are destroyed."""
        with refused():
            remove(public_id=webhook_endpoint, at=now(), **_whose(request))
        return Response({"id": webhook_endpoint, "object": "webhook_endpoint", "deleted": True})


class RollSecretOfOne(APIView):
    """A new secret."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="webhook_endpoints_roll_secret",
        request=RollSecret,
        responses={200: WebhookEndpointWithSecretShape, **REFUSALS},
    )
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """A new secret, shown once. During the overlap each delivery bears a signature by both."""
        body = RollSecret.read(request)
        with refused():
            made = roll_secret(
                public_id=webhook_endpoint,
                overlap=timedelta(seconds=body["overlap"]),
                at=now(),
                **_whose(request),
            )
        return Response(render.endpoint_with_secret(made.endpoint, made.secret))


class TestOne(APIView):
    """Seeing an endpoint work."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="webhook_endpoints_test",
        request=SendTest,
        responses={202: EventShape, **REFUSALS},
    )
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """Send a webhook_endpoint.test event, once and now; GET /v1/events/{id} tells how it went."""
        SendTest.read(request)
        with refused():
            event = send_test(public_id=webhook_endpoint, at=now(), **_whose(request))
        return Response(render.event_as_it_stands(event), status=202)


class RedeliverToOne(APIView):
    """What an endpoint has missed."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="webhook_endpoints_redeliver",
        request=RedeliverMany,
        responses={202: RedeliveryShape, **REFUSALS},
    )
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """Send again what the endpoint subscribed to and did not get; also what happened while it was disabled."""
        body = RedeliverMany.read(request)
        at = now()
        if body["since"] >= at:
            raise bad("since", "invalid_value", "This is in the future.")
        with refused():
            again = redeliver_many(
                public_id=webhook_endpoint,
                since=body["since"],
                until=body.get("until", at),
                only_failed=body["only_failed"],
                at=at,
                **_whose(request),
            )
        return Response(
            {
                "object": "redelivery",
                "webhook_endpoint": webhook_endpoint,
                "count": again.count,
                "since": rfc3339(again.since),
                "until": rfc3339(again.until),
                "has_more": again.more,
            },
            status=202,
        )


@contextmanager
def refused() -> Iterator[None]:
    """What the verbs refuse, as the API says it."""
    try:
        yield
    except NoSuchEndpoint:
        raise no_such("webhook endpoint") from None
    except NoSuchEvent:
        raise no_such("event") from None
    except UrlNotAllowed as error:
        raise bad("url", "url_not_allowed", str(error)) from None
    except TooMuchMetadata:
        raise bad("metadata", "too_many_keys", "Metadata holds at most 50 keys.") from None
    except TooManyEndpoints as error:
        message = f"{str(error).capitalize()}; delete one first."
        raise conflict("too_many_webhook_endpoints", message) from None
    except EndpointDisabled:
        message = "No enabled webhook endpoint would get this; enable it first."
        raise conflict("webhook_endpoint_disabled", message) from None


def conflict(code: str, message: str) -> Problem:
    return Problem(status=409, type="conflict_error", code=code, message=message)


def _whose(request: Request) -> dict[str, Any]:
    principal = principal_of(request)
    return {"merchant_id": principal.merchant_id, "livemode": principal.livemode}
