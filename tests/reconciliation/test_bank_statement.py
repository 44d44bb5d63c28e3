"""What our bank says of our accounts is read entry by entry, and a statement that does not add up is not believed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kernel.ids import encode, uuid7
from paygate.reconciliation.models import Statement
from paygate.reconciliation.read import Reading, Refused, read
from payouts.bank.channel import ReportName
from payouts.models import Report
from payouts.reports import keep
from simulators import run
from tests.reconciliation.files import AT, kept, told
from tests.simulators.bank_files import Customer, To, ach, pain

IBAN = "DE89370400440532013000"
PAYOUT = encode("po", uuid7())
OUTWARD = PAYOUT.replace("_", "-").upper()
OUR_FILE = f"PG{uuid7().hex.upper()}"


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Every test has one."""


def entry(
    amount: str,
    details: str = "",
    *,
    credit: bool = True,
    reference: str = "<AcctSvcrRef>E1</AcctSvcrRef>",
    status: str = "BOOK",
    day: str = "<BookgDt><Dt>2026-11-05</Dt></BookgDt>",
    more: str = "",
    currency: str = "EUR",
) -> str:
    side = "CRDT" if credit else "DBIT"
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>{day}'
        f"{reference}{more}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount: str = "", *, end_to_end: str = "NOTPROVIDED", more: str = "") -> str:
    of = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    return f"<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{of}{more}</TxDtls>"


def balance(code: str, amount: str) -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-11-05</Dt></Dt></Bal>"
    )


def statement(
    *entries: str,
    opening: str = "100.00",
    closing: str,
    number: str = "7",
    account: str = f"<IBAN>{IBAN}</IBAN>",
) -> str:
    return (
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id>{account}</Id><Ccy>EUR</Ccy></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', closing)}{''.join(entries)}</Stmt>"
    )


def camt(*statements: str, name: str = "camt.053.001.08") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{name}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-06T00:05:00Z</CreDtTm></GrpHdr>"
        f"{''.join(statements)}</BkToCstmrStmt></Document>"
    ).encode()


def lines(content: bytes) -> list[tuple[Any, ...]]:
    read(kept(content, psp="bank"))
    return told("kind, object, ours, gross")


def refused(content: bytes) -> Refused:
    with pytest.raises(Refused) as why:
        read(kept(content, psp="bank"))
    return why.value


# --------------------------------------------------------------------------------------- what it says


def test_a_deposit_is_a_settlement_with_what_it_is_for() -> None:
    paid_in = detail(
        more="<RltdPties><Dbtr><Pty><Nm>Adyen N.V.</Nm></Pty></Dbtr></RltdPties>"
        "<RmtInf><Ustrd>Adyen b134</Ustrd><Ustrd>of Thursday</Ustrd></RmtInf>"
    )
    content = camt(statement(entry("98.50", paid_in), closing="198.50"))

    reading = read(kept(content, psp="bank"))

    assert reading == Reading(
        "camt.053", f"{IBAN} 7 2026-11-05", 1, datetime(2026, 11, 5, tzinfo=UTC)
    )
    assert told("row, kind, reference, object, payment, ours, account") == [
        (1, "settlement", f"{IBAN} E1", "", "", "Adyen b134 of Thursday", IBAN)
    ]
    assert told(
        "currency, gross, settled_currency, settled_gross, fee, net, billed, rate, batch"
    ) == [("EUR", 98_50, "EUR", 98_50, 0, 98_50, 0, None, "")]
    assert told("booked_at, description") == [(datetime(2026, 11, 5, tzinfo=UTC), "Adyen N.V.")]


def test_a_debit_of_somebody_else_is_a_settlement_below_zero() -> None:
    about = "<RmtInf><Strd><CdtrRefInf><Ref>RF18 539</Ref></CdtrRefInf></Strd></RmtInf>"
    content = camt(statement(entry("20.00", detail(more=about), credit=False), closing="80.00"))
    assert lines(content) == [("settlement", "", "RF18 539", -20_00)]


def test_a_debit_with_our_reference_is_a_payout() -> None:
    paid = entry("20.00", detail(end_to_end=OUTWARD), credit=False)
    assert lines(camt(statement(paid, closing="80.00"))) == [("payout", PAYOUT, "", -20_00)]


@pytest.mark.parametrize(
    "more",
    [
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>",
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>",
    ],
)
def test_a_credit_that_is_a_return_of_ours_is_one(more: str) -> None:
    back = entry("20.00", detail(end_to_end=OUTWARD, more=more))
    assert lines(camt(statement(back, closing="120.00"))) == [
        ("payout_returned", PAYOUT, "", 20_00)
    ]


def test_the_reversal_of_our_debit_is_a_return() -> None:
    undone = entry("20.00", detail(end_to_end=OUTWARD), more="<RvslInd>true</RvslInd>")
    assert lines(camt(statement(undone, closing="120.00"))) == [
        ("payout_returned", PAYOUT, "", 20_00)
    ]


def test_a_credit_that_merely_names_a_payout_is_no_return() -> None:
    paid_in = entry("20.00", detail(end_to_end=OUTWARD))
    [line] = lines(camt(statement(paid_in, closing="120.00")))
    assert line[:2] == ("settlement", "")


@pytest.mark.parametrize(
    "trace, kind", [("110000000000042", "payout"), ("121000350000042", "settlement")]
)
def test_an_ach_debit_is_ours_if_our_bank_gave_its_trace(trace: str, kind: str) -> None:
    refs = f"<TxDtls><Refs><ClrSysRef>{trace}</ClrSysRef></Refs></TxDtls>"
    [line] = lines(camt(statement(entry("20.00", refs, credit=False), closing="80.00")))
    assert line[:2] == (kind, trace if kind == "payout" else "")


def test_an_entry_for_many_payments_is_as_many_lines() -> None:
    two = [encode("po", uuid7()) for _ in range(2)]
    details = "".join(
        detail(amount, end_to_end=po.replace("_", "-"))
        for po, amount in zip(two, ("12.00", "8.00"), strict=True)
    )
    content = camt(statement(entry("20.00", details, credit=False), closing="80.00"))
    assert lines(content) == [("payout", two[0], "", -12_00), ("payout", two[1], "", -8_00)]
    assert told("reference") == [(f"{IBAN} E1 1",), (f"{IBAN} E1 2",)]


@pytest.mark.parametrize("details", ["", detail("12.00") + detail("7.99"), detail() + detail()])
def test_a_file_of_ours_that_was_booked_as_one_sum_is_one_line(details: str) -> None:
    batch = f"<Btch><MsgId>{OUR_FILE}</MsgId></Btch>"
    content = camt(statement(entry("20.00", batch + details, credit=False), closing="80.00"))
    assert lines(content) == [("payout", OUR_FILE, "", -20_00)]


def test_somebody_elses_batch_is_no_file_of_ours() -> None:
    batch = "<Btch><MsgId>STRIPE-2026-11-05</MsgId></Btch>"
    [line] = lines(camt(statement(entry("20.00", batch, credit=False), closing="80.00")))
    assert line[:2] == ("settlement", "")


def test_what_is_only_announced_is_nothing() -> None:
    assert lines(camt(statement(entry("20.00", status="PDNG"), closing="100.00"))) == []


def test_all_accounts_of_a_file_are_read() -> None:
    content = camt(
        statement(entry("1.00"), closing="101.00"),
        statement(closing="100.00", account="<Othr><Id>0042</Id></Othr>", number="3"),
        statement(entry("2.00"), closing="-3.00", opening="-5.00", number="8"),
    ).replace(b"E1", b"E2", 1)

    reading = read(kept(content, psp="bank"))

    assert reading.identity == f"{IBAN} 7 2026-11-05, 0042 3 2026-11-05, {IBAN} 8 2026-11-05"
    assert told("gross") == [(1_00,), (2_00,)]


def test_an_entry_that_only_its_statement_numbers_is_known_by_its_day_too() -> None:
    numbered = entry("1.00", reference="<NtryRef>1</NtryRef>")
    lines(camt(statement(numbered, closing="101.00")))
    assert told("reference") == [(f"{IBAN} 2026-11-05 1",)]


# ------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    "content, because",
    [
        (
            camt(statement(entry("1.00"), closing="101.01")),
            f"the entries on {IBAN} lead from 100.00 EUR to 101.00 EUR, and not to 101.01 EUR",
        ),
        (
            camt(statement(closing="1.00").replace("CLBD", "CLAV")),
            f"the statement of {IBAN} has no opening or no closing balance",
        ),
        (
            camt(statement(entry("1.00", reference=""), closing="101.00")),
            f"an entry on {IBAN} has no reference of the bank's",
        ),
        (
            camt(statement(entry("1.00"), entry("1.00"), closing="102.00")),
            f"two entries have the reference {IBAN} E1",
        ),
        (
            camt(statement(entry("1.00", currency="USD"), closing="101.00")),
            f"an entry on {IBAN} is in USD, and its balances are not",
        ),
        (
            camt(statement(entry("1.00", day=""), closing="101.00")),
            "an entry does not say on which day it was booked",
        ),
        (camt(), "there is no statement in it"),
        (
            camt(name="camt.054.001.08"),
            "camt.054.001.08 is no statement that is read here: camt.053.001.08 is",
        ),
        (
            camt(statement(closing="100.00", account="")),
            "a statement does not say of which account it is",
        ),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, because: str) -> None:
    assert refused(content).because == because


def test_nothing_is_half_loaded() -> None:
    good = [entry("1.00", reference=f"<AcctSvcrRef>E{n}</AcctSvcrRef>") for n in range(50)]
    why = refused(camt(statement(*good, entry("x"), closing="151.00")))
    assert why.row == 51


def test_a_statement_that_breaks_off_is_refused_wherever_it_does() -> None:
    whole = camt(statement(entry("98.50", detail()), closing="198.50"))
    for end in range(0, len(whole) - 1, 29):
        assert refused(whole[:end])
    assert read(kept(whole, psp="bank")).lines == 1


def test_a_skipped_number_is_an_error_for_a_person(caplog: pytest.LogCaptureFixture) -> None:
    def read_one(number: int) -> list[str]:
        caplog.clear()
        content = camt(statement(closing="100.00", number=str(number)))
        one = kept(content, psp="bank")
        with caplog.at_level(logging.ERROR):
            reading = read(one)
        Statement.objects.filter(id=one.id).update(
            state="applied", format=reading.format, identity=reading.identity
        )
        return [record.message for record in caplog.records]

    assert read_one(7) == []  # The first that we see.
    assert read_one(8) == []
    assert read_one(10) == ["statement.number_skipped"]
    assert read_one(11) == []


# ------------------------------------------------------------------------------- from the real bank


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Customer]:
    with run.start("bank", folder=tmp_path) as simulator:
        yield Customer(simulator)


def test_what_our_bank_writes_is_read(bank: Customer) -> None:
    """Payouts in both formats, one of which comes back, and what PSPs pay to us."""
    po = [encode("po", uuid7()) for _ in range(3)]
    names = ["Kiosk", "Kiosk", "RETURN AC04"]
    payments = [To(p.replace("_", "-"), 10_01, name) for p, name in zip(po, names, strict=True)]
    sent = bank.send(pain("M1", payments, booking="false"))
    by_ach = bank.send(ach([To("A1", account="0042")]), message_id="A1")
    assert (sent.status_code, by_ach.status_code) == (201, 201)
    bank.until_settled()
    bank.simulator.act("deposit", amount=500, currency="EUR", reference="b1", **{"from": "Adyen"})
    bank.simulator.act("deposit", amount=-3, currency="USD", reference="b2", **{"from": "Stripe"})
    bank.days(5)

    found = set()
    for content in bank.read("camt.053"):
        found |= {*lines(content)}
    assert found == {
        *(("payout", one, "", -10_01) for one in po),
        ("payout_returned", po[2], "", 10_01),
        ("payout", "110000000000001", "", -10_01),
        ("settlement", "", "Adyen b1", 500),
        ("settlement", "", "Stripe b2", -3),
    }
    for notice in bank.read("camt.054"):
        assert "camt.054" in refused(notice).because


# ---------------------------------------------------------------------------------------- handed on


def test_a_statement_that_payouts_hear_is_handed_on_once() -> None:
    content = camt(statement(closing="100.00"))
    for _ in range(2):
        keep(ReportName(1, "camt.053", "000001-camt.053.xml"), content, livemode=False, at=AT)
    keep(ReportName(2, "camt.054", "000002-camt.054.xml"), b"<a/>", livemode=False, at=AT)

    one = Statement.objects.get()
    assert (one.psp, one.source, one.livemode, one.name) == (
        "bank",
        "bank",
        False,
        "000001-camt.053.xml",
    )
    assert Report.objects.count() == 2
