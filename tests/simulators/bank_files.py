"""A customer of the bank: writes files by hand, as small as they may be, and reads its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import requests

from simulators.run import Simulator

OURS = "DE89370400440532013000"
THEIRS = "NL91ABNA0417164300"
ODFI = "11000000"


@dataclass(frozen=True)
class To:
    """One payment; amounts are in cents."""

    reference: str
    amount: int = 10_01
    name: str = "Kiosk"
    account: str = THEIRS
    currency: str = "EUR"


def major(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def pain(
    message_id: str,
    payments: Sequence[To],
    *,
    day: date | str = "2026-01-01",
    account: str = OURS,
    booking: str = "",
    count: int | None = None,
    total: str = "",
    level: str = "SEPA",
) -> bytes:
    """A pain.001.001.09; `count` and `total` lie, `booking` is BtchBookg."""
    of_all = total or major(sum(payment.amount for payment in payments))
    transfers = "".join(
        f"<CdtTrfTxInf><PmtId><EndToEndId>{p.reference}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{p.currency}">{major(p.amount)}</InstdAmt></Amt>'
        f"<Cdtr><Nm>{p.name}</Nm></Cdtr><CdtrAcct><Id><IBAN>{p.account}</IBAN></Id></CdtrAcct>"
        "<RmtInf><Ustrd>Sales</Ustrd></RmtInf></CdtTrfTxInf>"
        for p in payments
    )
    batch = f"<BtchBookg>{booking}</BtchBookg>" if booking else ""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-01-01T08:00:00Z</CreDtTm>"
        f"<NbOfTxs>{len(payments) if count is None else count}</NbOfTxs><CtrlSum>{of_all}</CtrlSum>"
        f"<InitgPty><Nm>Shop</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>{message_id}-1</PmtInfId>"
        f"<PmtMtd>TRF</PmtMtd>{batch}<PmtTpInf><SvcLvl><Cd>{level}</Cd></SvcLvl></PmtTpInf>"
        f"<ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt><Dbtr><Nm>Shop</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{account}</IBAN></Id></DbtrAcct>"
        "<DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt>"
        f"{transfers}</PmtInf></CstmrCdtTrfInitn></Document>"
    ).encode()


def ach(payments: Sequence[To], *, day: str = "260102", hash_: int | None = None) -> bytes:
    """A NACHA file of CCD credits to one bank; the account is a number, the reference 15 characters."""
    routing = "121000358"
    entries = [
        f"622{routing}{p.account:17}{p.amount:010d}{p.reference:15}{p.name:22}{'':2}0{trace(at)}"
        for at, p in enumerate(payments, 1)
    ]
    entry_hash = int(routing[:8]) * len(payments) if hash_ is None else hash_
    sums = f"{entry_hash:010d}{0:012d}{sum(p.amount for p in payments):012d}"
    lines = [
        f"101 1100000001234567890{'2601010800'}A094101{'BANK':23}{'SHOP':23}{'':8}",
        f"5220{'SHOP':16}{'':20}1234567890CCD{'PAYOUT':10}{'':6}{day}{'':3}1{ODFI}0000001",
        *entries,
        f"8220{len(entries):06d}{sums}1234567890{'':25}{ODFI}0000001",
    ]
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9{1:06d}{blocks:06d}{len(entries):08d}{sums}{'':39}")
    lines += ["9" * 94] * (blocks * 10 - len(lines))
    return "".join(f"{line}\n" for line in lines).encode()


def trace(number: int) -> str:
    return f"{ODFI}{number:07d}"


class Customer:
    """Speaks the channel."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = "Bearer bank_test_shop"

    def send(
        self, content: bytes, *, message_id: str = "", kind: str = "", name: str = "f"
    ) -> requests.Response:
        headers = {
            "Content-Type": kind or ("application/xml" if content[:1] == b"<" else "text/plain"),
            "X-File-Name": name,
        }
        if message_id:
            headers["X-Message-Id"] = message_id
        url = f"{self.simulator.url}/files"
        return self.session.post(url, data=content, headers=headers, timeout=10)

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.simulator.url}/{path}", timeout=10)

    def reports(self, *, after: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"reports?after={after}").json()["reports"]
        return found

    def read(self, kind: str) -> list[bytes]:
        """All reports of a kind, in order."""
        return [
            self.get(f"reports/{report['number']}").content
            for report in self.reports()
            if report["kind"] == kind
        ]

    def booked(self) -> list[tuple[str, str, int]]:
        """What the bank's own books say: (kind, payment, cents)."""
        entries = self.simulator.books()["entries"]
        return [(entry["kind"], entry["payment"], entry["amount"]) for entry in entries]

    def days(self, count: int) -> None:
        """Let days pass."""
        self.simulator.clock(advance=count * 86_400)

    def minutes(self, count: int) -> None:
        self.simulator.clock(advance=count * 60)

    def until_settled(self) -> None:
        """The next bank day is at most three days away."""
        self.minutes(3)
        self.days(3)


def all_of(content: bytes, path: str) -> list[Element]:
    """The elements at the end of the path, whatever the namespace."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return ElementTree.fromstring(content).findall(f".//{steps}")


def texts(content: bytes, path: str) -> list[str]:
    return [element.text or "" for element in all_of(content, path)]
