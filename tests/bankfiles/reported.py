"""What a bank writes: pain.002, camt.053 and camt.054, NACHA returns, in the shapes that the formats allow."""

from __future__ import annotations

from collections.abc import Iterable

ISO = "urn:iso:std:iso:20022:tech:xsd:"


def pain002(
    *transactions: str,
    group: str = "<GrpSts>ACTC</GrpSts>",
    block: str = "",
    version: str = "10",
    original: str = "pof-01jc000000e008000000000000",
) -> bytes:
    """`group` and `block` are what stands in OrgnlGrpInfAndSts and OrgnlPmtInfAndSts beside the ids."""
    of_block = (
        f"""<OrgnlPmtInfAndSts><OrgnlPmtInfId>{original}</OrgnlPmtInfId>{block}
        {"".join(transactions)}</OrgnlPmtInfAndSts>"""
        if transactions or block
        else ""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{ISO}pain.002.001.{version}"><CstmrPmtStsRpt>
  <GrpHdr><MsgId>STS-1</MsgId><CreDtTm>2026-11-24T10:00:00.250+01:00</CreDtTm></GrpHdr>
  <OrgnlGrpInfAndSts>
    <OrgnlMsgId>{original}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
    {group}
  </OrgnlGrpInfAndSts>
  {of_block}
</CstmrPmtStsRpt></Document>""".encode()


def status(reference: str, word: str, reason: str = "", amount: str = "") -> str:
    """One TxInfAndSts. `amount` is like "10.50 EUR"."""
    said, _, currency = amount.partition(" ")
    of = (
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="{currency}">{said}</InstdAmt></Amt></OrgnlTxRef>'
        if amount
        else ""
    )
    why = (
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>Account</AddtlInf>"
        "<AddtlInf>is closed</AddtlInf></StsRsnInf>"
        if reason
        else ""
    )
    return f"""<TxInfAndSts><StsId>1</StsId><OrgnlInstrId>{reference}</OrgnlInstrId>
    <OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{word}</TxSts>{why}
    <AcctSvcrRef>BANK-1</AcctSvcrRef>{of}</TxInfAndSts>"""


def camt(*entries: str, kind: str = "054", version: str = "08") -> bytes:
    root, part = {
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[kind]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{ISO}camt.{kind}.001.{version}"><{root}>
  <GrpHdr><MsgId>CAMT-1</MsgId><CreDtTm>2026-11-25T18:00:00</CreDtTm></GrpHdr>
  <{part}><Id>1</Id><CreDtTm>2026-11-25T18:00:00</CreDtTm>
    <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
    {"".join(entries)}
  </{part}>
</{root}></Document>""".encode()


def entry(
    amount: str,
    side: str,
    details: Iterable[str] = (),
    *,
    status: str = "BOOK",
    reversal: str = "",
    code: str = "",
    batch: str = "",
) -> str:
    """One Ntry. `amount` is like "10.50 EUR", `code` like "PMNT ICDT RRTN"."""
    said, _, currency = amount.partition(" ")
    undone = f"<RvslInd>{reversal}</RvslInd>" if reversal else ""
    domain, family, sub = code.split() if code else ("PMNT", "ICDT", "ESCT")
    return f"""<Ntry><Amt Ccy="{currency}">{said}</Amt><CdtDbtInd>{side}</CdtDbtInd>{undone}
    <Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt><AcctSvcrRef>ENTRY-1</AcctSvcrRef>
    <BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls>{f"<Btch><MsgId>{batch}</MsgId></Btch>" if batch else ""}{"".join(details)}</NtryDtls></Ntry>"""


def details(
    reference: str,
    amount: str = "",
    *,
    side: str = "",
    returned: str = "",
    instructed: str = "",
    instruction: str = "",
    trace: str = "",
) -> str:
    """One TxDtls; `returned` is the reason of its RtrInf."""
    said, _, currency = amount.partition(" ")
    asked, _, asked_in = instructed.partition(" ")
    refs = f"<InstrId>{instruction}</InstrId>" if instruction else ""
    refs += f"<EndToEndId>{reference}</EndToEndId>" if reference else ""
    refs += f"<ClrSysRef>{trace}</ClrSysRef>" if trace else ""
    return "".join(
        (
            f"<TxDtls><Refs><AcctSvcrRef>TX-1</AcctSvcrRef>{refs}</Refs>",
            f'<Amt Ccy="{currency}">{said}</Amt>' if amount else "",
            f"<CdtDbtInd>{side}</CdtDbtInd>" if side else "",
            f'<AmtDtls><InstdAmt><Amt Ccy="{asked_in}">{asked}</Amt></InstdAmt></AmtDtls>'
            if instructed
            else "",
            f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>"
            if returned
            else "",
            "</TxDtls>",
        )
    )


def returns(*entries: tuple[str, str, int, str], modifier: str = "A") -> str:
    """A file of NACHA returns: for each the addenda's type, its code, the cents, and the trace that went out."""
    routing, lines = "02100002", []
    lines.append(
        f"101 0210000211234567890261127{'0900'}{modifier}094101{'OURS':23}{'BANK':23}{'':8}"
    )
    lines.append(
        f"5200{'PAYGATE':16}{'':20}1234567890CCD{'PAYOUT':10}{'':6}261127{'331'}1{routing}0000001"
    )
    for number, (kind, code, cents, trace) in enumerate(entries, start=1):
        mine = f"01100001{number:07d}"
        lines.append(
            f"621{routing}1{'12345678':17}{cents:010d}{'8000000000001':15}{'DINER':22}  1{mine}"
        )
        lines.append(f"7{kind}{code}{trace}{'':6}01100001{'NO SUCH  ACCOUNT':44}{mine}")
    count, hashed = 2 * len(entries), len(entries) * int(routing) % 10**10
    sums = f"{hashed:010d}{0:012d}{sum(cents for _, _, cents, _ in entries):012d}"
    lines.append(f"8200{count:06d}{sums}1234567890{'':25}{routing}0000001")
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9000001{blocks:06d}{count:08d}{sums}{'':39}")
    lines += ["9" * 94] * (blocks * 10 - len(lines))
    return "\n".join(lines) + "\n"
