"""What we ask of our bank's channel, and everything it may answer. EBICS or SFTP would be another Channel.

As with PSPs (paygate/psp/gateway.py) a channel *returns* one of the outcomes when it is given a file, and NotSent and
Unknown mean what they mean there. A file is known by its message id, for ever: the bank takes the same bytes under
it again without executing them again, and refuses others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

from paygate.psp.gateway import NotSent, Unknown

__all__ = [
    "BankUnavailable",
    "Channel",
    "Found",
    "NotSent",
    "Refused",
    "ReportName",
    "Submitted",
    "Taken",
    "Unknown",
]


class BankUnavailable(Exception):
    """A report, or the list of them, could not be had just now; nothing is lost by asking later."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The bank has the file. What it makes of it, its reports say."""

    message_id: str
    sha256: str  # Of what it has, in hexadecimal.
    payments: int
    total: str  # The sum of all amounts in major units, as the file's control sum: "1234.56".


@dataclass(frozen=True, slots=True)
class Refused:
    """The bank will not have the file: none of it is executed, nor ever will be by these bytes."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReportName:
    """A report that the bank has ready for us. Numbers go from 1 without gaps."""

    number: int
    kind: str  # "pain.002", "camt.054", "camt.053" or "nacha.return"
    name: str


Submitted: TypeAlias = Taken | Refused | NotSent | Unknown
Found: TypeAlias = Taken | NotSent | Unknown


class Channel(Protocol):
    """One bank in one mode. Threads may share it."""

    #: After this long without a trace of a file, "never heard of it" means that it never will be.
    horizon: timedelta

    def submit(self, *, message_id: str, name: str, content: bytes) -> Submitted:
        """Hand the file over, or ask again: it is executed once. `name` is for people. Taken only where the bank
        says that it has these very bytes."""
        ...

    def find(self, message_id: str, *, sha256: str = "") -> Found:
        """Does the bank have this file? Reads only. NotSent where it has no trace of it (yet: see `horizon`);
        a look-up that itself fails is Unknown, and so is one that finds other bytes than `sha256`."""
        ...

    def reports(self, after: int) -> list[ReportName]:
        """The reports with a higher number, in order; not always all of them: ask until there are none.

        Raises BankUnavailable.
        """
        ...

    def fetch(self, number: int) -> bytes:
        """A report as it is at the bank, to the byte. Raises BankUnavailable."""
        ...
