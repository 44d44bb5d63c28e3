"""ISO 20022 camt.053.001.08: what our bank booked on our accounts, day by day; every entry, each with its place.

    payout           a debit that names a payout of ours, by our id or by the trace of a NACHA file, or a file of ours
                     that was booked as one sum
    payout_returned  a credit that is such a payment coming back, or the reversal of its debit
    settlement       every other credit and debit, with what it says it is for

`object` is what payouts go by (payouts.movements), `ours` the remittance information of a settlement. Amounts are the
bank's: a credit is above zero. Where an entry stands for many payments and their amounts add up to it they are the
lines; else the entry is one line. What is not booked yet is nothing.

A statement whose entries do not lead from its opening to its closing balance cannot be read, nor can an entry without
a reference of the bank's: told again, nobody would know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from xml.etree.ElementTree import Element

from kernel.ids import InvalidId, decode, homeward
from kernel.money import Money
from kernel.xml_documents import Unreadable, moment, money, parts, text, told
from paygate.psp.statements import LineKind

_OPENING = ("OPBD", "PRCD")  # Opening, or the previous one's closing: banks give either.
_CLOSING = "CLBD"
#: Bank transaction code: of issued credit transfers, the reversal due to a payment's return.
_RETURN = ("PMNT", "ICDT", "RRTN")
_FILE = re.compile("PG[0-9A-F]{32}")  # The message id of a file of ours (payouts.files).
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_IDENTITY_MOST = 1000  # Characters; a file of very many accounts goes by its own name.


@dataclass(slots=True)
class Line:
    """An entry, or one of the payments that it stands for."""

    kind: LineKind
    reference: str
    object: str
    ours: str
    account: str
    amount: Money  # Above zero where it came to our account.
    at: datetime
    description: str


@dataclass(slots=True)
class _Detail:
    """What an entry, or one payment in it, says of itself."""

    object: str  # Of a payment of ours.
    amount: Money | None
    is_return: bool
    ours: str
    description: str


@dataclass(slots=True)
class Document:
    """A file while it is being read."""

    traces: frozenset[str]
    identity: str = ""
    numbers: list[tuple[str, int]] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _balances: dict[str, tuple[Money, str]] = field(default_factory=dict)
    _moved: int = 0
    _details: list[_Detail] = field(default_factory=list)

    def lines(self, content: Iterator[bytes]) -> Iterator[Line]:
        """All of them, in the file's order. Raises Unreadable, at the end of a statement that does not add up."""
        message = ""
        for part, element, above in parts(content, ("GrpHdr", "Stmt", "Bal", "Ntry", "TxDtls")):
            match part:
                case "GrpHdr":
                    message = text(element, "MsgId")
                case "Bal":
                    self._balance(element)
                case "TxDtls":
                    entry = above[-2] if len(above) > 1 else element
                    self._details.append(self._detail(element, credit=is_credit(entry)))
                case "Ntry":
                    yield from self._entry(element, above[-1])
                    self._details = []
                case _:
                    self._close(element)
        if not self._names:
            raise Unreadable("there is no statement in it")
        identity = ", ".join(self._names)
        self.identity = identity if len(identity) <= _IDENTITY_MOST else f"message {message}"

    # ------------------------------------------------------------------------------- statements

    def _balance(self, element: Element) -> None:
        amount = money(element, "Amt")
        if amount is None:
            raise Unreadable("a balance has no amount")
        signed = amount if is_credit(element) else -amount
        self._balances[text(element, "Tp/CdOrPrtry/Cd")] = signed, text(element, "Dt/Dt")

    def _close(self, statement: Element) -> None:
        """The statement has ended: its entries lead from one balance to the other."""
        account = _account(statement)
        opening = next((self._balances[code] for code in _OPENING if code in self._balances), None)
        closing = self._balances.get(_CLOSING)
        if opening is None or closing is None:
            raise Unreadable(f"the statement of {account} has no opening or no closing balance")
        (before, _), (after, day) = opening, closing
        expected = before + Money(self._moved, before.currency)
        if expected != after:
            raise Unreadable(
                f"the entries on {account} lead from {before} to {expected}, and not to {after}"
            )
        number = text(statement, "ElctrncSeqNb", most=18)
        name = number or text(statement, "LglSeqNb", most=18) or text(statement, "Id")
        self._names.append(f"{account} {name} {day}")
        if number.isascii() and number.isdecimal() and int(number) > 1:
            self.numbers.append((account, int(number)))
        self._balances, self._moved = {}, 0

    # ---------------------------------------------------------------------------------- entries

    def _entry(self, entry: Element, statement: Element) -> Iterator[Line]:
        amount = money(entry, "Amt")
        status = text(entry, "Sts/Cd") or text(entry, "Sts/Prtry") or text(entry, "Sts")
        if amount is None or not status:
            raise Unreadable("an entry lacks its amount or its status")
        if status != "BOOK":
            return
        credit, account = is_credit(entry), _account(statement)
        signed = amount if credit else -amount
        if any(balance.currency != amount.currency for balance, _ in self._balances.values()):
            raise Unreadable(
                f"an entry on {account} is in {amount.currency}, and its balances are not"
            )
        self._moved += signed.minor
        at = _booked_at(entry)
        reference = self._reference(entry, account, at)
        reversal = text(entry, "RvslInd") in ("true", "1")
        whole = self._detail(entry)
        details = self._details
        if len(details) == 1:
            details[0].amount = signed
        sums = [one.amount.minor for one in details if one.amount]
        if not details or len(sums) < len(details) or sum(sums) != signed.minor:
            whole.object = whole.object or self._file(entry)
            whole.amount = signed
            details = [whole]
        for place, one in enumerate(details, 1):
            if one.amount is None or one.amount.currency != amount.currency:
                raise Unreadable(f"a payment of the entry {reference} is in another currency")
            returned = one.is_return or whole.is_return
            if one.amount.minor > 0:
                is_ours, kind = (
                    returned or (reversal and bool(one.object)),
                    LineKind.PAYOUT_RETURNED,
                )
            else:
                is_ours, kind = bool(one.object) and not returned, LineKind.PAYOUT
            yield Line(
                kind=kind if is_ours else LineKind.SETTLEMENT,
                reference=reference if len(details) == 1 else f"{reference} {place}",
                object=one.object if is_ours else "",
                ours="" if is_ours else one.ours or whole.ours,
                account=account,
                amount=one.amount,
                at=at,
                description=one.description or whole.description,
            )

    def _reference(self, entry: Element, account: str, at: datetime) -> str:
        """By which the entry is known wherever it is told again. An NtryRef may be a number that counts each day's."""
        if said := text(entry, "AcctSvcrRef"):
            reference = f"{account} {said}"
        elif said := text(entry, "NtryRef"):
            reference = f"{account} {at:%Y-%m-%d} {said}"
        else:
            raise Unreadable(f"an entry on {account} has no reference of the bank's")
        if reference in self._seen:
            raise Unreadable(f"two entries have the reference {reference}")
        self._seen.add(reference)
        return reference

    def _detail(self, element: Element, *, credit: bool | None = None) -> _Detail:
        """Of a TxDtls, or of an entry, as far as it says such things; `credit` holds where it does not say."""
        end_to_end = text(element, "Refs/EndToEndId").removeprefix("NOTPROVIDED")
        amount = money(element, "Amt") or money(element, "AmtDtls/TxAmt/Amt")
        if amount is not None:
            amount = amount if is_credit(element, or_else=credit) else -amount
        about = (
            told(element, "RmtInf/Strd/CdtrRefInf/Ref"),
            told(element, "RmtInf/Ustrd"),
            end_to_end,
        )
        people = ("RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm", "AddtlTxInf", "AddtlNtryInf")
        return _Detail(
            object=self._payment(element, end_to_end),
            amount=amount,
            is_return=element.find("RtrInf") is not None or is_return(element),
            ours=" ".join(filter(None, about)),
            description=" ".join(filter(None, (told(element, path) for path in people))),
        )

    def _payment(self, element: Element, end_to_end: str) -> str:
        """The payout of ours that it names: "po_…", or the trace of a NACHA file; else ""."""
        named = homeward(end_to_end or text(element, "Refs/InstrId"))
        with suppress(InvalidId):
            decode("po", named)
            return named
        for path in ("Refs/ClrSysRef", "Refs/TxId"):
            said = text(element, path)
            if re.fullmatch("[0-9]{15}", said) and said[:8] in self.traces:
                return said
        return ""

    @staticmethod
    def _file(entry: Element) -> str:
        """The file of ours that was booked as one sum, or ""."""
        for path in ("NtryDtls/Btch/MsgId", "NtryDtls/Btch/PmtInfId"):
            if _FILE.fullmatch(said := text(entry, path)):
                return said
        return ""


def _account(statement: Element) -> str:
    found = text(statement, "Acct/Id/IBAN") or text(statement, "Acct/Id/Othr/Id")
    if not found:
        raise Unreadable("a statement does not say of which account it is")
    return found


def is_credit(element: Element, *, or_else: bool | None = None) -> bool:
    """Of an entry, or of a payment in it, which may leave that to its entry. Raises Unreadable."""
    said = text(element, "CdtDbtInd")
    if not said and or_else is not None:
        return or_else
    if said not in ("CRDT", "DBIT"):
        raise Unreadable(f"{element.tag} is neither a credit nor a debit")
    return said == "CRDT"


def is_return(element: Element) -> bool:
    """Is it a transfer of ours that came back, by its bank transaction code?"""
    code = tuple(
        text(element, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")
    )
    return code == _RETURN


def _booked_at(entry: Element) -> datetime:
    if text(entry, "BookgDt/DtTm"):
        return moment(entry, "BookgDt/DtTm")
    said = text(entry, "BookgDt/Dt")
    if not _DAY.fullmatch(said):
        raise Unreadable("an entry does not say on which day it was booked")
    try:
        return datetime.combine(date.fromisoformat(said[:10]), time(), UTC)
    except ValueError:
        raise Unreadable(f"{said} is no day") from None
