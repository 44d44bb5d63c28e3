"""Endpoints: registered, changed, given a new secret, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.transaction import atomic

from kernel.problems import MetadataField
from merchants.models import Merchant
from merchants.notices.addresses import read_url
from merchants.notices.disable import Reason, start, stop
from merchants.notices.find import endpoints_of, get_endpoint
from merchants.notices.models import WebhookEndpoint
from merchants.notices.signing import new_secret, sealed

MOST = 16  # Endpoints of one merchant in one mode.
LONGEST_OVERLAP = timedelta(hours=24)


class TooManyEndpoints(ValueError):
    """The merchant has as many as it may have in this mode."""


class TooMuchMetadata(ValueError):
    """With what is there already there would be too many keys."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An endpoint and its new secret. This is the only time that anybody sees the secret."""

    endpoint: WebhookEndpoint
    secret: bytes = field(repr=False)  # So that no log and no traceback shows it either.


def may_go_private(*, livemode: bool) -> bool:
    """May endpoints of this mode be where only we, or anybody on the way, can hear?"""
    return settings.NOTICES_MAY_GO_PRIVATE and not livemode


@atomic
def register(
    merchant_id: UUID,
    *,
    livemode: bool,
    url: str,
    enabled_events: Sequence[str],
    at: datetime,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Registered:
    """A new endpoint, enabled. Raises UrlNotAllowed, TooManyEndpoints."""
    read_url(url, may_go_private=may_go_private(livemode=livemode))
    # One at a time for a merchant: two at once must not make the seventeenth.
    Merchant.objects.select_for_update(no_key=True).get(id=merchant_id)
    if endpoints_of(merchant_id, livemode=livemode).count() >= MOST:
        raise TooManyEndpoints(f"a merchant has at most {MOST} webhook endpoints in each mode")
    endpoint = WebhookEndpoint(
        merchant_id=merchant_id,
        livemode=livemode,
        url=url,
        enabled_events=list(dict.fromkeys(enabled_events)),
        description=description,
        metadata=dict(metadata or {}),
        created_at=at,
        updated_at=at,
    )
    secret = new_secret()
    endpoint.secret = sealed(secret, endpoint.id)
    endpoint.save(force_insert=True)
    return Registered(endpoint, secret)


@atomic
def change(
    merchant_id: UUID,
    public_id: str,
    *,
    livemode: bool,
    at: datetime,
    url: str | None = None,
    enabled_events: Sequence[str] | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    status: str | None = None,
) -> WebhookEndpoint:
    """Change what is given. Labels are added to those that are there, and one with "" is taken away.

    Raises NoSuchEndpoint, UrlNotAllowed, TooMuchMetadata.
    """
    endpoint = get_endpoint(merchant_id, public_id, livemode=livemode, lock=True)
    if url is not None:
        read_url(url, may_go_private=may_go_private(livemode=livemode))
        endpoint.url = url
    if enabled_events is not None:
        endpoint.enabled_events = list(dict.fromkeys(enabled_events))
    if description is not None:
        endpoint.description = description
    if metadata is not None:
        labels = {**endpoint.metadata, **metadata}
        endpoint.metadata = {name: label for name, label in labels.items() if label}
        if len(endpoint.metadata) > MetadataField.KEYS:
            raise TooMuchMetadata(f"{public_id} would have {len(endpoint.metadata)} labels")
    if status == WebhookEndpoint.Status.DISABLED and endpoint.enabled:
        stop(endpoint, reason=Reason.REQUESTED, at=at)
    elif status == WebhookEndpoint.Status.ENABLED and not endpoint.enabled:
        start(endpoint, at=at)
    else:
        endpoint.updated_at = at
        endpoint.save()
    return endpoint


@atomic
def roll_secret(
    merchant_id: UUID, public_id: str, *, livemode: bool, overlap: timedelta, at: datetime
) -> Registered:
    """A new secret; the present one signs as well until the overlap ends, one before it no longer.

    Raises NoSuchEndpoint. `overlap` is from nothing to LONGEST_OVERLAP.
    """
    endpoint = get_endpoint(merchant_id, public_id, livemode=livemode, lock=True)
    secret = new_secret()
    endpoint.previous_secret = endpoint.secret if overlap else None
    endpoint.previous_secret_until = at + overlap if overlap else None
    endpoint.secret = sealed(secret, endpoint.id)
    endpoint.updated_at = at
    endpoint.save()
    return Registered(endpoint, secret)


@atomic
def remove(merchant_id: UUID, public_id: str, *, livemode: bool, at: datetime) -> None:
    """It hears nothing any more, and its secrets are destroyed. Raises NoSuchEndpoint, also the second time."""
    endpoint = get_endpoint(merchant_id, public_id, livemode=livemode, lock=True)
    endpoint.deleted_at = at
    endpoint.secret = endpoint.previous_secret = endpoint.previous_secret_until = None
    stop(endpoint, reason=Reason.DELETED, at=at)
