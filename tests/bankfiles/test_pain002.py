"""pain.002: what the bank took, refused and paid."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.money import Money
from payouts.bankfiles import pain002
from payouts.bankfiles.orders import Became, Reported, Unreadable
from tests.bankfiles.made import reference
from tests.bankfiles.reported import pain002 as written
from tests.bankfiles.reported import status

ONE, TWO = reference(1), reference(2)


def outward(text: str) -> str:
    return text.replace("_", "-")


@pytest.mark.parametrize("version", ["03", "10"])
def test_a_file_that_is_taken_is_accepted_as_a_whole(version: str) -> None:
    report = pain002.read(written(version=version))

    assert report.kind == "pain.002"
    assert report.message_id == "STS-1"
    assert report.of_message == reference(0, "pof")
    assert report.created_at == datetime(2026, 11, 24, 9, 0, 0, 250_000, tzinfo=UTC)
    assert (report.whole, report.code, report.items) == (Became.ACCEPTED, "", ())


def test_a_file_that_is_refused_says_why() -> None:
    report = pain002.read(
        written(group="<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf>")
    )

    assert (report.whole, report.code) == (Became.REJECTED, "DU01")


@pytest.mark.parametrize(
    ("word", "became"),
    [
        ("ACTC", Became.ACCEPTED),
        ("ACCP", Became.ACCEPTED),
        ("ACSP", Became.ACCEPTED),
        ("ACSC", Became.PAID),
        ("ACCC", Became.PAID),
        ("RJCT", Became.REJECTED),
        ("CANC", Became.REJECTED),
    ],
)
def test_each_payment_is_what_its_status_says(word: str, became: Became) -> None:
    [item] = pain002.read(written(status(outward(ONE), word, amount="10.50 EUR"))).items

    assert item == Reported(ONE, became, amount=Money(1050, "EUR"), bank_reference="BANK-1")


def test_a_payment_that_is_rejected_gives_the_reason_in_one_line() -> None:
    report = pain002.read(
        written(
            status(outward(ONE), "RJCT", reason="AC04"),
            status(outward(TWO), "ACSP"),
            group="<GrpSts>PART</GrpSts>",
        )
    )

    assert report.whole is None
    assert [(item.reference, item.became, item.code, item.message) for item in report.items] == [
        (ONE, Became.REJECTED, "AC04", "Account is closed"),
        (TWO, Became.ACCEPTED, "", ""),
    ]


@pytest.mark.parametrize("word", ["RCVD", "PDNG", "PART", "BLCK"])
def test_what_decides_nothing_is_no_news(word: str) -> None:
    report = pain002.read(written(status(outward(ONE), word), group=f"<GrpSts>{word}</GrpSts>"))

    assert (report.whole, report.items) == (None, ())


def test_a_payment_information_that_is_rejected_is_the_file() -> None:
    block = "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Prtry>X9</Prtry></Rsn></StsRsnInf>"

    for group in ("", "<GrpSts>ACTC</GrpSts>", "<GrpSts>PART</GrpSts>"):
        report = pain002.read(written(group=group, block=block))
        assert (report.whole, report.code) == (Became.REJECTED, "X9")


def test_of_two_payment_informations_neither_is_the_file() -> None:
    one = written(group="<GrpSts>PART</GrpSts>", block="<PmtInfSts>RJCT</PmtInfSts>").decode()
    end = "</CstmrPmtStsRpt>"
    two = one.replace(
        end, f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>2</OrgnlPmtInfId></OrgnlPmtInfAndSts>{end}"
    )

    assert pain002.read(two.encode()).whole is None


def test_a_file_that_is_paid_is_accepted_and_its_payments_are_paid() -> None:
    report = pain002.read(written(status(outward(ONE), "ACSC"), group="<GrpSts>ACSC</GrpSts>"))

    assert report.whole is Became.ACCEPTED
    assert [item.became for item in report.items] == [Became.PAID]


@pytest.mark.parametrize("word", ["ACCP", "ACSC"])
def test_a_rejected_file_of_which_a_payment_is_not_is_unreadable(word: str) -> None:
    with pytest.raises(Unreadable, match="rejected, and that a payment of it was not"):
        pain002.read(written(status(outward(ONE), word), group="<GrpSts>RJCT</GrpSts>"))


def test_the_instruction_stands_in_for_an_end_to_end_reference() -> None:
    said = status(outward(ONE), "RJCT").replace(
        f"<OrgnlEndToEndId>{outward(ONE)}</OrgnlEndToEndId>", ""
    )

    assert [item.reference for item in pain002.read(written(said)).items] == [ONE]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (written(version="09"), "not pain.002"),
        (written(status("x", "HELD")), "no status"),
        (written(group="<GrpSts>acsc</GrpSts>"), "no status"),
        (written(status("x" * 36, "RJCT")), "more than 35"),
        (written(status("x", "RJCT", amount="1.005 EUR")), "more decimals"),
        (written(status("x", "RJCT", amount="1.0 JPY")), "more decimals"),
        (written(status("x", "RJCT", amount="1 XXX")), "no currency"),
        (written(status("x", "RJCT", amount="-1 EUR")), "no amount"),
        (written(status("x", "RJCT", amount="1e3 EUR")), "no amount"),
        (written(status("x", "RJCT", amount="١ EUR")), "no amount"),
        (written(status("x", "RJCT", amount=f"{'9' * 17}.99 EUR")), "18 digits"),
        (written(status("x", "RJCT", amount=f"{'9' * 18} EUR")), "more money"),
        (written().replace(b"2026-11-24T10", b"2026-11-31T10"), "no date"),
        (written().replace(b"2026-11-24T10:00:00.250+01:00", b"yesterday"), "no date"),
        (
            written().replace(b"2026-11-24T10:00:00.250+01:00", b"0001-01-01T00:00:00+01:00"),
            "no date",
        ),
        (written().replace(b"GrpHdr", b"GrpHxx"), "no GrpHdr"),
        (written().replace(b"OrgnlGrpInfAndSts", b"Else"), "no OrgnlGrpInfAndSts"),
        (written()[:-20], "not XML"),
    ],
)
def test_what_is_not_as_documented_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        pain002.read(content)
