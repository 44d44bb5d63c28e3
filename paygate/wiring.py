"""Who hears of what: the one page on which news goes up.

The relay tells each batch of outbox events to every hearer below, in order. A hearer takes a list of events
and returns those that it could not hear (they come again); it must not mind hearing one twice.

A publisher for Kafka is one more hearer: it produces each event to the topic named by the first part of
`event.topic`, keyed by `event.subject` so that a partition keeps a payment's order, and returns the events
whose delivery was not confirmed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from kernel.ids import encode
from kernel.outbox.models import OutboxEvent
from kernel.outbox.relay import Hearer

log = logging.getLogger("paygate.events")


def write_to_the_log(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """One line for each event, for whoever collects the logs."""
    for event in events:
        log.info(
            "event",
            extra={
                "event": encode("evt", event.id),
                "topic": event.topic,
                "subject": event.subject,
                "sequence": event.sequence,
            },
        )
    return ()


HEARERS: list[Hearer] = [write_to_the_log]
