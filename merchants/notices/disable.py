"""An endpoint stops hearing, and begins to hear again."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from kernel.db import call, require_transaction
from kernel.outbox.record import Event, record
from merchants.notices import render
from merchants.notices.models import WebhookEndpoint

log = logging.getLogger(__name__)

Reason = WebhookEndpoint.Reason
#: What its owner did is no news to its owner.
NEWS = frozenset({Reason.GONE, Reason.FAILING, Reason.BACK_OFFICE})
AT_ONCE = 1000  # Notices given up in one commit; the relay may be waiting for the endpoint's row meanwhile.


@atomic
def disable(
    merchant_id: UUID, endpoint_id: UUID, *, reason: WebhookEndpoint.Reason, at: datetime
) -> None:
    """Nothing is sent there any more, and what was pending is given up; its owner is told, in the same commit.

    Whether it was disabled already makes no difference, but that nobody is told twice.
    """
    endpoint = _locked(merchant_id, endpoint_id)
    if endpoint.enabled:
        stop(endpoint, reason=reason, at=at)


@atomic
def enable(merchant_id: UUID, endpoint_id: UUID, *, at: datetime) -> None:
    """It hears what happens from now on; what it missed is sent again if asked for."""
    endpoint = _locked(merchant_id, endpoint_id)
    if not endpoint.enabled and endpoint.deleted_at is None:
        start(endpoint, at=at)


def stop(endpoint: WebhookEndpoint, *, reason: WebhookEndpoint.Reason, at: datetime) -> None:
    """As `disable`, of an enabled endpoint whose row is locked."""
    require_transaction("That an endpoint is disabled")
    endpoint.status = WebhookEndpoint.Status.DISABLED
    endpoint.disabled_reason = reason
    endpoint.disabled_at = endpoint.updated_at = at
    if reason in NEWS:
        endpoint.sequence += 1
    endpoint.giving_up = _give_up(endpoint, at=at)
    endpoint.save()
    if reason in NEWS:
        record([event_of(endpoint, "webhook_endpoint.disabled", at=at)])
        log.warning("endpoint.disabled", extra={"endpoint": endpoint.public_id, "reason": reason})


def start(endpoint: WebhookEndpoint, *, at: datetime) -> None:
    """As `enable`, of a disabled endpoint whose row is locked."""
    require_transaction("That an endpoint is enabled")
    while endpoint.giving_up:
        endpoint.giving_up = _give_up(endpoint, at=at)
    endpoint.status = WebhookEndpoint.Status.ENABLED
    endpoint.disabled_reason = Reason.NONE
    endpoint.disabled_at = None
    endpoint.failing_since = (
        None  # It begins anew, and is given the time of a whole schedule again.
    )
    endpoint.quick = False
    endpoint.updated_at = at
    endpoint.save()


def give_up_the_rest(*, at: datetime) -> None:
    """Go on giving up what was pending at disabled endpoints, a piece of each."""
    for merchant_id, endpoint_id in WebhookEndpoint.objects.filter(giving_up=True).values_list(
        "merchant_id", "id"
    ):
        with atomic():
            endpoint = _locked(merchant_id, endpoint_id)
            if endpoint.giving_up and not _give_up(endpoint, at=at):
                endpoint.giving_up = False
                endpoint.save(update_fields=["giving_up"])


def event_of(endpoint: WebhookEndpoint, topic: str, *, at: datetime) -> Event:
    """An event about an endpoint that has counted it already."""
    return Event(
        merchant_id=endpoint.merchant_id,
        livemode=endpoint.livemode,
        topic=topic,
        subject=endpoint.public_id,
        sequence=endpoint.sequence,
        body=render.endpoint(endpoint),
        at=at,
    )


def _give_up(endpoint: WebhookEndpoint, *, at: datetime) -> bool:
    """Give up some of what is pending; whether there may be more."""
    [(more,)] = call("notice_give_up", endpoint.merchant_id, endpoint.id, at, AT_ONCE)
    return bool(more)


def _locked(merchant_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.filter(merchant_id=merchant_id)
    endpoint: WebhookEndpoint = rows.select_for_update(no_key=True).get(id=endpoint_id)
    return endpoint
