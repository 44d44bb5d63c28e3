"""ISO 20022 camt.053 and camt.054: what our bank booked on our account, as far as it concerns our transfers.

A debit that is booked is a payment made; a credit that says that it is a return is one that came back, and so is
the reversal of a debit. An entry may stand for many payments, which are then its TxDtls. Of other entries (fees,
deposits, what is only announced) nothing is said: the account as a whole is reconciled elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from kernel import xml_documents
from kernel.money import Money
from kernel.xml_documents import money, text, told
from paygate.reconciliation.camt import is_credit, is_return
from payouts.bankfiles.orders import Became, Report, Reported, Unreadable
from payouts.bankfiles.references import homeward

KINDS = {"camt.053.001.08": "camt.053", "camt.054.001.08": "camt.054"}


def read(content: bytes) -> Report:
    """The report, of all accounts and statements in the file, in its order.

    A debit without a payment's reference that names a file of ours (one sum for all of it) is given with the
    reference "" and `of_message`; a return without one with the reference "". The amount of a payment is the one that
    we instructed, of a return the one that came back; None where the bank gives neither. Raises Unreadable.
    """
    name = xml_documents.message_name(content)
    kind = KINDS.get(name)
    if kind is None:
        raise Unreadable(f"{name} is not camt.053 or camt.054 in the version that is read here")

    header = None
    items: list[Reported] = []
    entry: _Entry | None = None
    for part, element, above in xml_documents.parts(content, ("GrpHdr", "Ntry", "TxDtls")):
        if part == "GrpHdr":
            header = element
        elif part == "TxDtls":
            # What the entry says of itself stands before its details, so all of it is known by now.
            entry = entry or _Entry.of(above[-2] if len(above) > 1 else element)
            entry.add(element)
        else:
            items += (entry or _Entry.of(element)).items(element)
            entry = None
    if header is None:
        raise Unreadable("there is no GrpHdr")
    return Report(
        kind=kind,
        message_id=text(header, "MsgId"),
        created_at=xml_documents.moment(header, "CreDtTm"),
        items=tuple(items),
    )


@dataclass(slots=True)
class _Entry:
    """One entry on the account, and what was found of its payments so far."""

    amount: Money
    is_credit: bool
    is_reversal: bool
    is_return: bool
    is_booked: bool
    bank_reference: str
    details: int
    found: list[Reported]

    @classmethod
    def of(cls, element: Element) -> _Entry:
        amount = money(element, "Amt")
        status = text(element, "Sts/Cd") or text(element, "Sts/Prtry")
        reversal = text(element, "RvslInd")
        if amount is None or not status or reversal not in ("", "true", "false", "1", "0"):
            raise Unreadable(
                "an entry lacks its amount or its status, or is reversed in a way that is none"
            )
        return cls(
            amount=amount,
            is_credit=is_credit(element),
            is_reversal=reversal in ("true", "1"),
            is_return=is_return(element),
            is_booked=status == "BOOK",
            bank_reference=text(element, "AcctSvcrRef"),
            details=0,
            found=[],
        )

    def add(self, details: Element) -> None:
        """One of the payments that the entry stands for."""
        self.details += 1
        if self.is_booked and (item := self._payment(details)):
            self.found.append(item)

    def items(self, element: Element) -> list[Reported]:
        """What the entry, which has been read to its end, says of our payments."""
        if self.details == 0:
            return self._undetailed(element) if self.is_booked else []
        if self.details == 1:  # The one payment's amount is the entry's.
            return [replace(item, amount=item.amount or self.amount) for item in self.found]
        return self.found

    def _payment(self, details: Element) -> Reported | None:
        came = is_credit(details, or_else=self.is_credit)
        returned = details.find("RtrInf") is not None
        end_to_end = text(details, "Refs/EndToEndId")
        if end_to_end == "NOTPROVIDED":
            end_to_end = ""
        item = Reported(
            reference=homeward(end_to_end or text(details, "Refs/InstrId")),
            became=Became.RETURNED if came else Became.PAID,
            amount=_amount(details, is_credit=came),
            code=text(details, "RtrInf/Rsn/Cd") or text(details, "RtrInf/Rsn/Prtry"),
            message=told(details, "RtrInf/AddtlInf"),
            trace=_trace(details),
            bank_reference=text(details, "Refs/AcctSvcrRef") or self.bank_reference,
        )
        is_known = bool(item.reference or item.trace)
        if self.is_reversal:
            undone = "the bank reversed its debit" if came else "the bank reversed its credit"
            return replace(item, message=item.message or undone) if is_known else None
        if came:
            return item if returned or self.is_return or is_return(details) else None
        # A debit that is a return is somebody else's money, going back to them.
        return item if is_known and not returned else None

    def _undetailed(self, element: Element) -> list[Reported]:
        """An entry without a single payment's details."""
        of_message = homeward(
            text(element, "NtryDtls/Btch/MsgId") or text(element, "NtryDtls/Btch/PmtInfId")
        )
        if self.is_credit and (self.is_return or self.is_reversal):
            became = Became.RETURNED
        elif of_message and not (self.is_credit or self.is_reversal):
            became = Became.PAID
        else:
            return []
        return [
            Reported(
                reference="",
                became=became,
                amount=self.amount,
                bank_reference=self.bank_reference,
                of_message=of_message,
            )
        ]


def _trace(details: Element) -> str:
    """The trace number of an ACH payment, which is what it is known by: fifteen digits, as the clearing's reference."""
    for path in ("Refs/ClrSysRef", "Refs/TxId"):
        if re.fullmatch("[0-9]{15}", said := text(details, path)):
            return said
    return ""


def _amount(details: Element, *, is_credit: bool) -> Money | None:
    if not is_credit and (instructed := money(details, "AmtDtls/InstdAmt/Amt")):
        return instructed
    return money(details, "Amt") or money(details, "AmtDtls/TxAmt/Amt")
