"""Where merchants are paid to: one proposes, another approves, and then some time passes before money goes there.

A thief who can change where money goes has to fool two people, and then wait while the merchant, who is told, can
object. The number is sealed (kernel.sealed); what is shown of it are its last four characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from kernel.clock import rfc3339
from kernel.db import atomic
from kernel.ids import uuid7
from kernel.outbox.record import Event, record
from kernel.sealed import seal, unseal
from payouts.bankfiles.validate import check_bic, check_iban, check_routing_number
from payouts.models import Destination, Rail

TABLE = "payout_destination"
_CONNECTED = re.compile(r"acct_[A-Za-z0-9]{8,64}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")  # ISO 13616, wherever it stands.
_ACCOUNT_NUMBER = re.compile(r"[0-9]{4,17}")  # NACHA: DFI account number, 17 places.


class UnfitDestination(ValueError):
    """No such account can be paid to. `param` is the field at fault."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


class UnableToDecide(Exception):
    """Decided already, or by somebody who may not: the message says which."""


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody says where to pay: an IBAN, a US account, or a connected account at Stripe."""

    currency: str
    holder: str
    country: str = ""  # Of the bank; an IBAN says it itself.
    iban: str = ""
    bic: str = ""
    routing_number: str = ""
    account_number: str = ""
    account_type: str = "checking"
    stripe_account: str = ""
    rail: Rail | None = None  # Bank, unless it is an account at Stripe; or Adyen.


def propose(
    merchant_id: UUID, account: Account, *, livemode: bool, by: str, because: str = "", at: datetime
) -> Destination:
    """Write down where the merchant wants to be paid; nothing is paid there yet. Raises UnfitDestination.

    `by` says who it was: a merchant's key, or a person of ours.
    """
    destination = Destination(
        id=uuid7(),
        merchant_id=merchant_id,
        livemode=livemode,
        currency=account.currency,
        holder=account.holder.strip(),
        proposed_by=by,
        proposed_because=because,
        created_at=at,
    )
    number = _fill(destination, account)
    written = "".join(account.holder.split()).upper()
    if number.upper() in written or _IBAN.search(written):
        raise UnfitDestination("holder", "Say whose account it is, not its number.")
    destination.sealed = seal(number.encode(), table=TABLE, row=destination.id)
    destination.last4 = number[-4:] if len(number) > 7 else number[-2:]  # Never most of it.
    with atomic():
        destination.save(force_insert=True)
        _tell(destination, 1, "proposed", at=at)
    return destination


def approve(destination: Destination, *, by: str, because: str, at: datetime) -> Destination:
    """A second person stands for it: money goes there after the cooling-off time. Raises UnableToDecide."""
    return _decide(destination, "approve", by=by, because=because, at=at)


def reject(destination: Destination, *, by: str, because: str, at: datetime) -> Destination:
    """A second person says no. Raises UnableToDecide."""
    return _decide(destination, "reject", by=by, because=because, at=at)


def retire(destination: Destination, *, by: str, because: str, at: datetime) -> Destination:
    """No new payout goes there any more; anybody may stop one. Raises UnableToDecide."""
    with atomic():
        locked = _locked(destination)
        if locked.state != Destination.State.APPROVED:
            raise UnableToDecide(f"It is {locked.state}.")
        locked.retire()
        locked.retired_at = at
        locked.decided_because = f"{locked.decided_because}\nRetired by {by}: {because}".strip()
        locked.save()
        _tell(locked, 3, "retired", at=at)
    return locked


def number_of(destination: Destination) -> str:
    """The IBAN, the account number or the connected account. For whoever writes what leaves; never for a page."""
    return unseal(destination.sealed, table=TABLE, row=destination.id).decode()


def _decide(
    destination: Destination, verdict: str, *, by: str, because: str, at: datetime
) -> Destination:
    if not because.strip():
        raise UnableToDecide("Say why.")
    with atomic():
        locked = _locked(destination)
        if locked.state != Destination.State.PROPOSED:
            raise UnableToDecide(f"It is {locked.state} already.")
        if by == locked.proposed_by:
            raise UnableToDecide("Whoever proposed it does not decide on it: ask a second person.")
        getattr(locked, verdict)()
        locked.decided_by, locked.decided_because, locked.decided_at = by, because, at
        if verdict == "approve":
            cooling = timedelta(hours=settings.PAYOUT_DESTINATION_COOLING_HOURS)
            locked.usable_from = at + cooling
        locked.save()
        _tell(locked, 2, str(locked.state), at=at)
    return locked


def _locked(destination: Destination) -> Destination:
    found: Destination = (
        Destination.objects.filter(merchant_id=destination.merchant_id)
        .select_for_update()
        .get(id=destination.id)
    )
    return found


def _fill(destination: Destination, account: Account) -> str:
    """Set what kind it is and where; its number. Raises UnfitDestination."""
    given = [
        name for name in ("iban", "account_number", "stripe_account") if getattr(account, name)
    ]
    if len(given) != 1:
        raise UnfitDestination(
            "iban", "Give one of iban, account_number (with routing_number) or stripe_account."
        )
    if not destination.holder:
        raise UnfitDestination("holder", "Say whose account it is.")
    match given[0]:
        case "iban":
            return _iban(destination, account)
        case "account_number":
            return _us(destination, account)
    _nothing_else(account, "bic", "routing_number")
    if account.rail not in (None, Rail.STRIPE):
        raise UnfitDestination("rail", "A connected account is paid by stripe.")
    if not _CONNECTED.fullmatch(account.stripe_account):
        raise UnfitDestination(
            "stripe_account", "A connected account is like acct_1Nv0FGQ9RKHgCVdK."
        )
    destination.kind, destination.rail = Destination.Kind.STRIPE, Rail.STRIPE
    destination.country = account.country or "US"
    return account.stripe_account


def _iban(destination: Destination, account: Account) -> str:
    _nothing_else(account, "routing_number")
    try:
        iban = check_iban(account.iban)
        bic = check_bic(account.bic) if account.bic else iban.bic
    except ValueError as fault:
        param = "bic" if "BIC" in type(fault).__name__.upper() else "iban"
        raise UnfitDestination(param, str(fault)) from None
    if account.country not in ("", iban.country):
        raise UnfitDestination("country", f"The IBAN is one of {iban.country}.")
    destination.kind = Destination.Kind.IBAN
    destination.rail = _rail(account)
    destination.country, destination.bic, destination.bank_name = iban.country, bic, iban.bank_name
    return iban.normalized


def _us(destination: Destination, account: Account) -> str:
    _nothing_else(account, "bic")
    try:
        destination.routing_number = check_routing_number(account.routing_number)
    except ValueError as fault:
        raise UnfitDestination("routing_number", str(fault)) from None
    if not _ACCOUNT_NUMBER.fullmatch(account.account_number):
        raise UnfitDestination("account_number", "A US account number has 4 to 17 digits.")
    if account.currency != "USD":
        raise UnfitDestination("currency", "A US account is paid in USD.")
    if account.country not in ("", "US"):
        raise UnfitDestination("country", "A routing number is one of a bank in the US.")
    destination.kind, destination.country = Destination.Kind.US, "US"
    destination.rail, destination.account_type = _rail(account), account.account_type
    return account.account_number


def _nothing_else(account: Account, *names: str) -> None:
    """What belongs to another kind of account is not silently dropped."""
    for name in names:
        if getattr(account, name):
            raise UnfitDestination(name, "That belongs to another kind of account.")


def _rail(account: Account) -> Rail:
    if account.rail == Rail.STRIPE:
        raise UnfitDestination("rail", "stripe pays a connected account: give stripe_account.")
    return account.rail or Rail.BANK


def _tell(destination: Destination, sequence: int, what: str, *, at: datetime) -> None:
    record(
        [
            Event(
                merchant_id=destination.merchant_id,
                livemode=destination.livemode,
                topic=f"payout_destination.{what}",
                subject=destination.public_id,
                sequence=sequence,
                body=shown(destination),
                at=at,
            )
        ]
    )


def shown(destination: Destination) -> dict[str, object]:
    """As the API shows it and its events tell it."""
    return {
        "id": destination.public_id,
        "object": "payout_destination",
        "livemode": destination.livemode,
        "status": str(destination.state),
        "currency": destination.currency,
        "rail": destination.rail,
        "kind": destination.kind,
        "holder": destination.holder,
        "country": destination.country,
        "last4": destination.last4,
        "bic": destination.bic or None,
        "routing_number": destination.routing_number or None,
        "bank_name": destination.bank_name or None,
        "usable_from": destination.usable_from and rfc3339(destination.usable_from),
        "created_at": rfc3339(destination.created_at),
    }
