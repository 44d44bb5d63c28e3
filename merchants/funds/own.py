"""Which accounts of their book are a merchant's own, and the words by which they know them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from ledger import chart
from ledger.statements import Holder

#: What each account of the merchant's is called; two that mean one thing to them have one name.
BUCKETS = {
    chart.merchant_pending(): "pending",
    chart.merchant_available(): "available",
    chart.merchant_reserve(): "reserved",
    chart.merchant_disputed(): "disputed",
    chart.payouts_requested(): "in_payouts",
    chart.payouts_in_transit(): "in_payouts",
}
NAMES = tuple(dict.fromkeys(BUCKETS.values()))

FEES = frozenset(
    {
        chart.processing_fees(),
        chart.dispute_fees(),
        chart.refund_fees(),
        chart.passed_on_costs(),
    }
)

#: The kinds of ledger transaction that touch an account of the merchant's; a test reads them off the recipes.
TYPES = (
    "payment.captured",
    "payment.capture_reversed",
    "payment.recaptured",
    "refund.succeeded",
    "refund.failed",
    "refund.fee_charged",
    "refund.fee_returned",
    "dispute.opened",
    "dispute.won",
    "dispute.lost",
    "dispute.lost.reversed",
    "dispute.reinstated",
    "fee.returned",
    "fee.cost_passed_on",
    "funds.available",
    "funds.recalled",
    "reserve.released",
    "fx.converted",
    "payout.created",
    "payout.canceled",
    "payout.sent",
    "payout.paid",
    "payout.failed",
    "payout.returned",
)


def holder(merchant_id: UUID, *, livemode: bool) -> Holder:
    """The merchant as a reader of the books: their own accounts, and our fees beside them."""
    return Holder(merchant_id, livemode, own=frozenset(BUCKETS), beside=FEES)


def by_bucket(changes: Mapping[str, int]) -> dict[str, int]:
    """Changes by account as changes by name, without those of nothing."""
    summed = dict.fromkeys(NAMES, 0)
    for code, change in changes.items():
        if code in BUCKETS:
            summed[BUCKETS[code]] += change
    return {name: change for name, change in summed.items() if change}
