"""A little of everything, committed: what the pages of the back office have to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from kernel.clock import now
from kernel.ids import uuid7
from kernel.money import Money
from merchants.onboard import Onboarded, onboard
from paygate.reconciliation.models import Cause
from payouts.approve import approve
from payouts.create import Wanted, create
from payouts.models import Batch
from tests.conftest import Api
from tests.disputes.conftest import Case, withdrawn
from tests.payouts.conftest import earn, settle_in
from tests.payouts.test_batch import put_together, seen, submitted
from tests.reconciliation.breaks_of import a_break


@dataclass
class Town:
    """What there is, by its names."""

    merchant: Onboarded
    payment: dict[str, Any]
    authorized: dict[str, Any]
    dispute: Any
    draft: Batch
    waiting: Batch


def built() -> Town:
    """A merchant with payments of all kinds, a dispute, breaks, and batches at each step."""
    merchant = onboard("Kiosk am Park")
    whose: UUID = merchant.merchant.id
    api = Api(merchant.secret_key)
    payment = api.pay(
        amount=2495,
        currency="EUR",
        psp="stripe",
        metadata={"order": "1001"},
        description="Two books",
    ).json()
    assert payment["status"] == "captured", payment
    part = api.pay(amount=4200, currency="EUR", psp="adyen").json()
    api.post(f"payments/{part['id']}/refunds", {"amount": 700, "reason": "requested_by_customer"})
    authorized = api.pay(amount=990, psp="braintree", capture_method="manual").json()
    assert authorized["status"] == "authorized", authorized
    declined = api.pay(amount=1250, psp="stripe", payment_method="pm_card_declined")
    assert declined.status_code == 402, declined.json()
    case = Case(api.pay(amount=1000, psp="stripe").json(), "dp_town")
    dispute = case.heard("needs_response", withdrawn("txn_town"))
    for number in range(3):
        a_break(whose, gross=Money(100_00 + number, "EUR"))
    a_break(cause=Cause.FEE)
    draft, waiting = _batches()
    return Town(merchant, payment, authorized, dispute, draft, waiting)


def _batches() -> tuple[Batch, Batch]:
    """A draft, and one that waits for a second person; before them one was approved."""
    shops = [onboard(name).merchant.id for name in ("Bakery", "Florist", "Tailor")]
    for number, whose in enumerate(shops):
        earn(whose, Money(250_00 + number * 13_37, "EUR"))
        settle_in(whose, holder=f"Shop {number} GmbH")
    approved = submitted(_batch(shops))
    approve(
        approved,
        by="grace",
        because="Looked through.",
        digest=seen(approved),
        seen_at=now(),
        may_approve_large=True,
        at=now(),
    )
    waiting = submitted(_batch(shops))
    return _batch(shops), waiting


def _batch(shops: list[UUID]) -> Batch:
    for whose in shops:
        with atomic():
            create(whose, Wanted("EUR", 40_00), id_=uuid7(), livemode=False, at=now())
    return put_together()
