"""The outbox's events in the log, for whoever collects logs."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from kernel.ids import encode
from kernel.outbox.models import OutboxEvent

log = logging.getLogger("events")


def write_to_the_log(events: list[OutboxEvent]) -> Iterable[OutboxEvent]:
    """One line for each event."""
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
