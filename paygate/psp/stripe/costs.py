"""What Stripe kept of the charges that it took for us: the fees of its balance transactions.

Fees are in the currency of Stripe's balance. Where that is not the charge's own Stripe has converted, and what is
charged is no part of what it owes us in the charge's currency: whoever learns of it says so.
Source: docs.stripe.com/api/balance_transactions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from paygate.psp.costs import Charged
from paygate.psp.events import Unreadable
from paygate.psp.stripe import translate
from paygate.psp.stripe.calls import Calls

log = logging.getLogger(__name__)

BALANCE = "/v1/balance_transactions"
PAGES = 1_000  # A hundred thousand charges; more are not read in one go.


class StripeCosts:
    """See paygate.psp.costs.Ledger."""

    _calls: Calls

    def charged_since(self, since: datetime) -> Iterator[Charged]:
        listed = self._calls.listed(
            BALANCE,
            pages=PAGES,
            type="charge",
            created={"gte": int(since.timestamp())},
            expand=["data.source"],
        )
        for transaction in listed:
            try:
                yield charged(transaction)
            except Unreadable as error:  # A charge that is of no PaymentIntent is none of ours.
                log.warning("costs.unreadable", extra={"psp": "stripe", "why": str(error)})


def charged(transaction: Mapping[str, Any]) -> Charged:
    """What one balance transaction says. Raises Unreadable."""
    source = transaction.get("source")
    if transaction.get("type") != "charge" or not isinstance(source, Mapping):
        raise Unreadable(f"{transaction.get('id')} is of no charge")
    return Charged(
        reference=str(transaction["id"]),
        psp_reference=translate.intent_of(source),
        cost=translate.told_money(transaction.get("fee"), transaction.get("currency")),
        at=datetime.fromtimestamp(transaction["created"], UTC),
    )
