"""How disputes are found: by our ids, and by what the PSP calls the case or a movement of its money."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

from disputes.models import Act, Case, Dispute, Evidence, Movement
from kernel.finding import Finder, Found, id_in, is_id, joined, reference_in
from kernel.ids import encode
from merchants.names import names_of


def find_disputes(text: str, most: int) -> list[Found]:
    """By dp_…, by act_… and ev_… of one, by the PSP's id of a case of it or of a movement."""
    if is_id(text):
        ids = _by_id(text)
    elif reference := reference_in(text):
        ids = {
            id_
            for model in (Case, Movement)
            for id_ in model.objects.filter(psp_reference=reference)
            .order_by()
            .values_list("dispute_id", flat=True)[:most]
        }
    else:
        return []
    found = list(Dispute.objects.filter(id__in=ids).order_by()[:most]) if ids else []
    names = names_of(found)
    return [
        Found(
            title=f"{dispute.money(dispute.amount)} disputed: {dispute.get_status_display().lower()}",
            detail=joined(
                dispute.public_id,
                dispute.reason.replace("_", " "),
                encode("pay", dispute.payment_id),
                names[dispute.merchant_id],
            ),
            url=reverse("admin:disputes_dispute_change", args=[dispute.id]),
            at=dispute.opened_at,
        )
        for dispute in found
    ]


def _by_id(text: str) -> set[UUID]:
    if dispute := id_in("dp", text):
        return {dispute}
    for prefix, model in (("act", Act), ("ev", Evidence)):
        if id_ := id_in(prefix, text):
            return set(model.objects.filter(id=id_).order_by().values_list("dispute_id", flat=True))
    return set()


FINDERS = (Finder("Disputes", "disputes.view_dispute", find_disputes),)
