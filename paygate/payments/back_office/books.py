"""What the books have of a payment: each transaction as a bookkeeper writes it, and what it all comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from kernel.ids import encode
from kernel.money import Money
from ledger import chart
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.transaction import Entry, Side, Transaction

#: The kinds of transaction that each source may have: the index of the books begins with the merchant and the kind.
KINDS = {
    "att": ("payment.captured", "payment.capture_reversed", "payment.recaptured"),
    "re": ("refund.succeeded", "refund.failed", "refund.fee_charged", "refund.fee_returned"),
    "dp": (
        *("dispute.opened", "dispute.won", "dispute.lost", "dispute.lost.reversed"),
        *("dispute.reinstated", "psp.fee_charged", "psp.fee_returned"),
    ),
    "pay": ("psp.fee_charged", "fee.cost_passed_on"),
}
CONVERTED = "fx.converted"  # Its source is the kind and the source of what it follows.

#: No payment's page shows more: what there is beyond is found in the books.
MOST = 300

OURS = (
    *(chart.processing_fees(), chart.refund_fees(), chart.dispute_fees()),
    *(chart.passed_on_costs(), chart.fx_income()),
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction of the books, with its two times and its page."""

    transaction: Transaction
    effective_at: datetime
    posted_at: datetime

    @property
    def public_id(self) -> str:
        return encode("txn", self.transaction.id)

    @property
    def url(self) -> str:
        return reverse("admin:ledger_ledgertransaction_change", args=[self.transaction.id])


def posted_for(
    merchant_id: UUID, *, livemode: bool, sources: Collection[str], converted: Collection[str] = ()
) -> list[Posted]:
    """What was posted for these sources, oldest first, in two queries.

    `converted` are the sources of its conversions: the keys of paygate.fx.conversion.Conversion.parts.
    """
    wanted = Q(kind=CONVERTED, source__in=[*converted])
    for prefix, kinds in KINDS.items():
        own = [source for source in sources if source.partition("_")[0] == prefix]
        wanted |= Q(kind__in=kinds, source__in=own)
    rows = list(
        LedgerTransaction.objects.filter(
            wanted, merchant_id=merchant_id, livemode=livemode
        ).order_by("id")[:MOST]
    )
    entries: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for entry in (
        LedgerEntry.objects.filter(
            merchant_id=merchant_id,
            transaction_id__in=[row.id for row in rows],
            posted_at__in={row.posted_at for row in rows},
        )
        .select_related("account")
        .order_by("transaction_id", "line")
    ):
        entries[entry.transaction_id].append(
            Entry(entry.account.code, Side(entry.type), entry.money)
        )
    return [
        Posted(
            Transaction(
                merchant_id,
                livemode,
                row.kind,
                row.source,
                tuple(entries[row.id]),
                row.memo,
                row.reverses,
                row.id,
            ),
            row.effective_at,
            row.posted_at,
        )
        for row in rows
    ]


def net_to_merchant(posted: Iterable[Posted]) -> list[Money]:
    """What the merchant has of it, fees, refunds and disputes taken off: by currency, as the books have it."""
    return _sums(posted, lambda code: code.startswith("liabilities:merchant:"))


def our_income(posted: Iterable[Posted]) -> list[Money]:
    """Our fees, costs passed on and the spread of conversions: by currency, as the books have it."""
    return _sums(posted, lambda code: code in OURS)


def _sums(posted: Iterable[Posted], wanted: Callable[[str], bool]) -> list[Money]:
    sums: defaultdict[str, int] = defaultdict(int)
    for one in posted:
        for entry in one.transaction.entries:
            if wanted(entry.account):
                sign = 1 if entry.type is Side.CREDIT else -1
                sums[entry.amount.currency] += sign * entry.amount.minor
    return [Money(minor, currency) for currency, minor in sums.items() if minor]
