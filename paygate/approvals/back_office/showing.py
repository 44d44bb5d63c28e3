"""How requests are told of: their states, how long they wait, and where what they are about has its page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from kernel.ids import InvalidId, decode, encode
from paygate.approvals.models import State

#: How a state looks. It is never said by colour alone.
TONES: dict[str, str] = {
    State.PENDING: "waiting",
    State.APPROVED: "waiting",
    State.REJECTED: "bad",
    State.WITHDRAWN: "plain",
    State.DONE: "good",
    State.FAILED: "bad",
}

#: The page of a thing, by the prefix of its public id.
PAGES = {
    "pay": "admin:payments_payment_change",
    "re": "admin:payments_refund_change",
    "att": "admin:payments_attempt_change",
    "mer": "admin:merchants_merchant_change",
}


def badge(state: str) -> str:
    """A state, as a label."""
    return format_html(
        '<span class="console-badge console-{}">{}</span>', TONES[state], State(state).label.lower()
    )


def link(public_id: str) -> str:
    """A public id, as a link to the page of what it names, where there is one."""
    prefix = public_id.partition("_")[0]
    try:
        page = reverse(PAGES[prefix], args=[decode(prefix, public_id)])
    except (KeyError, InvalidId, NoReverseMatch):
        return public_id
    return format_html('<a class="text-primary-600" href="{}">{}</a>', page, public_id)


def merchant(merchant_id: object) -> str:
    """A merchant, as a link to its page."""
    return link(encode("mer", merchant_id))  # type: ignore[arg-type]


def age(since: datetime, until: datetime) -> str:
    """How long: "3 min", "5 h", "2 days"."""
    waited = max(until - since, timedelta(0))
    minutes = int(waited.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{waited.days} days"


def stamp(at: datetime) -> str:
    """ "2026-11-25 14:02 UTC"."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
