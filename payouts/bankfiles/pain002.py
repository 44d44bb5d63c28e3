"""ISO 20022 pain.002: what our bank says of a file that it got from us, of the whole and of single payments.

Version .10 goes with pain.001.001.09; .03, which many banks still send, differs in nothing that is read here. The
words are those of the external code sets ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from kernel import xml_documents
from kernel.xml_documents import money, text, told
from payouts.bankfiles.orders import Became, Report, Reported, Unreadable
from payouts.bankfiles.references import homeward

VERSIONS = ("pain.002.001.10", "pain.002.001.03")

_WORDS: dict[str, Became | None] = {
    "ACTC": Became.ACCEPTED,  # The form and the signatures are right.
    "ACCP": Became.ACCEPTED,  # … and so is the customer.
    "ACFC": Became.ACCEPTED,  # … and there is cover.
    "ACSP": Became.ACCEPTED,  # It is being executed.
    "ACWC": Became.ACCEPTED,  # With a change, of the day mostly.
    "ACWP": Became.ACCEPTED,  # It is with the creditor's bank, and not booked there.
    "ACSC": Became.PAID,  # Our account is debited.
    "ACCC": Became.PAID,  # The creditor's is credited.
    "RJCT": Became.REJECTED,
    "CANC": Became.REJECTED,  # Canceled at our wish before it was executed.
    # Nothing is decided.
    "RCVD": None,
    "PDNG": None,
    "PART": None,  # Some are accepted, and each says what became of it.
    "PATC": None,  # Signatures are missing.
    "PRES": None,
    "BLCK": None,
    "": None,
}


def read(content: bytes) -> Report:
    """The report. An item is given for each payment of which something definite is said, in the file's order.

    `whole` is what became of the file: ACCEPTED (also where all of it is paid, which the account's statements
    will say payment by payment) or REJECTED, and then it is so of every payment. Raises Unreadable, also for a
    report that contradicts itself.
    """
    name = xml_documents.message_name(content)
    if name not in VERSIONS:
        raise Unreadable(f"{name} is not pain.002 in a version that is read here")

    header = group = None
    items: list[Reported] = []
    blocks: list[Element] = []
    wanted = ("GrpHdr", "OrgnlGrpInfAndSts", "TxInfAndSts", "OrgnlPmtInfAndSts")
    for part, element, _ in xml_documents.parts(content, wanted):
        if part == "GrpHdr":
            header = element
        elif part == "OrgnlGrpInfAndSts":
            group = element
        elif part == "OrgnlPmtInfAndSts":
            blocks.append(element)  # Its payments have been taken out of it by now.
        elif item := _payment(element):
            items.append(item)
    if header is None or group is None:
        raise Unreadable("there is no GrpHdr, or no OrgnlGrpInfAndSts")

    whole, spoken = _word(group, "GrpSts"), group
    if len(blocks) == 1 and (of_block := _word(blocks[0], "PmtInfSts")) is not None:
        whole, spoken = (
            of_block,
            blocks[0],
        )  # The only block is the file, and the nearer word counts.
    if whole is Became.REJECTED and any(item.became is not Became.REJECTED for item in items):
        raise Unreadable("it says that the file was rejected, and that a payment of it was not")
    code, message = _reason(spoken)
    return Report(
        kind="pain.002",
        message_id=text(header, "MsgId"),
        created_at=xml_documents.moment(header, "CreDtTm"),
        items=tuple(items),
        of_message=homeward(text(group, "OrgnlMsgId")),
        whole=Became.ACCEPTED if whole is Became.PAID else whole,
        code=code,
        message=message,
    )


def _payment(element: Element) -> Reported | None:
    became = _word(element, "TxSts")
    if became is None:
        return None
    code, message = _reason(element)
    return Reported(
        reference=homeward(text(element, "OrgnlEndToEndId") or text(element, "OrgnlInstrId")),
        became=became,
        amount=money(element, "OrgnlTxRef/Amt/InstdAmt"),
        code=code,
        message=message,
        bank_reference=text(element, "AcctSvcrRef"),
    )


def _word(element: Element, path: str) -> Became | None:
    said = text(element, path)
    if said not in _WORDS:
        raise Unreadable(f"{path} is {said!r}, which is no status of ISO 20022")
    return _WORDS[said]


def _reason(element: Element) -> tuple[str, str]:
    code = text(element, "StsRsnInf/Rsn/Cd") or text(element, "StsRsnInf/Rsn/Prtry")
    return code, told(element, "StsRsnInf/AddtlInf")
