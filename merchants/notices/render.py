"""Events, endpoints and deliveries as merchants see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from kernel.clock import rfc3339
from kernel.ids import encode
from kernel.outbox.models import OutboxEvent
from merchants.notices.find import deliveries_of
from merchants.notices.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices.signing import as_text


def event_body(event: OutboxEvent) -> dict[str, Any]:
    """The event object, without what became of telling it: what an endpoint gets."""
    return {
        "id": encode("evt", event.id),
        "object": "event",
        "type": event.topic,
        "livemode": event.livemode,
        "sequence": event.sequence,
        "created_at": rfc3339(event.created_at),
        "data": {"object": event.body},
    }


def event_text(event: OutboxEvent) -> str:
    """What an endpoint gets, to the byte (in UTF-8)."""
    return orjson.dumps(event_body(event)).decode()


def event_with_deliveries(
    event: OutboxEvent, deliveries: Sequence[tuple[Notice, Sequence[NoticeAttempt]]], *, whole: bool
) -> dict[str, Any]:
    """The event object of the API. `whole`: with the headers and bodies of each attempt."""
    return {
        **event_body(event),
        "deliveries": [_delivery(notice, attempts, whole=whole) for notice, attempts in deliveries],
    }


def event_as_it_stands(event: OutboxEvent) -> dict[str, Any]:
    """The event object of the API, with all that is known of its deliveries now."""
    return event_with_deliveries(event, deliveries_of([event])[event.id], whole=True)


def _delivery(notice: Notice, attempts: Sequence[NoticeAttempt], *, whole: bool) -> dict[str, Any]:
    waits = notice.taken_by is None and notice.next_try_at is not None
    return {
        "webhook_endpoint": encode("we", notice.webhook_endpoint_id),
        "status": notice.status,
        "next_attempt_at": rfc3339(notice.next_try_at) if waits and notice.next_try_at else None,
        "finished_at": rfc3339(notice.finished_at) if notice.finished_at else None,
        "attempts": [_attempt(attempt, whole=whole) for attempt in attempts],
    }


def _attempt(attempt: NoticeAttempt, *, whole: bool) -> dict[str, Any]:
    answered = attempt.response_status is not None
    return {
        "number": attempt.number,
        "started_at": rfc3339(attempt.started_at),
        "duration_ms": attempt.milliseconds,
        "status": "succeeded" if attempt.succeeded else "failed",
        "error": attempt.error or None,
        "response_status": attempt.response_status,
        "request": {"url": attempt.url, "headers": attempt.request_headers} if whole else None,
        "response": {"headers": attempt.response_headers, "body": attempt.response_body}
        if whole and answered
        else None,
    }


def endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    """The webhook endpoint object, without its secret."""
    return {
        "id": row.public_id,
        "object": "webhook_endpoint",
        "livemode": row.livemode,
        "url": row.url,
        "enabled_events": row.enabled_events,
        "description": row.description or None,
        "metadata": row.metadata,
        "status": row.status,
        "disabled_reason": row.disabled_reason or None,
        "disabled_at": rfc3339(row.disabled_at) if row.disabled_at else None,
        "failing_since": rfc3339(row.failing_since) if row.failing_since else None,
        "previous_secret_until": rfc3339(row.previous_secret_until)
        if row.previous_secret_until
        else None,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def endpoint_with_secret(row: WebhookEndpoint, secret: bytes) -> dict[str, Any]:
    """The webhook endpoint object as it is shown once, when it gets its secret."""
    return {**endpoint(row), "secret": as_text(secret)}
