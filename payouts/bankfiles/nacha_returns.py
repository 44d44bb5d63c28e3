"""A NACHA file of the bank's: payments of ours that came back, and what their banks would have us change.

Nacha Operating Rules, appendix three and four. Each entry has one addenda record: 99 for a return (R01 …), 98 for a
notification of change (C01 …: the payment was made, and the account is to be written otherwise in future). A
payment is known by the trace number that it went out with. The file's own sums are checked, so that one that was cut
short is not taken for a shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kernel.money import Money
from payouts.bankfiles.orders import Became, Report, Reported, Unreadable

_LINE = 94
_EASTERN = ZoneInfo("America/New_York")  # The header's time is by the Federal Reserve's clocks.

#: R61-R69 are returns that our bank sends back, R70-R77 what the other bank says to that: a quarrel of the banks, of
#: which nothing has come for us yet. What does come is a return of its own.
_BETWEEN_BANKS = re.compile("R(6[1-9]|7[0-7])")


def read(content: bytes) -> Report:
    """The report: RETURNED with its reason, and ACCEPTED for what leaves the payment as it was (a notification of
    change, a quarrel of the banks), all by trace number and with the reference "".

    What a notification would have changed is not repeated (it is an account number, mostly): it stands in the file.
    Raises Unreadable.
    """
    lines = _lines(content)
    header = next(lines, "")
    if header[:3] != "101" or header[34:40] != "094101":
        raise Unreadable("it does not begin with a NACHA file's header")

    items: list[Reported] = []
    of_file, of_batch, batches = _Sums(), _Sums(), 0
    entry, expected = "", "59"  # The records that may follow.
    for line in lines:
        kind = line[0]
        if kind not in expected:
            raise Unreadable(f"a record {kind!r} stands where one of {expected!r} must")
        if kind == "5":
            of_batch, batches, expected = _Sums(), batches + 1, "68"
        elif kind == "6":
            if line[78] != "1":
                raise Unreadable("an entry has no addenda, and so is no return")
            entry, expected = line, "7"
        elif kind == "7":
            items.append(_returned(entry, line))
            of_batch += _Sums(2, int(_digits(entry[3:11])), int(_digits(entry[29:39])))
            expected = "68"
        elif kind == "8":
            of_batch.must_be(
                entries=line[4:10], routing_numbers=line[10:20], amounts=(line[20:32], line[32:44])
            )
            of_file += of_batch
            expected = "59"
        else:
            if int(_digits(line[1:7])) != batches:
                raise Unreadable("batches are missing")
            of_file.must_be(
                entries=line[13:21], routing_numbers=line[21:31], amounts=(line[31:43], line[43:55])
            )
            break
    else:
        raise Unreadable("the file ends without its control record")
    if any(line.strip("9") for line in lines):
        raise Unreadable("something follows the control record")
    return Report(
        kind="nacha.return",
        message_id=f"{header[13:23].strip()}-{header[23:34].strip()}",
        created_at=_created_at(header),
        items=tuple(items),
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a control record must say of the entries before it."""

    entries: int = 0  # With their addenda.
    routing_numbers: int = 0
    amount: int = 0  # In cents. (Some count a return of a credit as a debit.)

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(
            self.entries + other.entries,
            self.routing_numbers + other.routing_numbers,
            self.amount + other.amount,
        )

    def must_be(self, *, entries: str, routing_numbers: str, amounts: tuple[str, str]) -> None:
        said = _Sums(
            int(_digits(entries)),
            int(_digits(routing_numbers)),
            sum(int(_digits(amount)) for amount in amounts),
        )
        if said != _Sums(self.entries, self.routing_numbers % 10**10, self.amount):
            raise Unreadable(
                "entries are missing: they do not add up to what the control record says"
            )


def _lines(content: bytes) -> Iterator[str]:
    """The records; with or without line ends, for both are in use."""
    try:
        text = content.decode("ascii").replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError:
        raise Unreadable("it is not in ASCII") from None
    lines = (
        text.split("\n")
        if "\n" in text
        else [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    )
    for line in lines:
        if len(line) != _LINE:
            raise Unreadable(f"a record has {len(line)} characters instead of {_LINE}")
        yield line


def _digits(text: str) -> str:
    if not re.fullmatch("[0-9]+", text):
        raise Unreadable(f"{text!r} stands where digits must")
    return text


def _returned(entry: str, addenda: str) -> Reported:
    """One entry with the addenda that says why it was sent."""
    kind, code = addenda[1:3], addenda[3:6]
    trace = _digits(addenda[6:21])
    if kind == "98" and re.fullmatch("C[0-9]{2}", code):
        return Reported(
            "", Became.ACCEPTED, code=code, message="notification of change", trace=trace
        )
    if kind != "99" or not re.fullmatch("R[0-9]{2}", code):
        raise Unreadable(f"{kind} {code} is neither a return nor a notification of change")
    if _BETWEEN_BANKS.fullmatch(code):
        return Reported(
            "", Became.ACCEPTED, code=code, message="dishonored or contested return", trace=trace
        )
    return Reported(
        reference="",
        became=Became.RETURNED,
        amount=Money(int(_digits(entry[29:39])), "USD"),
        code=code,
        message=" ".join(addenda[35:79].split()),
        trace=trace,
        bank_reference=entry[79:94].strip(),
    )


def _created_at(header: str) -> datetime:
    day, time = header[23:29], header[29:33].strip() or "0000"
    try:
        said = f"20{_digits(day)}{_digits(time)}"
        return datetime.strptime(said, "%Y%m%d%H%M").replace(tzinfo=_EASTERN).astimezone(UTC)
    except ValueError:  # An Unreadable is one, too.
        raise Unreadable("the header's date is none") from None
