"""What a payment's PSP told us about it unasked, and what came of that."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from kernel.timeline import MOST, About, Moment, Tone
from paygate.webhooks.models import PspEvent, State

_TONES = {State.QUARANTINED: Tone.BAD, State.RECEIVED: Tone.WAITING}


def tell(about: About) -> Iterable[Moment]:
    """Each event, when the PSP says it was."""
    events = (
        PspEvent.objects.filter(
            concerns__in=about.references, psp=about.psp, livemode=about.livemode
        )
        .exclude(concerns="")
        .defer("payload")
        .order_by("-said_at")[:MOST]
    )
    for event in events:
        state = State(event.state)
        yield Moment(
            event.said_at,
            f"{event.psp.capitalize()} told us {event.kind}: {state.label.lower()}",
            event.why or event.result,
            reverse("admin:webhooks_pspevent_change", args=[event.id]),
            _TONES.get(state, Tone.PLAIN),
        )
