"""Sent again because somebody asked: one event, all that an endpoint missed, or a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.transaction import atomic

from kernel.db import call
from kernel.ids import decode
from kernel.outbox.models import OutboxEvent
from kernel.outbox.record import record
from merchants.notices.disable import event_of
from merchants.notices.find import asked_for, endpoints_of, events_of, get_endpoint, get_event
from merchants.notices.models import Notice, WebhookEndpoint
from merchants.notices.topics import TEST, patterns_of

MOST = 1000  # Events in one call, as when giving up; whoever wants more asks again, from where it ended.


class EndpointDisabled(ValueError):
    """Nothing is sent to a disabled endpoint."""


@dataclass(frozen=True, slots=True)
class Again:
    """How many events are sent again, and of which time; there may be more after `until`."""

    count: int
    since: datetime
    until: datetime
    more: bool


@atomic
def redeliver(
    merchant_id: UUID,
    public_id: str,
    *,
    livemode: bool,
    at: datetime,
    webhook_endpoint: str | None = None,
) -> OutboxEvent:
    """Send the event again: to one endpoint, whatever that subscribed to, or to all that want it.

    Raises NoSuchEvent, NoSuchEndpoint, EndpointDisabled (also when it is wanted by none that is enabled).
    """
    event = get_event(merchant_id, public_id, livemode=livemode, now=at)
    if webhook_endpoint is not None:
        targets = [_enabled(merchant_id, webhook_endpoint, livemode=livemode)]
    else:
        targets = _wanting(event)
    if not targets:
        raise EndpointDisabled(f"no enabled endpoint wants {public_id}")
    for target in targets:
        _send_again(target, [event], at=at)
    return event


@atomic
def redeliver_many(
    merchant_id: UUID,
    public_id: str,
    *,
    livemode: bool,
    since: datetime,
    until: datetime,
    only_failed: bool,
    at: datetime,
) -> Again:
    """Send an endpoint what it subscribed to of [since, until), the oldest first.

    `only_failed`: what it did not get, because it failed or because the endpoint was disabled or not there.
    Raises NoSuchEndpoint, EndpointDisabled.
    """
    endpoint = _enabled(merchant_id, public_id, livemode=livemode)
    events = events_of(merchant_id, livemode=livemode, now=at).filter(
        created_at__gte=since, created_at__lt=until
    )
    events = events.filter(asked_for(endpoint.enabled_events))
    if only_failed:
        got = Notice.objects.filter(
            merchant_id=merchant_id, event_id=OuterRef("id"), webhook_endpoint_id=endpoint.id
        )
        events = events.exclude(Exists(got.exclude(status=Notice.Status.FAILED)))
    found = list(events.defer("body").order_by("created_at", "position")[: MOST + 1])
    more = len(found) > MOST
    sent = _send_again(endpoint, found[:MOST], at=at)
    return Again(sent, since, found[MOST].created_at if more else until, more)


@atomic
def send_test(merchant_id: UUID, public_id: str, *, livemode: bool, at: datetime) -> OutboxEvent:
    """A test event for this endpoint alone, tried once. Raises NoSuchEndpoint, EndpointDisabled."""
    endpoint = _enabled(merchant_id, public_id, livemode=livemode)
    endpoint.sequence += 1
    endpoint.save(update_fields=["sequence"])
    event = event_of(endpoint, TEST, at=at)
    record([event])
    written = OutboxEvent.objects.get(merchant_id=merchant_id, id=event.id)
    _send_again(endpoint, [written], at=at)
    return written


@atomic
def send_notice_again(notice: Notice, *, at: datetime) -> None:
    """From the back office. Raises EndpointDisabled."""
    event = OutboxEvent.objects.defer("body").get(
        merchant_id=notice.merchant_id, id=notice.event_id, created_at=notice.event_at
    )
    endpoint = WebhookEndpoint.objects.filter(merchant_id=notice.merchant_id)
    target = endpoint.select_for_update(no_key=True).get(id=notice.webhook_endpoint_id)
    if not target.enabled:
        raise EndpointDisabled(f"{target.public_id} is disabled")
    _send_again(target, [event], at=at)


def _send_again(endpoint: WebhookEndpoint, events: Sequence[OutboxEvent], *, at: datetime) -> int:
    """The endpoint's row is locked. What is on its way just now is not sent a second time."""
    if not events:
        return 0
    [(sent,)] = call(
        "notice_again",
        endpoint.merchant_id,
        endpoint.id,
        [event.id for event in events],
        [event.created_at for event in events],
        [event.topic for event in events],
        [event.subject for event in events],
        [event.sequence for event in events],
        at,
    )
    return int(sent)


def _enabled(merchant_id: UUID, public_id: str, *, livemode: bool) -> WebhookEndpoint:
    endpoint = get_endpoint(merchant_id, public_id, livemode=livemode, lock=True)
    if not endpoint.enabled:
        raise EndpointDisabled(f"{public_id} is disabled")
    return endpoint


def _wanting(event: OutboxEvent) -> list[WebhookEndpoint]:
    """Of a test: the endpoint that it was for."""
    rows = endpoints_of(event.merchant_id, livemode=event.livemode).filter(
        status=WebhookEndpoint.Status.ENABLED
    )
    if event.topic == TEST:
        rows = rows.filter(id=decode("we", event.subject))
    else:
        rows = rows.filter(enabled_events__overlap=patterns_of(event.topic))
    return list(rows.order_by("id").select_for_update(no_key=True))
