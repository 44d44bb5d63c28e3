"""A file of payments as the bank sees it, whichever format it came in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from simulators.currencies import ISO


class NoSuchFormat(ValueError):
    """The content is not of the format that it was said to be of."""


class Invalid(ValueError):
    """It is of the format and breaks its rules; the message says where."""


@dataclass(frozen=True, slots=True)
class Reason:
    """An ISO 20022 external code, or a NACHA return reason, and a word to it."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a customer's here, in one currency. Whoever names it has one."""

    number: str  # An IBAN or, in NACHA files, the company's id.
    currency: str
    owner: str = field(default="", compare=False)

    @property
    def has_iban(self) -> bool:
        return self.number[:2].isalpha()


@dataclass(slots=True, eq=False)
class Payment:
    """One credit transfer. `state` is received, accepted, rejected, paid or returned."""

    reference: str  # End to end; NACHA: the individual identification number.
    amount: int  # In minor units of ISO 4217.
    currency: str
    name: str
    number: str  # The creditor's account.
    bank: str  # Its bank: a BIC or a routing number; "" where the file does not say.
    instruction: str = ""
    remittance: str = ""
    trace: str = ""  # NACHA's fifteen digits.
    savings: bool = False
    state: str = "received"
    reason: Reason | None = None  # Why it was rejected or returned.
    ours: str = ""  # The bank's own reference.

    @property
    def key(self) -> str:
        """Under what the books have it: the platform's own reference, where the file has room for it."""
        return self.trace or homeward(self.reference)


@dataclass(slots=True, eq=False)
class Group:
    """Payments out of one account on one day: a PmtInf, or a NACHA batch."""

    id: str
    day: date
    account: Account
    payments: list[Payment]
    total: str  # As the file writes it.
    #: One entry on the statement for all of them, or one for each; where the file does not say, they take turns.
    one_entry: bool | None = None
    odfi: str = ""  # NACHA: the bank that sent it, eight digits.


@dataclass(slots=True, eq=False)
class File:
    """`state` is received, accepted, part or rejected."""

    message_id: str
    format: str  # "pain.001" or "nacha"
    groups: list[Group]
    total: str
    created: str = ""  # As the file writes it.
    whole: Reason | None = None  # Why it is refused as a whole.
    name: str = ""
    sha256: str = ""
    number: str = ""  # The bank's own.
    received_at: float = 0.0
    state: str = "received"

    @property
    def payments(self) -> list[Payment]:
        return [payment for group in self.groups for payment in group.payments]


_HOME = re.compile("([a-z]{2,6})-([0-9a-z]{26})", re.IGNORECASE)


def homeward(reference: str) -> str:
    """ "po-01k9…" is "po_01k9…" at home: what is paid between banks has no underscores."""
    found = _HOME.fullmatch(reference)
    return f"{found[1]}_{found[2]}".lower() if found else reference


def minor(text: str, currency: str) -> int:
    """An amount in major units as files write it. Raises ValueError, also for a fraction that there is not."""
    whole, _, fraction = text.partition(".")
    decimals = ISO[currency]
    if not re.fullmatch(r"\d{1,18}(\.\d{1,5})?", text, re.ASCII) or fraction[decimals:].strip("0"):
        raise ValueError(f"{text} is no amount in {currency}")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def major(amount: int, currency: str) -> str:
    """Back again, with all the decimals of the currency."""
    decimals = ISO[currency]
    digits = f"{amount:0{decimals + 1}d}"
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def iban_is_one(text: str) -> bool:
    """ISO 13616: two letters, two check digits, and what is mod 97 with them; the lengths by country are not known."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text, re.ASCII):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def routing_number_is_one(text: str) -> bool:
    """The ninth digit checks the others: 3, 7, 1 and again."""
    if not re.fullmatch(r"\d{9}", text, re.ASCII):
        return False
    return (
        sum(int(digit) * weight for digit, weight in zip(text, (3, 7, 1) * 3, strict=True)) % 10
        == 0
    )
