"""What a bank is asked to pay, and what it says became of it, whatever the format of the file.

Each format is a module: `pain001.write(order)`, `nacha.write(order)` give the bytes of a file, the same bytes for the
same order for ever; `pain002.read(content)`, `camt.read(content)`, `nacha_returns.read(content)` give a Report, and
`reports.read(content)` finds out which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kernel.money import Money
from kernel.xml_documents import Unreadable as Unreadable


class Unwritable(ValueError):
    """A transfer that the format has no way to express; `reference` says which. The message says why.

    Where the order as a whole is not as it must be, `reference` is its message's id.
    """

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(f"{reference}: {why}")
        self.reference = reference
        self.why = why


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Our account that is debited, as the settings name it for a currency and format."""

    name: str
    iban: str = ""
    bic: str = ""
    routing_number: str = ""  # NACHA: our bank's (the ODFI), nine digits.
    company_id: str = ""  # NACHA: ten characters that the bank gave us.
    bank_name: str = ""


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment of a file."""

    reference: str  # "po_…": the end-to-end reference; at most 35 characters.
    amount: Money
    name: str  # The creditor.
    country: str  # Where the creditor's account is.
    iban: str = ""
    bic: str = ""
    routing_number: str = ""
    account_number: str = ""
    account_type: str = "checking"  # … or "savings".
    remittance: str = ""  # What the creditor reads on the statement.
    trace: str = ""  # NACHA: fifteen digits, which the order's maker gave this payment.


@dataclass(frozen=True, slots=True)
class Order:
    """One file: payments in one currency from one account of ours on one day."""

    message_id: str  # At most 35 characters; never used twice.
    sequence: int  # From 1, by format: NACHA's file id modifier, pain.001's place in the day.
    created_at: datetime
    execution_date: date
    debtor: OwnAccount
    transfers: tuple[CreditTransfer, ...]


class Became(StrEnum):
    """What the bank says of a payment."""

    ACCEPTED = "accepted"  # Checked and taken; not paid yet.
    PAID = "paid"  # Our account was debited for it.
    REJECTED = "rejected"  # Never paid.
    RETURNED = "returned"  # Paid, and sent back by the creditor's bank.


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report says of one payment."""

    reference: str  # Ours, "po_…"; "" where the format repeats only the trace (NACHA).
    became: Became
    amount: Money | None = None
    code: str = ""  # ISO 20022 external code ("AC04") or NACHA return reason ("R02").
    message: str = ""
    trace: str = ""
    bank_reference: str = ""  # The bank's own.
    of_message: str = ""  # Where `reference` is "": the file of ours that was booked as one sum.


@dataclass(frozen=True, slots=True)
class Report:
    """One file of the bank's. `of_message` is the file of ours that it answers, where it answers one."""

    kind: str  # "pain.002", "camt.054", "camt.053", "nacha.return"
    message_id: str
    created_at: datetime
    items: tuple[Reported, ...]
    of_message: str = ""
    whole: Became | None = None  # What became of that file as a whole: ACCEPTED or REJECTED.
    code: str = ""
    message: str = ""
