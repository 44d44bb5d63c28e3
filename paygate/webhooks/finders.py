"""How what PSPs told is found: by pev_…, and by the PSP's own key of it."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from kernel.finding import Finder, Found, id_in, is_id, joined, reference_in
from paygate.webhooks.models import PspEvent


def find_events(text: str, most: int) -> list[Found]:
    """Events of that id or key, such as Stripe's evt_…"""
    if is_id(text):
        id_ = id_in("pev", text)
        found = PspEvent.objects.filter(id=id_) if id_ else PspEvent.objects.none()
    elif reference := reference_in(text):
        # All that the key begins with is named, so that it is found by its own index.
        found = PspEvent.objects.filter(
            psp__in=list(settings.PSPS), livemode__in=[True, False], key=reference
        )
    else:
        return []
    return [
        Found(
            title=f"{event.psp} {event.kind}: {event.get_state_display().lower()}",
            detail=joined(event.public_id, event.key, event.why or event.result),
            url=reverse("admin:webhooks_pspevent_change", args=[event.id]),
            at=event.received_at,
        )
        for event in found.defer("payload").order_by()[:most]
    ]


FINDERS = (Finder("Events of PSPs", "webhooks.view_pspevent", find_events),)
