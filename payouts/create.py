"""A payout begins: its amount is set aside in the books, in the same commit.

What it is taken from is guarded (ledger): of any number of payouts at once that are more than what is available,
those that would go below zero are refused, whatever path they take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError

from kernel.db import call, require_transaction
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from ledger.post import REFUSALS, Overdrawn
from payouts.find import NoSuchDestination, destination_for, get_destination
from payouts.models import Destination, Payout


class UnableToPayOut(Exception):
    """Not as things stand. `code` is the API's; `param` the field at fault, where one is."""

    def __init__(self, code: str, message: str, *, param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be paid out. Without an amount, all that is available; without a destination, the usual one."""

    currency: str
    amount: int | None = None  # Minor units.
    destination: UUID | None = None
    description: str = ""
    statement_descriptor: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


def create(
    merchant_id: UUID,
    wanted: Wanted,
    *,
    id_: UUID,
    livemode: bool,
    method: Payout.Method = Payout.Method.API,
    at: datetime,
) -> Payout:
    """A new payout, in the caller's transaction. Raises UnableToPayOut."""
    require_transaction("A payout")
    destination = _destination(merchant_id, wanted, livemode=livemode, at=at)
    amount = wanted.amount
    if amount is None:
        amount = balance(
            merchant_id,
            livemode=livemode,
            account=chart.merchant_available(),
            currency=wanted.currency,
        ).minor
    if amount <= 0:
        raise UnableToPayOut("balance_insufficient", "Nothing is available to be paid out.")
    payout: Payout = Payout.objects.create(
        id=id_,
        merchant_id=merchant_id,
        livemode=livemode,
        amount=amount,
        currency=wanted.currency,
        destination_id=destination.id,
        rail=destination.rail,
        method=method,
        description=wanted.description,
        statement_descriptor=wanted.statement_descriptor,
        metadata=wanted.metadata,
        created_at=at,
        updated_at=at,
    )
    try:
        call("payout_follow", [merchant_id], [payout.id], None, at, "payout.created")
    except DatabaseError as error:
        if REFUSALS.get(getattr(error.__cause__, "sqlstate", "")) is not Overdrawn:
            raise
        raise UnableToPayOut(
            "balance_insufficient",
            f"Less than {Money(amount, wanted.currency)} is available.",
            param="amount",
        ) from None
    return payout


def _destination(merchant_id: UUID, wanted: Wanted, *, livemode: bool, at: datetime) -> Destination:
    if wanted.destination is None:
        try:
            return destination_for(merchant_id, livemode=livemode, currency=wanted.currency, at=at)
        except NoSuchDestination:
            raise UnableToPayOut(
                "no_payout_destination",
                f"There is no approved destination for {wanted.currency} yet, or it is still cooling off.",
            ) from None
    found = get_destination(merchant_id, wanted.destination, livemode=livemode)
    if found.currency != wanted.currency:
        raise UnableToPayOut(
            "currency_mismatch", f"That destination is for {found.currency}.", param="destination"
        )
    if found.state != Destination.State.APPROVED:
        raise UnableToPayOut(
            "destination_not_usable", f"That destination is {found.state}.", param="destination"
        )
    if found.usable_from is None or found.usable_from > at:
        raise UnableToPayOut(
            "destination_cooling_off",
            "That destination is new and cannot be paid to yet.",
            param="destination",
        )
    return found
