"""A NACHA file of CCD credits: dollars from our account to accounts of companies in the US.

Nacha Operating Rules, appendix three, "ACH record format specifications": records of 94 characters in blocks of ten.
Numbers are right-justified and filled with zeros, texts left-justified and filled with blanks. All entries are in one
batch, credits only (service class 220), without addenda: what the creditor reads is our name and PAYOUT, and the
transfer's remittance has no place. A payment is known again by its trace number; the end of its reference stands
beside it as the individual identification number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from payouts.bankfiles.letters import capitals
from payouts.bankfiles.orders import CreditTransfer, Order, Unwritable
from payouts.bankfiles.validate import routing_number_matches

_LINE = 94
_BLOCK = 10
_MOST_ENTRIES = 999_999  # Six digits in the batch's control record.
_MOST_OF_ONE = 10**10 - 1  # Ten digits, in cents.
_MOST_OF_ALL = 10**12 - 1
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CREDIT_TO = {"checking": "22", "savings": "32"}
_CREDITS_ONLY = "220"
_BATCH = f"{1:07d}"

#: The day and time in a file's header are those of the Federal Reserve's clocks.
_EASTERN = ZoneInfo("America/New_York")


def write(order: Order) -> bytes:
    """The file, in ASCII, each record on a line of its own: the same bytes for the same order, for ever.

    Entries stand in the order of their trace numbers, as the rules want. The file's modifier (A to Z, 0 to 9) is
    `order.sequence`, counted round. Raises Unwritable, with the message's id where it is not about one transfer, for
    what cannot be said: anything but dollars, more than ten digits of cents, a routing or trace number that is none,
    a name of which nothing is left in ASCII, the same trace number or reference twice.
    """
    transfers = sorted(order.transfers, key=lambda transfer: transfer.trace)
    _check(order, transfers)
    odfi = order.debtor.routing_number[:8]
    total = sum(transfer.amount.minor for transfer in transfers)
    routing_numbers = sum(int(transfer.routing_number[:8]) for transfer in transfers) % 10**10
    # Entries, their hash, debits, credits: the batch's and the file's control records say the same.
    sums = f"{routing_numbers:010d}{0:012d}{total:012d}"

    lines = [_file_header(order), _batch_header(order, odfi)]
    lines += (_entry(transfer, odfi) for transfer in transfers)
    company = order.debtor.company_id
    lines.append(f"8{_CREDITS_ONLY}{len(transfers):06d}{sums}{company}{'':19}{'':6}{odfi}{_BATCH}")
    blocks = -(-(len(lines) + 1) // _BLOCK)
    lines.append(f"9{1:06d}{blocks:06d}{len(transfers):08d}{sums}{'':39}")
    lines += ["9" * _LINE] * (blocks * _BLOCK - len(lines))
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _file_header(order: Order) -> str:
    created_at = order.created_at.astimezone(_EASTERN)
    modifier = _MODIFIERS[(order.sequence - 1) % len(_MODIFIERS)]
    destination = capitals(order.debtor.bank_name, most=23)
    origin = capitals(order.debtor.name, most=23)
    reference = re.sub("[^0-9A-Z]", "", order.message_id.upper())[-8:]
    return (
        f"101 {order.debtor.routing_number}{order.debtor.company_id}{created_at:%y%m%d%H%M}{modifier}"
        f"{_LINE:03d}{_BLOCK}1{destination:23}{origin:23}{reference:8}"
    )


def _batch_header(order: Order, odfi: str) -> str:
    company = capitals(order.debtor.name, most=16)
    # The blanks: discretionary data, the descriptive date, the settlement date (which the operator fills in).
    return (
        f"5{_CREDITS_ONLY}{company:16}{'':20}{order.debtor.company_id}CCD{'PAYOUT':10}{'':6}"
        f"{order.execution_date:%y%m%d}{'':3}1{odfi}{_BATCH}"
    )


def _entry(transfer: CreditTransfer, odfi: str) -> str:
    reference, amount = transfer.reference, transfer.amount
    if amount.currency != "USD":
        raise Unwritable(reference, f"is in {amount.currency}, and NACHA pays dollars")
    if not 0 < amount.minor <= _MOST_OF_ONE:
        raise Unwritable(reference, f"{amount} is no amount that an entry can hold")
    code = _CREDIT_TO.get(transfer.account_type)
    if code is None:
        raise Unwritable(
            reference, f"{transfer.account_type!r} is neither a checking nor a savings account"
        )
    if not re.fullmatch("[0-9A-Za-z-]{1,17}", transfer.account_number):
        raise Unwritable(
            reference, "the account number is not one to seventeen digits, letters and hyphens"
        )
    name = capitals(transfer.name, most=22)
    if not name:
        raise Unwritable(reference, "nothing is left of the creditor's name in ASCII")
    if not re.fullmatch(f"{odfi}[0-9]{{7}}", transfer.trace):
        raise Unwritable(
            reference, "the trace number is not our bank's eight digits and seven more"
        )
    return (
        f"6{code}{transfer.routing_number}{transfer.account_number:17}{amount.minor:010d}"
        f"{_identification(reference):15}{name:22}{'':2}0{transfer.trace}"
    )


def _identification(reference: str) -> str:
    """The end of the reference, which is the random part of the id."""
    return re.sub("[^0-9A-Za-z-]", "", reference)[-15:]


def _check(order: Order, transfers: list[CreditTransfer]) -> None:
    """What is wrong with the order as a whole, and what must be right before anything can be added up."""
    for why in _complaints(order):
        raise Unwritable(order.message_id, why)
    references: set[str] = set()
    before = ""
    for transfer in transfers:
        if not re.fullmatch("[0-9]{9}", transfer.routing_number) or not routing_number_matches(
            transfer.routing_number
        ):
            raise Unwritable(transfer.reference, "the creditor's routing number is none")
        if transfer.trace == before:
            raise Unwritable(transfer.reference, "has the trace number of another payment")
        if transfer.reference in references:
            raise Unwritable(transfer.reference, "is in the file twice")
        references.add(transfer.reference)
        before = transfer.trace


def _complaints(order: Order) -> Iterator[str]:
    debtor = order.debtor
    if not 0 < len(order.transfers) <= _MOST_ENTRIES:
        yield f"holds {len(order.transfers)} transfers, and a batch has one to 999,999"
    if sum(transfer.amount.minor for transfer in order.transfers) > _MOST_OF_ALL:
        yield "adds up to more than the twelve digits of a control record"
    if order.sequence < 1:
        yield f"has the sequence {order.sequence}, and files are counted from 1"
    if order.created_at.tzinfo is None:
        yield "was created at a time without a zone"
    if not re.fullmatch("[0-9]{9}", debtor.routing_number) or not routing_number_matches(
        debtor.routing_number
    ):
        yield "our bank's routing number is none"
    if not re.fullmatch("[0-9A-Z -]{10}", debtor.company_id) or not debtor.company_id.strip():
        yield "our company's id is not the ten characters that the bank gave us"
    if not capitals(debtor.name, most=16):
        yield "nothing is left of our own name in ASCII"
