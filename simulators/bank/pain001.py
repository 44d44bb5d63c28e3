"""pain.001.001.09 as a bank reads it: what the schema demands is demanded at once, the rest is found in the check."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simulators.bank.orders import (
    Account,
    File,
    Group,
    Invalid,
    NoSuchFormat,
    Payment,
    Reason,
    iban_is_one,
    minor,
)
from simulators.currencies import ISO

NAME = "pain.001.001.09"
_NS = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_MOST = 999_999_999_99  # Of one transfer, in minor units: what SEPA has room for.


def read(content: bytes) -> File:
    """Raises NoSuchFormat for anything else, and Invalid for what the schema has no place for."""
    if b"<!DOCTYPE" in content[:1000]:
        raise NoSuchFormat("a document type has no place in it")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  Without a document type there are no entities.
    except ElementTree.ParseError as why:
        raise NoSuchFormat(f"not XML: {why}") from None
    if root.tag != f"{{{_NS}}}Document":
        raise NoSuchFormat(f"not a {NAME}")
    order = _one(root, "CstmrCdtTrfInitn")
    header = _one(order, "GrpHdr")
    groups = [_group(element) for element in order.iterfind(f"{{{_NS}}}PmtInf")]
    if not groups:
        raise Invalid("PmtInf is missing")
    file = File(
        message_id=_id(header, "MsgId"),
        format="pain.001",
        groups=groups,
        total=_said(header, "CtrlSum") or str(_sum(groups)),
        created=_text(header, "CreDtTm"),
    )
    file.whole = _complaint(file, header, order)
    return file


def _complaint(file: File, header: Element, order: Element) -> Reason | None:
    """What is wrong with it as a whole, by the codes of ISO 20022's ExternalStatusReason1Code."""
    if _text(header, "NbOfTxs") != str(len(file.payments)):
        return Reason("AM18", f"NbOfTxs is not {len(file.payments)}")
    if _number(file.total) != _sum(file.groups):
        return Reason("AM10", f"CtrlSum is not {_sum(file.groups)}")
    for group, element in zip(file.groups, order.iterfind(f"{{{_NS}}}PmtInf"), strict=True):
        if _said(element, "NbOfTxs") not in ("", str(len(group.payments))):
            return Reason("AM18", f"NbOfTxs of {group.id} is not {len(group.payments)}")
        if _number(group.total) != _sum([group]):
            return Reason("AM10", f"CtrlSum of {group.id} is not {_sum([group])}")
        if not iban_is_one(group.account.number):
            return Reason("AC02", f"the debtor's account of {group.id} is none")
    return None


def _group(element: Element) -> Group:
    if _text(element, "PmtMtd") != "TRF":
        raise Invalid("PmtMtd is not TRF")
    try:
        day = date.fromisoformat(_text(element, "ReqdExctnDt/Dt"))
    except ValueError:
        raise Invalid("ReqdExctnDt/Dt is no date") from None
    _one(element, "DbtrAgt/FinInstnId")
    level = _said(element, "PmtTpInf/SvcLvl/Cd")
    transfers = list(element.iterfind(f"{{{_NS}}}CdtTrfTxInf"))
    if not transfers:
        raise Invalid("CdtTrfTxInf is missing")
    payments = [_payment(transfer) for transfer in transfers]
    account = Account(
        number=_text(element, "DbtrAcct/Id/IBAN"),
        currency=_said(element, "DbtrAcct/Ccy") or payments[0].currency,
        owner=_said(element, "Dbtr/Nm"),
    )
    for payment in payments:
        payment.reason = _refusal(payment, account, level)
    group = Group(
        id=_id(element, "PmtInfId"),
        day=day,
        account=account,
        payments=payments,
        total="",
        one_entry={"": None, "true": True, "false": False}.get(_said(element, "BtchBookg")),
    )
    group.total = _said(element, "CtrlSum") or str(_sum([group]))
    return group


def _payment(element: Element) -> Payment:
    amount = _one(element, "Amt/InstdAmt")
    currency, text = amount.get("Ccy", ""), (amount.text or "").strip()
    if currency not in ISO:
        raise Invalid(f"Ccy {currency} is no currency")
    try:
        value = minor(text, currency)
    except ValueError as why:
        raise Invalid(f"InstdAmt: {why}") from None
    return Payment(
        reference=_id(element, "PmtId/EndToEndId"),
        amount=value,
        currency=currency,
        name=_said(element, "Cdtr/Nm"),
        number=_said(element, "CdtrAcct/Id/IBAN") or _said(element, "CdtrAcct/Id/Othr/Id"),
        bank=_said(element, "CdtrAgt/FinInstnId/BICFI"),
        instruction=_said(element, "PmtId/InstrId"),
        remittance=_said(element, "RmtInf/Ustrd"),
    )


def _refusal(payment: Payment, account: Account, level: str) -> Reason | None:
    if payment.currency != account.currency or (level == "SEPA" and payment.currency != "EUR"):
        return Reason("AM03", f"not in {payment.currency} from this account")
    if payment.amount == 0:
        return Reason("AM01", "nothing is to be paid")
    if payment.amount > _MOST:
        return Reason("AM02", "more than a transfer can hold")
    if not iban_is_one(payment.number):
        return Reason("AC01", "the creditor's account is none")
    if not payment.name:
        return Reason("BE22", "the creditor has no name")
    return None


def _sum(groups: list[Group]) -> Decimal:
    """Whatever the currencies, as a control sum has it; exact, since amounts were read as they stand."""
    return sum(
        (
            Decimal(payment.amount).scaleb(-ISO[payment.currency])
            for group in groups
            for payment in group.payments
        ),
        Decimal(0),
    )


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Invalid(f"CtrlSum {text} is no number") from None


def _id(element: Element, path: str) -> str:
    text = _text(element, path)
    if len(text) > 35:
        raise Invalid(f"{path} has more than 35 characters")
    return text


def _text(element: Element, path: str) -> str:
    found = _said(element, path)
    if not found:
        raise Invalid(f"{path} is missing")
    return found


def _said(element: Element, path: str) -> str:
    return (element.findtext(_full(path)) or "").strip()


def _one(element: Element, path: str) -> Element:
    found = element.find(_full(path))
    if found is None:
        raise Invalid(f"{path} is missing")
    return found


_paths: dict[str, str] = {}


def _full(path: str) -> str:
    """The path with the namespace at each step; put together once."""
    if path not in _paths:
        _paths[path] = "/".join(f"{{{_NS}}}{step}" for step in path.split("/"))
    return _paths[path]
