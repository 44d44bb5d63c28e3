"""A transfer and a payout: what is in them, and how Stripe shows them.

Sources, at docs.stripe.com: /api/transfers/object, /api/payouts/object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Transfer:
    """`amount` and `reversed` are in Stripe's minor units."""

    id: str
    created: int
    amount: int
    currency: str
    destination: str
    group: str | None
    metadata: dict[str, str]
    description: str | None
    livemode: bool
    transaction: str = ""
    reversed: int = 0
    reversals: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Payout:
    """`amount` is in Stripe's minor units. `account` is empty where it is ours: what is paid there is `automatic`."""

    id: str
    created: int
    account: str
    amount: int
    currency: str
    metadata: dict[str, str]
    descriptor: str | None
    livemode: bool
    arrival: int
    status: str = "pending"
    failure: str = ""
    automatic: bool = False
    transaction: str = ""
    reconciled: bool = False  # Is it known what is in it?


def transfer_shown(transfer: Transfer) -> dict[str, Any]:
    """The object as the API returns it."""
    return {
        "id": transfer.id,
        "object": "transfer",
        "amount": transfer.amount,
        "amount_reversed": transfer.reversed,
        "balance_transaction": transfer.transaction,
        "created": transfer.created,
        "currency": transfer.currency,
        "description": transfer.description,
        "destination": transfer.destination,
        "livemode": transfer.livemode,
        "metadata": transfer.metadata,
        "reversals": {
            "object": "list",
            "data": list(transfer.reversals),
            "has_more": False,
            "url": f"/v1/transfers/{transfer.id}/reversals",
        },
        "reversed": transfer.reversed == transfer.amount,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": transfer.group,
    }


def payout_shown(payout: Payout) -> dict[str, Any]:
    """The object as the API returns it."""
    return {
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount,
        "arrival_date": payout.arrival,
        "automatic": payout.automatic,
        "balance_transaction": payout.transaction or None,
        "created": payout.created,
        "currency": payout.currency,
        "description": None,
        "destination": f"ba_{payout.account.removeprefix('acct_') or 'platform'}",
        "failure_code": payout.failure or None,
        "failure_message": None,
        "livemode": payout.livemode,
        "metadata": payout.metadata,
        "method": "standard",
        "reconciliation_status": _reconciliation(payout),
        "source_type": "card",
        "statement_descriptor": payout.descriptor,
        "status": payout.status,
        "type": "bank_account",
    }


def _reconciliation(payout: Payout) -> str:
    """Of a payout that was not automatic Stripe does not know what is in it."""
    if not payout.automatic:
        return "not_applicable"
    return "completed" if payout.reconciled else "in_progress"
