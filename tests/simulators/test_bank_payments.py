"""What becomes of payments at the bank: checked, booked on their day, told in files, and some sent back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError

import pytest

from simulators import run
from simulators.bank import days
from tests.simulators.bank_files import ODFI, Customer, To, ach, all_of, pain, texts, trace

ID = "01k9zq3v7m8x2c4n6b8d0f2g4h"


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Customer]:
    """One for each test: their clocks run ahead."""
    with run.start("bank", folder=tmp_path) as simulator:
        yield Customer(simulator)


def today(bank: Customer) -> date:
    return datetime.fromisoformat(bank.simulator.clock()).date()


def to_a_monday(bank: Customer) -> date:
    """Five in the morning of a Monday: no weekend is near."""
    now = datetime.fromisoformat(bank.simulator.clock())
    monday = now.date() + timedelta(days=7 - now.weekday())
    at = datetime(monday.year, monday.month, monday.day, 5, tzinfo=UTC)
    bank.simulator.clock(advance=(at - now).total_seconds())
    return monday


# ---------------------------------------------------------------------------------------- the check


def test_a_good_file_is_accepted_as_a_whole(bank: Customer) -> None:
    bank.send(pain("M1", [To("po-1"), To("po-2")]))
    assert bank.reports() == []

    bank.minutes(3)

    assert [report["kind"] for report in bank.reports()][:1] == ["pain.002"]
    [report] = bank.read("pain.002")
    assert texts(report, "OrgnlMsgId") == ["M1"]
    assert texts(report, "GrpSts") == ["ACCP"]
    assert all_of(report, "TxInfAndSts") == []
    assert bank.get("files/M1").json()["status"] == "accepted"


@pytest.mark.parametrize(
    "payment, code",
    [
        (To("po-2", name="REJECT"), "AC04"),
        (To("po-2", name="Mr REJECT AM04 jr"), "AM04"),
        (To("po-2", account="NL91ABNA0417164301"), "AC01"),
        (To("po-2", name=""), "BE22"),
        (To("po-2", 0), "AM01"),
        (To("po-2", 999_999_999_99 + 1), "AM02"),
        (To("po-2", currency="USD"), "AM03"),
    ],
)
def test_a_bad_payment_is_refused_and_the_others_are_paid(
    bank: Customer, payment: To, code: str
) -> None:
    bank.send(pain("M1", [To("po-1"), payment]))
    bank.until_settled()

    [report] = bank.read("pain.002")
    assert texts(report, "GrpSts") == ["PART"]
    assert texts(report, "OrgnlEndToEndId") == ["po-2"]
    assert texts(report, "TxSts") == ["RJCT"]
    assert texts(report, "TxInfAndSts/StsRsnInf/Rsn/Cd") == [code]
    assert bank.booked() == [("paid_out", "po-1", 10_01)]
    assert bank.get("files/M1").json()["status"] == "part"


@pytest.mark.parametrize(
    "content, code",
    [
        (pain("M1", [To("po-1")], total="10.02"), "AM10"),
        (pain("M1", [To("po-1")], count=2), "AM18"),
        (pain("M1", [To("po-1")], account="DE89370400440532013001"), "AC02"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused_as_a_whole(
    bank: Customer, content: bytes, code: str
) -> None:
    assert bank.send(content).status_code == 201
    bank.until_settled()

    [report] = bank.read("pain.002")
    assert texts(report, "GrpSts") == ["RJCT"]
    assert texts(report, "OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd") == [code]
    assert bank.booked() == []
    assert [r["kind"] for r in bank.reports()] == ["pain.002"]


def test_a_file_of_nothing_but_bad_payments_is_refused_payment_by_payment(bank: Customer) -> None:
    bank.send(pain("M1", [To("po-1", name="REJECT"), To("po-2", name="REJECT MD07")]))
    bank.until_settled()

    [report] = bank.read("pain.002")
    assert texts(report, "GrpSts") == ["RJCT"]
    assert texts(report, "TxInfAndSts/StsRsnInf/Rsn/Cd") == ["AC04", "MD07"]
    assert bank.booked() == []


# --------------------------------------------------------------------------------------- the booking


def test_payments_are_booked_on_their_day_and_not_before(bank: Customer) -> None:
    monday = to_a_monday(bank)
    bank.send(pain("M1", [To(f"po-{ID}")], day=monday + timedelta(days=2)))
    bank.days(1)
    assert bank.booked() == []

    bank.days(1)
    bank.minutes(61)

    assert bank.booked() == [("paid_out", f"po_{ID}", 10_01)]
    [notice] = bank.read("camt.054")
    assert texts(notice, "BookgDt/Dt") == [f"{monday + timedelta(days=2)}"]
    assert texts(notice, "EndToEndId") == [f"po-{ID}"]
    assert texts(notice, "TxDtls/CdtDbtInd") == ["DBIT"]
    [entry] = bank.simulator.books()["entries"]
    assert (entry["attempt"], entry["currency"]) == (f"po_{ID}", "EUR")
    assert texts(notice, "Refs/AcctSvcrRef") == [entry["reference"]]


def test_a_saturday_s_payments_are_booked_on_monday(bank: Customer) -> None:
    monday = to_a_monday(bank)
    bank.send(pain("M1", [To("po-1")], day=monday + timedelta(days=5)))
    bank.days(6)
    assert bank.booked() == []

    bank.days(1)
    bank.minutes(61)

    assert bank.booked() == [("paid_out", "po-1", 10_01)]


@pytest.mark.parametrize("booking, entries", [("true", 1), ("false", 3)])
def test_a_batch_is_one_entry_or_one_for_each(bank: Customer, booking: str, entries: int) -> None:
    bank.send(pain("M1", [To("po-1"), To("po-2"), To("po-3", 5_00)], booking=booking))
    bank.until_settled()

    [notice] = bank.read("camt.054")
    assert len(all_of(notice, "Ntry")) == entries
    assert texts(notice, "EndToEndId") == ["po-1", "po-2", "po-3"]
    assert texts(notice, "TxDtls/Amt") == ["10.01", "10.01", "5.00"]
    if entries == 1:
        assert texts(notice, "Ntry/Amt") == ["25.02"]
        assert texts(notice, "Btch/NbOfTxs") == ["3"]


def test_each_day_has_a_statement_that_adds_up_and_goes_on_from_the_last(bank: Customer) -> None:
    to_a_monday(bank)
    bank.send(pain("M1", [To("po-1", 70_00), To("po-2", 30_00, name="RETURN MD07")]))
    bank.days(7)

    first, second = bank.read("camt.053")
    opening, closing = (
        [int(amount.replace(".", "")) for amount in texts(report, "Bal/Amt")][:2]
        for report in (first, second)
    )
    assert opening[0] - opening[1] == 100_00
    assert closing == [opening[1], opening[1] + 30_00]
    assert sorted(texts(first, "EndToEndId")) == ["po-1", "po-2"]
    assert texts(second, "Ntry/CdtDbtInd") == ["CRDT"]
    assert texts(second, "RtrInf/Rsn/Cd") == ["MD07"]
    assert texts(second, "ElctrncSeqNb") == ["2"]


def test_a_month_in_one_step_ends_as_a_month_of_many_steps_does(tmp_path: Path) -> None:
    def story(folder: str, steps: int) -> tuple[list[str], list[tuple[str, str, int]]]:
        with run.start("bank", folder=tmp_path / folder) as simulator:
            bank = Customer(simulator)
            monday = to_a_monday(bank)
            bank.send(pain("M1", [To("po-1"), To("po-2", name="RETURN")], day=monday))
            bank.send(pain("M2", [To("po-3")], day=monday + timedelta(days=3)))
            for _ in range(steps):
                bank.days(28 // steps)
            return [report["kind"] for report in bank.reports()], bank.booked()

    assert story("one", 1) == story("many", 28)


# ----------------------------------------------------------------------------------------- the return


def test_a_payment_comes_back_two_bank_days_later_with_its_reason(bank: Customer) -> None:
    monday = to_a_monday(bank)
    bank.send(pain("M1", [To("po-1"), To("po-2", name="RETURN AC06")], day=monday))
    bank.days(2)
    assert ("payout_returned", "po-2", 10_01) not in bank.booked()

    bank.days(1)

    assert bank.booked() == [
        ("paid_out", "po-1", 10_01),
        ("paid_out", "po-2", 10_01),
        ("payout_returned", "po-2", 10_01),
    ]
    _, back = bank.read("camt.054")
    assert texts(back, "EndToEndId") == ["po-2"]
    assert texts(back, "Ntry/CdtDbtInd") == ["CRDT"]
    assert texts(back, "RtrInf/Rsn/Cd") == ["AC06"]
    assert texts(back, "BookgDt/Dt") == [f"{monday + timedelta(days=2)}"]


def test_what_comes_back_by_ach_has_a_file_of_its_own(bank: Customer) -> None:
    to_a_monday(bank)
    payments = [
        To("IDENTIFICATION1", account="111"),
        To("IDENTIFICATION2", 7_00, name="RETURN R03", account="222"),
    ]
    bank.send(ach(payments), message_id="ACH1")
    bank.days(4)

    assert bank.booked() == [
        ("paid_out", trace(1), 10_01),
        ("paid_out", trace(2), 7_00),
        ("payout_returned", trace(2), 7_00),
    ]
    assert [entry["attempt"] for entry in bank.simulator.books()["entries"]][:1] == [
        "IDENTIFICATION1"
    ]
    [notice] = bank.read("camt.054")
    assert texts(notice, "ClrSysRef") == [trace(1), trace(2)]
    [back] = bank.read("nacha.return")
    lines = back.decode("ascii").splitlines()
    assert {len(line) for line in lines} == {94}
    assert len(lines) % 10 == 0
    [entry] = [line for line in lines if line[0] == "6"]
    [addenda] = [line for line in lines if line[0] == "7"]
    assert (entry[1:3], entry[3:12], entry[29:39]) == ("21", f"{ODFI}0", "0000000700")
    assert (addenda[1:3], addenda[3:6], addenda[6:21]) == ("99", "R03", trace(2))
    assert [report["kind"] for report in bank.reports()].count("pain.002") == 0


def test_an_ach_payment_to_a_bank_that_there_is_not_bounces(bank: Customer) -> None:
    to_a_monday(bank)
    content = ach([To("A", account="111")]).replace(b"622121000358", b"622121000359")
    assert bank.send(content, message_id="ACH1").status_code == 201
    bank.days(3)

    [back] = bank.read("nacha.return")
    assert b"799R13" in back
    assert [kind for kind, _, _ in bank.booked()] == ["paid_out", "payout_returned"]


# -------------------------------------------------------------------------------------------- people


def test_people_at_the_bank_pay_return_and_refuse(bank: Customer) -> None:
    far = today(bank) + timedelta(days=60)
    bank.send(pain("M1", [To(f"po-{ID}"), To("po-2"), To("po-3")], day=far))
    bank.minutes(3)
    act = bank.simulator.act

    act("pay", reference=f"po_{ID}")
    act("return", reference=f"po_{ID}", reason="MD07")
    act("reject", reference="po-2", reason="AM04")
    bank.days(64)

    assert bank.booked() == [
        ("paid_out", f"po_{ID}", 10_01),
        ("payout_returned", f"po_{ID}", 10_01),
        ("paid_out", "po-3", 10_01),
    ]
    _, refused = bank.read("pain.002")
    assert texts(refused, "OrgnlEndToEndId") == ["po-2"]
    assert texts(refused, "TxInfAndSts/StsRsnInf/Rsn/Cd") == ["AM04"]


def test_people_refuse_a_file_before_its_check(bank: Customer) -> None:
    bank.send(pain("M1", [To("po-1")]))
    bank.simulator.act("reject_file", message_id="M1", reason="FF01")
    bank.until_settled()

    [report] = bank.read("pain.002")
    assert texts(report, "GrpSts") == ["RJCT"]
    assert texts(report, "StsRsnInf/Rsn/Cd") == ["FF01"]
    assert bank.booked() == []


def test_an_ach_payment_is_found_by_the_end_of_our_reference(bank: Customer) -> None:
    bank.send(ach([To(ID[-15:], account="111")]), message_id="ACH1")
    bank.until_settled()

    bank.simulator.act("return", reference=f"po_{ID}")

    [back] = bank.read("nacha.return")
    assert b"799R02" in back


@pytest.mark.parametrize(
    "act, arguments",
    [
        ("return", {"reference": "po-1"}),
        ("return", {"reference": "po-unknown"}),
        ("reject_file", {"message_id": "unknown"}),
        ("reject_file", {"message_id": "M1"}),
        ("reject", {"reference": "po-2"}),
        ("pay", {"reference": "po-2"}),
        ("explode", {}),
        ("pay", {}),
    ],
)
def test_people_do_only_what_can_be_done(
    bank: Customer, act: str, arguments: dict[str, str]
) -> None:
    payments = [To("po-1"), To("po-2", name="REJECT")]
    bank.send(pain("M1", payments, day=today(bank) + timedelta(days=60)))
    bank.minutes(3)

    with pytest.raises(HTTPError) as refused:
        bank.simulator.act(act, **arguments)
    refused.value.close()

    assert bank.booked() == []


def test_bank_days_leave_weekends_out() -> None:
    friday = date(2026, 11, 27)
    assert days.bank_day(friday) == friday
    assert days.bank_day(date(2026, 11, 28)) == date(2026, 11, 30)
    assert days.after(friday, 2) == date(2026, 12, 1)


def test_ten_thousand_payments_take_seconds(bank: Customer) -> None:
    content = pain("M1", [To(f"po-{number}") for number in range(10_000)])
    begun = bank.simulator.health()["cpu_seconds"]
    assert bank.send(content).status_code == 201
    bank.until_settled()

    assert len(bank.booked()) == 10_000
    assert bank.simulator.health()["cpu_seconds"] - begun < 6.0  # Two on a quiet machine.
