"""What happened on an account, as camt.054.001.08 (at once) and camt.053.001.08 (day by day) tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from xml.sax.saxutils import escape

from simulators.bank.orders import Account, Payment, Reason, major

#: Bank transaction codes: a credit transfer that we issued (SEPA's, any other, by ACH), and its return; one that came,
#: and a direct debit of somebody else's.
_ISSUED = {"EUR": ("ICDT", "ESCT"), "USD": ("ICDT", "ACDT")}
_OTHER = ("ICDT", "XBCT")
_RETURN = ("ICDT", "RRTN")
_PAID_IN = ("RCDT", "ESCT")
_PAID_OUT = ("RDDT", "ESDD")


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking on an account, for one payment or many. A return is a credit."""

    reference: str
    at: datetime
    payments: Sequence[Payment]
    message_id: str  # Of the customer's file.
    group: str
    is_return: bool = False

    @property
    def amount(self) -> int:
        return sum(payment.amount for payment in self.payments)

    @property
    def is_credit(self) -> bool:
        return self.is_return


@dataclass(frozen=True, slots=True)
class Deposit:
    """What somebody else paid to a customer's account or, not being a credit, took from it."""

    reference: str
    at: datetime
    amount: int  # In minor units, above zero.
    is_credit: bool
    other: str  # Who paid it, or took it.
    remittance: str


Booking: TypeAlias = Entry | Deposit


def notification(account: Account, entries: Sequence[Booking], *, id_: str, at: datetime) -> bytes:
    """A camt.054 of these entries."""
    return _document(
        "camt.054.001.08",
        "BkToCstmrDbtCdtNtfctn",
        id_,
        at,
        f"<Ntfctn><Id>{id_}</Id><CreDtTm>{_moment(at)}</CreDtTm>{_account(account)}"
        f"{_entries(account, entries)}</Ntfctn>",
    )


def statement(
    account: Account,
    entries: Sequence[Booking],
    *,
    number: int,
    opening: int,
    closing: int,
    day: datetime,
    id_: str,
    at: datetime,
) -> bytes:
    """The camt.053 of one day, which begins at `day`; balances are in minor units."""
    end = day + timedelta(days=1) - timedelta(seconds=1)
    return _document(
        "camt.053.001.08",
        "BkToCstmrStmt",
        id_,
        at,
        f"<Stmt><Id>{id_}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{_moment(at)}</CreDtTm>"
        f"<FrToDt><FrDtTm>{_moment(day)}</FrDtTm><ToDtTm>{_moment(end)}</ToDtTm></FrToDt>"
        f"{_account(account)}{_balance('OPBD', account, opening, day)}"
        f"{_balance('CLBD', account, closing, day)}{_entries(account, entries)}</Stmt>",
    )


def _document(name: str, message: str, id_: str, at: datetime, content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{name}"><{message}>'
        f"<GrpHdr><MsgId>{id_}</MsgId><CreDtTm>{_moment(at)}</CreDtTm></GrpHdr>"
        f"{content}</{message}></Document>\n"
    ).encode()


def _account(account: Account) -> str:
    number = escape(account.number)
    id_ = f"<IBAN>{number}</IBAN>" if account.has_iban else f"<Othr><Id>{number}</Id></Othr>"
    return f"<Acct><Id>{id_}</Id><Ccy>{account.currency}</Ccy></Acct>"


def _balance(code: str, account: Account, amount: int, day: datetime) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(abs(amount), account.currency)}"
        f"{_side(credit=amount >= 0)}<Dt><Dt>{day:%Y-%m-%d}</Dt></Dt></Bal>"
    )


def _entries(account: Account, entries: Iterable[Booking]) -> str:
    return "".join(_entry(account, entry) for entry in entries)


def _entry(account: Account, entry: Booking) -> str:
    if isinstance(entry, Deposit):
        code, details = _PAID_IN if entry.is_credit else _PAID_OUT, _deposited(account, entry)
    else:
        code = _RETURN if entry.is_return else _ISSUED.get(account.currency, _OTHER)
        details = _batch(account, entry)
        details += "".join(_details(account, entry, payment) for payment in entry.payments)
    day = f"<Dt>{entry.at:%Y-%m-%d}</Dt>"
    return (
        f"<Ntry><NtryRef>{entry.reference}</NtryRef>{_amount(entry.amount, account.currency)}"
        f"{_side(credit=entry.is_credit)}<Sts><Cd>BOOK</Cd></Sts><BookgDt>{day}</BookgDt>"
        f"<ValDt>{day}</ValDt><AcctSvcrRef>{entry.reference}</AcctSvcrRef>"
        f"{_code(*code)}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _batch(account: Account, entry: Entry) -> str:
    count = len(entry.payments)
    if count == 1:
        return ""
    return (
        f"<Btch><MsgId>{escape(entry.message_id)}</MsgId><PmtInfId>{escape(entry.group)}</PmtInfId>"
        f"<NbOfTxs>{count}</NbOfTxs>{_amount(entry.amount, account.currency, 'TtlAmt')}"
        f"{_side(credit=entry.is_return)}</Btch>"
    )


def _deposited(account: Account, deposit: Deposit) -> str:
    party = "Dbtr" if deposit.is_credit else "Cdtr"
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{deposit.reference}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"{_amount(deposit.amount, account.currency)}{_side(credit=deposit.is_credit)}"
        f"<RltdPties><{party}><Pty><Nm>{escape(deposit.other)}</Nm></Pty></{party}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(deposit.remittance)}</Ustrd></RmtInf></TxDtls>"
    )


def _details(account: Account, entry: Entry, payment: Payment) -> str:
    """The entry's order: Refs, Amt, CdtDbtInd, RltdPties, RmtInf, RtrInf."""
    instruction = f"<InstrId>{escape(payment.instruction)}</InstrId>" if payment.instruction else ""
    trace = f"<ClrSysRef>{payment.trace}</ClrSysRef>" if payment.trace else ""
    remittance = (
        f"<RmtInf><Ustrd>{escape(payment.remittance)}</Ustrd></RmtInf>"
        if payment.remittance
        else ""
    )
    returned = _returned(payment.reason) if entry.is_return and payment.reason else ""
    return (
        f"<TxDtls><Refs><MsgId>{escape(entry.message_id)}</MsgId><AcctSvcrRef>{payment.ours}</AcctSvcrRef>"
        f"<PmtInfId>{escape(entry.group)}</PmtInfId>{instruction}"
        f"<EndToEndId>{escape(payment.reference) or 'NOTPROVIDED'}</EndToEndId>{trace}</Refs>"
        f"{_amount(payment.amount, account.currency)}{_side(credit=entry.is_return)}"
        f"<RltdPties><Cdtr><Pty><Nm>{escape(payment.name)}</Nm></Pty></Cdtr>{_creditor(payment)}</RltdPties>"
        f"{remittance}{returned}</TxDtls>"
    )


def _creditor(payment: Payment) -> str:
    number = escape(payment.number)
    id_ = f"<Othr><Id>{number}</Id></Othr>" if payment.trace else f"<IBAN>{number}</IBAN>"
    return f"<CdtrAcct><Id>{id_}</Id></CdtrAcct>"


def _returned(reason: Reason) -> str:
    more = f"<AddtlInf>{escape(reason.message)}</AddtlInf>" if reason.message else ""
    return f"<RtrInf><Rsn><Cd>{reason.code}</Cd></Rsn>{more}</RtrInf>"


def _code(family: str, sub: str) -> str:
    return (
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn>"
        "</BkTxCd>"
    )


def _amount(amount: int, currency: str, tag: str = "Amt") -> str:
    return f'<{tag} Ccy="{currency}">{major(amount, currency)}</{tag}>'


def _side(*, credit: bool) -> str:
    return f"<CdtDbtInd>{'CRDT' if credit else 'DBIT'}</CdtDbtInd>"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
