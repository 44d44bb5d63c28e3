"""What we ask of a PSP that pays a merchant out of what it owes us, and everything it may answer.

As with payments (gateway.py) an adapter *returns* one of the outcomes, raises only for bugs, and the key is ours
for ever: the payout's id. NotSent and Unknown mean what they mean there. Stripe pays a connected account of the
merchant's (a transfer, then a payout from there); Adyen a bank account (a transfer out of our balance account).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeAlias

from kernel.money import Money
from paygate.psp.gateway import NotSent, Unknown

#: The PSPs that pay merchants. (Braintree has no such call.)
PAYERS = ("stripe", "adyen")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Whose account it is and where: an IBAN, or a US routing and account number."""

    holder: str
    country: str  # ISO 3166-1 alpha-2.
    iban: str = ""
    bic: str = ""
    routing_number: str = ""
    account_number: str = ""
    account_type: str = "checking"  # … or "savings".


@dataclass(frozen=True, slots=True)
class PayOut:
    """Pay `amount` to the merchant."""

    key: str  # "po_…": the payout, the PSP's idempotency key.
    merchant: str  # "mer_…"
    amount: Money
    account: str = ""  # Stripe: the merchant's connected account, "acct_…".
    bank: BankAccount | None = None  # Adyen: where to.
    statement_descriptor: str = ""
    created_at: datetime | None = None  # When it was first sent: look-ups search from there.
    known_as: str = ""  # The PSP's reference, once it told one: from then on nothing is made anew.


@dataclass(frozen=True, slots=True)
class InTransit:
    """The PSP has it and will say how it ended."""

    psp_reference: str
    arrives_on: date | None = None


@dataclass(frozen=True, slots=True)
class PaidOut:
    """It left for the merchant's account. (It may still come back: Returned.)"""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The PSP will not, or could not: the money is still, or again, where it was.

    It never was paid; but Stripe does not remember whether it was, so where we had heard so it is a return.
    """

    psp_reference: str
    # In the PSP's words; or in ours, where we do not even ask and nothing was sent:
    #   no_connected_account    Stripe: the merchant has none there
    #   no_bank_account         Adyen: there is none, or none that it could be told of
    #   currency_not_supported
    #   amount_not_payable      the PSP has no number for it, or pays whole units only
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """It had been paid, and came back: the money is where it was."""

    psp_reference: str
    code: str
    message: str = ""


PayoutOutcome: TypeAlias = InTransit | PaidOut | Refused | Returned | NotSent | Unknown


class Payer(Protocol):
    """One PSP's adapter, for payouts: the same object as its Gateway."""

    name: str

    #: After this long without a trace of a payout, "never heard of it" means that it never will be.
    horizon: timedelta

    def pay_out(self, request: PayOut) -> PayoutOutcome:
        """Pay, or go on where an earlier call stopped: whatever was done before is not done again; what was done
        and cannot be finished is undone before it is Refused.

        So an Unknown is resolved by calling it again, and so is news of a failure (events.PayoutMoved with
        Unknown): until then money may lie between us and the merchant. NotSent says that this call moved nothing,
        and of earlier ones nothing. One call at a time for each payout.

        What the PSP had (request.known_as) and shows no longer is Unknown, and nothing is paid: it is hidden from us,
        by other credentials or by who has the account, and a person must look.
        """
        ...

    def look_up_payout(self, request: PayOut) -> PayoutOutcome:
        """What became of it? Reads only. NotSent where the PSP has no trace of it (yet); a look-up that itself
        fails is Unknown, and so is what is half done, or failed and not undone: pay_out finishes it."""
        ...
