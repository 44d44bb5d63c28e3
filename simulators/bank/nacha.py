"""NACHA files as an originating bank reads them, and its own of what came back.

Records of 94 characters, blocks of ten, by the Nacha Operating Rules' "ACH record format specifications". Read are
credits (transaction codes 22 and 32) without and with addenda; a file whose sums are wrong is no file. A payment that
comes back has an addenda record of type 99 with the reason (R01 …) and the trace number with which it had left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from simulators.bank.orders import (
    Account,
    File,
    Group,
    Invalid,
    NoSuchFormat,
    Payment,
    Reason,
    major,
    routing_number_is_one,
)

_LINE = 94
_CHECKING, _SAVINGS = "22", "32"
_RETURNED = {_CHECKING: "21", _SAVINGS: "31"}  # The codes of an entry that comes back.
_NO_SUCH_BANK = Reason("R13", "INVALID ACH ROUTING NUMBER")


def read(content: bytes, *, message_id: str) -> File:
    """Raises NoSuchFormat for what does not look like it, and Invalid for what does not add up."""
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise NoSuchFormat("not ASCII") from None
    lines = text.splitlines()
    if not lines or not lines[0].startswith("101") or lines[0][34:40] != "094101":
        raise NoSuchFormat("no file header")
    for number, line in enumerate(lines, 1):
        if len(line) != _LINE:
            raise Invalid(f"record {number} has {len(line)} characters")
    if len(lines) % 10:
        raise Invalid("the last block is not full")
    if not routing_number_is_one(lines[0][4:13]):
        raise Invalid("the immediate destination is no routing number")
    records = iter(lines[1:])
    groups: list[Group] = []
    sums = _Sums()
    for line in records:
        if line[0] == "5":
            groups.append(_batch(line, records, sums))
        elif line[0] == "9":
            said = _Sums(int(line[13:21]), int(line[21:31]), int(line[31:43]), int(line[43:55]))
            said.compare(sums, "the file's")
            if int(line[1:7]) != len(groups) or int(line[7:13]) != len(lines) // 10:
                raise Invalid("the file's control record counts other batches or blocks")
            break
        else:
            raise Invalid(f"a record {line[0]} stands where a batch must")
    else:
        raise Invalid("no file control record")
    if any(line.strip("9") for line in records):
        raise Invalid("something follows the control record")
    if not groups:
        raise Invalid("no batch")
    total = major(sums.credit, "USD")
    return File(message_id=message_id, format="nacha", groups=groups, total=total)


class _Sums:
    """What the control records say of the entries before them."""

    def __init__(self, entries: int = 0, hash_: int = 0, debit: int = 0, credit: int = 0) -> None:
        self.entries, self.hash, self.debit, self.credit = entries, hash_, debit, credit

    def add(self, other: _Sums) -> None:
        self.entries += other.entries
        self.hash = (self.hash + other.hash) % 10**10
        self.debit += other.debit
        self.credit += other.credit

    def compare(self, counted: _Sums, whose: str) -> None:
        if self.entries != counted.entries:
            raise Invalid(f"{whose} entries are {counted.entries}, not {self.entries}")
        if self.hash != counted.hash:
            raise Invalid(f"{whose} entry hash is {counted.hash}, not {self.hash}")
        if (self.debit, self.credit) != (counted.debit, counted.credit):
            raise Invalid(f"{whose} totals are {counted.debit} and {counted.credit}")


def _batch(header: str, records: Iterator[str], file: _Sums) -> Group:
    if header[1:4] != "220":
        raise Invalid("a batch is not of credits only")
    if header[50:53] not in ("CCD", "PPD"):
        raise Invalid(f"batches of {header[50:53]} are not taken")
    try:
        day = datetime.strptime(header[69:75], "%y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise Invalid("the effective entry date is none") from None
    sums, payments = _Sums(), list[Payment]()
    before = ""
    for line in records:
        if line[0] == "6":
            payment = _entry(line)
            if payment.trace <= before or payment.trace[:8] != header[79:87]:
                raise Invalid(f"trace number {payment.trace} is out of order or not the bank's")
            before = payment.trace
            payments.append(payment)
            sums.add(_Sums(1, int(line[3:11]), 0, payment.amount))
        elif line[0] == "7" and payments:
            sums.add(_Sums(entries=1))
        elif line[0] == "8":
            said = _Sums(int(line[4:10]), int(line[10:20]), int(line[20:32]), int(line[32:44]))
            said.compare(sums, "a batch's")
            if not payments or line[1:4] != "220" or line[44:54] != header[40:50]:
                raise Invalid("a batch's control record is not that of its header")
            file.add(sums)
            return Group(
                id=header[87:94],
                day=day,
                account=Account(header[40:50].strip(), "USD", header[4:20].strip()),
                payments=payments,
                total=major(sums.credit, "USD"),
                one_entry=True,  # The ACH operator settles batches.
                odfi=header[79:87],
            )
        else:
            raise Invalid(f"a record {line[0]} stands within a batch")
    raise Invalid("a batch has no control record")


def _entry(line: str) -> Payment:
    if line[1:3] not in (_CHECKING, _SAVINGS):
        raise Invalid(f"transaction code {line[1:3]} is not taken")
    if not line[29:39].isdigit() or not line[79:94].isdigit() or not line[3:12].isdigit():
        raise Invalid("letters stand where digits must")
    amount = int(line[29:39])
    payment = Payment(
        reference=line[39:54].strip(),
        amount=amount,
        currency="USD",
        name=line[54:76].strip(),
        number=line[12:29].strip(),
        bank=line[3:12],
        trace=line[79:94],
        savings=line[1:3] == _SAVINGS,
    )
    if not amount:
        raise Invalid(f"{payment.trace} is of nothing")
    if not routing_number_is_one(payment.bank):
        payment.reason = _NO_SUCH_BANK  # The operator finds no such bank, and sends it back.
    return payment


def returns(group: Group, payments: Sequence[Payment], *, at: datetime, modifier: str) -> bytes:
    """The file in which they come back, to the company of the batch they were in."""
    company = f"{group.account.number:10}"
    sums = _Sums()
    bank, owner = f"{group.odfi}{_check_digit(group.odfi)}", group.account.owner.upper()
    lines = [
        f"101 {company[:9]:>9}{bank} {at:%y%m%d%H%M}{modifier}094101{owner[:23]:23}{'THE BANK':31}"
    ]
    lines.append(
        f"5200{owner[:16]:16}{'':20}{company}CCD{'RETURN':10}{'':6}{at:%y%m%d}"
        f"{at.timetuple().tm_yday:03d}1{group.odfi}{1:07d}"
    )
    for number, payment in enumerate(payments, 1):
        code = _RETURNED[_SAVINGS if payment.savings else _CHECKING]
        trace = f"{payment.bank[:8]}{number:07d}"
        reason = payment.reason or Reason("R02")
        lines.append(
            f"6{code}{bank}{payment.number:17}{payment.amount:010d}"
            f"{payment.reference:15}{payment.name:22}{'':2}1{trace}"
        )
        lines.append(
            f"799{reason.code}{payment.trace}{'':6}{payment.bank[:8]}"
            f"{reason.message.upper()[:44]:44}{trace}"
        )
        sums.add(_Sums(2, int(group.odfi), 0, payment.amount))
    said = f"{sums.entries:06d}{sums.hash:010d}{0:012d}{sums.credit:012d}"
    lines.append(f"8200{said}{company}{'':19}{'':6}{group.odfi}{1:07d}")
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9{1:06d}{blocks:06d}{sums.entries:08d}{said[6:]}{'':39}")
    lines += ["9" * _LINE] * (blocks * 10 - len(lines))
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _check_digit(odfi: str) -> str:
    """The ninth digit of a routing number."""
    return next(digit for digit in "0123456789" if routing_number_is_one(odfi + digit))
