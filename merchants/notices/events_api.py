"""/v1/events: what happened, and what became of telling it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.clock import now
from kernel.error_shapes import REFUSALS
from kernel.moments import moment_of
from kernel.outbox.models import OutboxEvent
from kernel.pages import PAGING, page
from kernel.problems import bad
from merchants.authentication import principal_of
from merchants.notices import render
from merchants.notices.again import redeliver
from merchants.notices.api import PAGES, refused
from merchants.notices.find import NoSuchEndpoint, deliveries_of, events_of, get_event
from merchants.notices.shapes import EventList, EventShape, RedeliverOne

SCOPES = {"GET": "events:read", "POST": "events:write"}
TYPE = re.compile(r"[a-z_]{1,30}\.([a-z_]{1,40}|\*)")
SUBJECT = re.compile(r"[a-z]{1,5}_[0-9a-z]{26}")
CREATED = re.compile(r"created\[(gte|gt|lte|lt)\]")


class Events(APIView):
    """All events of a merchant in one mode."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="events_list",
        parameters=[
            *PAGES,
            OpenApiParameter(
                "type", str, description="payment.captured, or payment.* for all of a family."
            ),
            OpenApiParameter("subject", str, description="Of one object: pay_…, re_…, dp_…"),
            OpenApiParameter("created[gte]", datetime),
            OpenApiParameter("created[lt]", datetime),
        ],
        responses={200: EventList, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """What happened in the last 90 days, newest first."""
        principal = principal_of(request)
        events = events_of(principal.merchant_id, livemode=principal.livemode, now=now())
        return Response(
            page(_filtered(events, request), request, prefix="evt", render_many=_render_many)
        )


class OneEvent(APIView):
    """One event."""

    required_scopes = SCOPES

    @extend_schema(operation_id="events_retrieve", responses={200: EventShape, **REFUSALS})
    def get(self, request: Request, event: str) -> Response:
        """The event, with every attempt to deliver it."""
        principal = principal_of(request)
        with refused():
            found = get_event(principal.merchant_id, event, livemode=principal.livemode, now=now())
        return Response(render.event_as_it_stands(found))


class RedeliverEvent(APIView):
    """Once more."""

    required_scopes = SCOPES

    @extend_schema(
        operation_id="events_redeliver",
        request=RedeliverOne,
        responses={202: EventShape, **REFUSALS},
    )
    def post(self, request: Request, event: str) -> Response:
        """Send the event again, now: to all enabled endpoints that want it, or to the one that is named."""
        body = RedeliverOne.read(request)
        principal = principal_of(request)
        with refused():
            try:
                found = redeliver(
                    principal.merchant_id, event, livemode=principal.livemode, at=now(), **body
                )
            except NoSuchEndpoint:
                message = "No such webhook endpoint."
                raise bad("webhook_endpoint", "resource_missing", message) from None
        return Response(render.event_as_it_stands(found), status=202)


def _filtered(events: QuerySet[OutboxEvent], request: Request) -> QuerySet[OutboxEvent]:
    """Raises Problem for what it cannot understand."""
    for name in request.query_params:
        value = str(request.query_params[name])
        created = CREATED.fullmatch(name)
        if name in PAGING:
            continue
        if name == "type" and TYPE.fullmatch(value):
            family, _, rest = value.partition(".")
            events = (
                events.filter(topic__startswith=f"{family}.")
                if rest == "*"
                else events.filter(topic=value)
            )
        elif name == "subject" and SUBJECT.fullmatch(value):
            events = events.filter(subject=value)
        elif created:
            events = events.filter(**{f"created_at__{created[1]}": moment_of(name, value)})
        elif name in {"type", "subject"}:
            raise bad(name, "invalid_value", f"Not a value of {name}.")
        else:
            raise bad(name[:100], "unknown_parameter", "Not a filter of this list.")
    return events


def _render_many(events: list[OutboxEvent]) -> list[dict[str, Any]]:
    deliveries = deliveries_of(events, whole=False)
    return [
        render.event_with_deliveries(event, deliveries[event.id], whole=False) for event in events
    ]
