"""Reading payouts and destinations: always one merchant's, always one mode's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from payouts.models import Destination, Payout


class NoSuchPayout(LookupError):
    """Not this merchant's, not in this mode, or not at all: nobody learns which."""


class NoSuchDestination(LookupError):
    """As of payouts: nobody learns whether there is one."""


def get(merchant_id: UUID, payout_id: UUID, *, livemode: bool) -> Payout:
    """One payout. Raises NoSuchPayout."""
    payout: Payout | None = all_of(merchant_id, livemode=livemode).filter(id=payout_id).first()
    if payout is None:
        raise NoSuchPayout(payout_id)
    return payout


def all_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Payout]:
    """The merchant's payouts, for lists and filters."""
    return Payout.objects.filter(merchant_id=merchant_id, livemode=livemode)


def render(payouts: Iterable[Payout]) -> list[dict[str, Any]]:
    """The payouts as the API shows them and their events tell them (payout_shown), in one query."""
    wanted = list(payouts)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, payout_shown(p)::text FROM payout p"
            " WHERE p.merchant_id = ANY(%s) AND p.id = ANY(%s)",
            [list({p.merchant_id for p in wanted}), [p.id for p in wanted]],
        )
        shown = {id_: orjson.loads(text) for id_, text in cursor.fetchall()}
    return [shown[payout.id] for payout in wanted]


def destination_for(
    merchant_id: UUID, *, livemode: bool, currency: str, at: datetime
) -> Destination:
    """Where the merchant is paid to in that currency: the newest approved that has cooled off.

    Raises NoSuchDestination.
    """
    found: Destination | None = (
        destinations_of(merchant_id, livemode=livemode)
        .filter(currency=currency, state=Destination.State.APPROVED, usable_from__lte=at)
        .order_by("-usable_from", "-id")
        .first()
    )
    if found is None:
        raise NoSuchDestination(currency)
    return found


def get_destination(merchant_id: UUID, destination_id: UUID, *, livemode: bool) -> Destination:
    """One destination. Raises NoSuchDestination."""
    found: Destination | None = (
        destinations_of(merchant_id, livemode=livemode).filter(id=destination_id).first()
    )
    if found is None:
        raise NoSuchDestination(destination_id)
    return found


def destinations_of(merchant_id: UUID, *, livemode: bool) -> QuerySet[Destination]:
    """The merchant's destinations, for lists and filters."""
    return Destination.objects.filter(merchant_id=merchant_id, livemode=livemode)
