"""Due notices, taken for a time: each by one taker, whatever else runs, and again by another should that one die."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from kernel.ids import uuid7
from kernel.outbox.models import OutboxEvent
from merchants.notices import render
from merchants.notices.models import Notice, WebhookEndpoint
from merchants.notices.signing import secrets_of
from merchants.notices.topics import TEST

log = logging.getLogger(__name__)

AROUND = 5.0  # Seconds for what is around a call.


@dataclass(frozen=True, slots=True)
class Task:
    """One notice to be sent now, with all that is needed for it: no database until it has been answered."""

    notice: Notice
    body: str
    endpoint: WebhookEndpoint
    taken_at: datetime

    @property
    def event(self) -> str:
        return self.notice.public_event

    @property
    def is_test(self) -> bool:
        return self.notice.topic == TEST

    @property
    def names(self) -> dict[str, str]:
        """For the log."""
        return {"event": self.event, "endpoint": self.endpoint.public_id}

    @property
    def begin_before(self) -> datetime:
        """Later than that, the call could last longer than the lease."""
        return self.taken_at + timedelta(seconds=settings.NOTICES_DEADLINE + AROUND)

    def signing(self, *, at: datetime) -> list[bytes]:
        """The secrets to sign with. Raises UnableToUnseal."""
        return secrets_of(self.endpoint, at=at)


def lease() -> timedelta:
    """For how long a notice is its taker's: time to wait for a thread, and time for the call."""
    return timedelta(seconds=2 * (settings.NOTICES_DEADLINE + AROUND))


@atomic
def take(*, quick: bool, most: int, each: int, share: int, at: datetime) -> list[Task]:
    """Take up to `most` due notices of the endpoints that are quick, or of all others.

    At most `each` are then on their way to one endpoint, and `share` to one merchant's. Here the bytes are fixed
    that will be sent.
    """
    notices = list(
        Notice.objects.raw(
            "SELECT * FROM notice_take(%s, %s, %s, %s, %s, %s, %s)",
            [quick, at, at + lease(), uuid7(), most, each, share],
        )
    )
    if not notices:
        return []
    bodies = _fixed(notices)
    endpoints = {
        row.id: row
        for row in WebhookEndpoint.objects.filter(
            merchant_id__in={notice.merchant_id for notice in notices},
            id__in={notice.webhook_endpoint_id for notice in notices},
        )
    }
    return [
        Task(notice, bodies[notice.id], endpoints[notice.webhook_endpoint_id], at)
        for notice in notices
        if notice.id in bodies
    ]


def _fixed(notices: Sequence[Notice]) -> dict[UUID, str]:
    """The body of each; those that are sent for the first time get theirs, once for all further tries."""
    bodies = {notice.id: notice.body for notice in notices if notice.body is not None}
    fresh = [notice for notice in notices if notice.body is None]
    events = {event.id: event for event in _events_of(fresh)} if fresh else {}
    for notice in fresh:
        if notice.event_id in events:
            bodies[notice.id] = render.event_text(events[notice.event_id])
        else:  # Nothing to send, and no reason to keep the others from being sent.
            log.error("notice.event_missing", extra={"event": notice.public_event})
    written = [notice for notice in fresh if notice.id in bodies]
    if written:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE notice n SET body = f.body FROM unnest(%s::uuid[], %s::uuid[], %s::text[])"
                " AS f (merchant_id, id, body) WHERE n.merchant_id = f.merchant_id AND n.id = f.id",
                [
                    [notice.merchant_id for notice in written],
                    [notice.id for notice in written],
                    [bodies[notice.id] for notice in written],
                ],
            )
    return bodies


def _events_of(notices: Sequence[Notice]) -> list[OutboxEvent]:
    """By merchant, id and moment: the moment tells in which partition each is."""
    return list(
        OutboxEvent.objects.raw(
            "SELECT e.* FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS w (merchant_id, id, created_at)"
            " CROSS JOIN LATERAL (SELECT * FROM outbox_event o WHERE o.merchant_id = w.merchant_id"
            " AND o.id = w.id AND o.created_at = w.created_at) e",
            [
                [notice.merchant_id for notice in notices],
                [notice.event_id for notice in notices],
                [notice.event_at for notice in notices],
            ],
        )
    )
