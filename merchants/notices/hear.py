"""From the outbox to notices: one for each event and each endpoint that wants it, however often it is told.

The relay waits for this, so it is one look at an index a batch, and one more round trip for the events of merchants
who have an endpoint. Endpoints are not remembered between batches: one that was registered a moment ago hears what
happens now.
"""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import now
from kernel.db import call
from kernel.outbox.models import OutboxEvent
from merchants.notices.models import WebhookEndpoint
from merchants.notices.topics import patterns_of


def hear(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """A hearer, as the relay knows them. All or nothing: what fails is told again."""
    listening = set(
        WebhookEndpoint.objects.filter(
            merchant_id__in={event.merchant_id for event in events},
            status=WebhookEndpoint.Status.ENABLED,
        ).values_list("merchant_id", "livemode")
    )
    told = [
        (event, wants)
        for event in events
        if (event.merchant_id, event.livemode) in listening and (wants := patterns_of(event.topic))
    ]
    if told:
        call(
            "notice_hear",
            [event.merchant_id for event, _ in told],
            [event.id for event, _ in told],
            [event.created_at for event, _ in told],
            [event.livemode for event, _ in told],
            [event.topic for event, _ in told],
            [" ".join(wants) for _, wants in told],
            [event.subject for event, _ in told],
            [event.sequence for event, _ in told],
            now(),
        )
    return ()
