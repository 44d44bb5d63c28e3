"""pain.002.001.10: what the bank found in a customer's file, of the whole and of each payment that it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

from simulators.bank.orders import File, Group, Payment, Reason, major
from simulators.bank.pain001 import NAME

_GROUP = {"accepted": "ACCP", "part": "PART", "rejected": "RJCT"}


def report(file: File, *, id_: str, at: datetime) -> bytes:
    """As the file stands now."""
    refused = {
        group.id: [p for p in group.payments if p.state == "rejected"] for group in file.groups
    }
    blocks = ""
    if file.whole is None:
        blocks = "".join(
            _block(group, refused[group.id]) for group in file.groups if refused[group.id]
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{id_}</MsgId><CreDtTm>{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(file.message_id)}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{NAME}</OrgnlMsgNmId><OrgnlCreDtTm>{escape(file.created)}</OrgnlCreDtTm>"
        f"<OrgnlNbOfTxs>{len(file.payments)}</OrgnlNbOfTxs><OrgnlCtrlSum>{file.total}</OrgnlCtrlSum>"
        f"<GrpSts>{_GROUP[file.state]}</GrpSts>{_reason(file.whole)}</OrgnlGrpInfAndSts>"
        f"{blocks}</CstmrPmtStsRpt></Document>\n"
    ).encode()


def _block(group: Group, refused: list[Payment]) -> str:
    status = "RJCT" if len(refused) == len(group.payments) else "PART"
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(group.id)}</OrgnlPmtInfId>"
        f"<OrgnlNbOfTxs>{len(group.payments)}</OrgnlNbOfTxs><OrgnlCtrlSum>{group.total}</OrgnlCtrlSum>"
        f"<PmtInfSts>{status}</PmtInfSts>{''.join(map(_payment, refused))}</OrgnlPmtInfAndSts>"
    )


def _payment(payment: Payment) -> str:
    instruction = (
        f"<OrgnlInstrId>{escape(payment.instruction)}</OrgnlInstrId>" if payment.instruction else ""
    )
    amount = major(payment.amount, payment.currency)
    return (
        f"<TxInfAndSts><StsId>{payment.ours}</StsId>{instruction}"
        f"<OrgnlEndToEndId>{escape(payment.reference)}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        f"{_reason(payment.reason)}<OrgnlTxRef><Amt>"
        f'<InstdAmt Ccy="{payment.currency}">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    )


def _reason(reason: Reason | None) -> str:
    if reason is None:
        return ""
    more = f"<AddtlInf>{escape(reason.message)}</AddtlInf>" if reason.message else ""
    return f"<StsRsnInf><Rsn><Cd>{reason.code}</Cd></Rsn>{more}</StsRsnInf>"
