"""What a merchant was told about a payment, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from kernel.outbox.models import OutboxEvent
from kernel.timeline import MOST, About, Moment, Tone
from merchants.notices.models import Notice

_BECAME = {
    Notice.Status.DELIVERED: ("delivered", Tone.GOOD),
    Notice.Status.PENDING: ("not delivered yet", Tone.WAITING),
    Notice.Status.FAILED: ("given up", Tone.BAD),
}


def tell(about: About) -> Iterable[Moment]:
    """The notices about the payment and its refunds, each at the moment in which it arrived or was given up."""
    events = (
        OutboxEvent.objects.filter(
            merchant_id=about.merchant_id, subject__in=about.ids, created_at__gte=about.since
        )
        .order_by("-created_at")
        .values_list("id", flat=True)[:MOST]
    )
    notices = (
        Notice.objects.filter(merchant_id=about.merchant_id, event_id__in=list(events))
        .defer("body")
        .select_related("webhook_endpoint")
        .order_by("-id")[:MOST]
    )
    for notice in notices:
        became, tone = _BECAME[Notice.Status(notice.status)]
        tries = "1 try" if notice.attempts == 1 else f"{notice.attempts} tries"
        yield Moment(
            notice.finished_at or notice.created_at,
            f"Notice {notice.topic}: {became}",
            f"{notice.webhook_endpoint.url} · {tries}",
            reverse("admin:merchants_notice_change", args=[notice.id]),
            tone,
        )
