"""Reading endpoints, events and what became of telling them: always one merchant's, always one mode's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.ids import InvalidId, decode
from kernel.outbox.models import OutboxEvent
from merchants.notices.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.notices.topics import EVERYTHING, TEST, TOPICS

KEPT = timedelta(days=90)
_PUBLIC = Q(*(Q(topic__startswith=f"{family}.") for family in TOPICS), _connector=Q.OR)
_HEAVY = ("url", "request_headers", "response_headers", "response_body")

Deliveries = list[tuple[Notice, list[NoticeAttempt]]]


class NoSuchEndpoint(LookupError):
    """None of this id; also when it is another merchant's, the other mode's, or deleted."""


class NoSuchEvent(LookupError):
    """None of this id; also when it is another merchant's, the other mode's, not public, or too old."""


def endpoints_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[WebhookEndpoint]:
    """The merchant's endpoints in one mode, without the deleted ones."""
    return WebhookEndpoint.objects.filter(
        merchant_id=merchant_id, livemode=livemode, deleted_at__isnull=True
    )


def get_endpoint(
    merchant_id: UUID, public_id: str, *, livemode: bool, lock: bool = False
) -> WebhookEndpoint:
    """The merchant's own endpoint of that id, its row locked if so wanted. Raises NoSuchEndpoint."""
    rows = endpoints_of(merchant_id, livemode=livemode)
    if lock:
        rows = rows.select_for_update(no_key=True)
    try:
        found = rows.filter(id=decode("we", public_id)).first()
    except InvalidId:
        found = None
    if found is None:
        raise NoSuchEndpoint("no such webhook endpoint")
    return found


def events_of(merchant_id: UUID, *, livemode: bool, now: datetime) -> QuerySet[OutboxEvent]:
    """The merchant's public events of the last 90 days."""
    return OutboxEvent.objects.filter(
        _PUBLIC, merchant_id=merchant_id, livemode=livemode, created_at__gt=now - KEPT
    )


def asked_for(patterns: Sequence[str]) -> Q:
    """The condition on events that topics.wanted is on one."""
    if EVERYTHING in patterns:
        return ~Q(topic=TEST)
    families = [pattern.removesuffix("*") for pattern in patterns if pattern.endswith(".*")]
    wanted = Q(topic__in=[pattern for pattern in patterns if not pattern.endswith(".*")])
    for family in families:
        wanted |= Q(topic__startswith=family)
    return wanted & ~Q(topic=TEST)


def get_event(merchant_id: UUID, public_id: str, *, livemode: bool, now: datetime) -> OutboxEvent:
    """The merchant's own event of that id. Raises NoSuchEvent."""
    try:
        event_id = decode("evt", public_id)
    except InvalidId:
        raise NoSuchEvent("no such event") from None
    found = events_of(merchant_id, livemode=livemode, now=now).filter(id=event_id).first()
    if found is None:
        raise NoSuchEvent("no such event")
    return found


def deliveries_of(events: Sequence[OutboxEvent], *, whole: bool = True) -> dict[UUID, Deliveries]:
    """What became of telling one merchant's events, in two queries; without `whole`, no headers and bodies."""
    found: dict[UUID, Deliveries] = {event.id: [] for event in events}
    if not events:
        return found
    merchant = events[0].merchant_id
    notices = list(
        Notice.objects.filter(merchant_id=merchant, event_id__in=list(found))
        .defer("body")
        .order_by("webhook_endpoint_id")
    )
    attempts = NoticeAttempt.objects.filter(
        merchant_id=merchant, notice_id__in=[notice.id for notice in notices]
    ).order_by("number")
    if not whole:
        attempts = attempts.defer(*_HEAVY)
    tries: dict[UUID, list[NoticeAttempt]] = {notice.id: [] for notice in notices}
    for attempt in attempts:
        tries[attempt.notice_id].append(attempt)
    for notice in notices:
        found[notice.event_id].append((notice, tries[notice.id]))
    return found
