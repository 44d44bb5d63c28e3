"""How the books are searched: by the id of a transaction, or of what caused it."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from kernel.finding import Finder, Found, id_in, joined
from kernel.ids import encode, homeward, moment
from ledger.models import LedgerTransaction

#: A transaction's id is made that soon before it is posted, and by a clock that differs by no more.
POSTED_WITHIN = timedelta(minutes=10)


def find_transactions(text: str, most: int) -> list[Found]:
    """By txn_…, or by the whole source: att_…, re_…, po_…, the reference of a settlement."""
    id_ = id_in("txn", text)
    if id_:
        made = moment(id_)  # The days of the books are indexed, the ids only by merchant.
        found = LedgerTransaction.objects.filter(
            id=id_, posted_at__gte=made - POSTED_WITHIN, posted_at__lt=made + POSTED_WITHIN
        )
    elif any(map(str.isspace, text)):
        return []
    else:
        found = LedgerTransaction.objects.filter(source__in={text, homeward(text)})
    return [
        Found(
            title=posted.kind,
            detail=joined(encode("txn", posted.id), posted.source, posted.memo),
            url=reverse("admin:ledger_ledgertransaction_change", args=[posted.id]),
            at=posted.posted_at,
        )
        for posted in found.order_by()[:most]
    ]


FINDERS = (Finder("Books", "ledger.view_ledgertransaction", find_transactions),)
