"""What others pay to our accounts at the bank, or take from them: it is booked, and the day's statement tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from simulators import run
from tests.simulators.bank_files import OURS, Customer, To, all_of, pain, texts


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Customer]:
    with run.start("bank", folder=tmp_path) as simulator:
        yield Customer(simulator)


def deposit(bank: Customer, amount: int = 98_50, **changes: Any) -> dict[str, Any]:
    arguments = {"currency": "EUR", "reference": "b134", "from": "Adyen N.V."} | changes
    return bank.simulator.act("deposit", amount=amount, **arguments)


def test_a_deposit_is_a_credit_on_the_days_statement(bank: Customer) -> None:
    made = deposit(bank)
    assert bank.reports() == []  # Nothing tells of it before.

    bank.days(1)

    [statement] = bank.read("camt.053")
    assert texts(statement, "Ntry/AcctSvcrRef") == [made["id"]]
    assert texts(statement, "Ntry/Amt") == ["98.50"]
    assert texts(statement, "Ntry/CdtDbtInd") == ["CRDT"]
    assert texts(statement, "Refs/EndToEndId") == ["NOTPROVIDED"]
    assert texts(statement, "RmtInf/Ustrd") == ["Adyen N.V. b134"]
    assert texts(statement, "Dbtr/Pty/Nm") == ["Adyen N.V."]
    assert texts(statement, "Bal/Amt") == ["10000000000.00", "10000000098.50"]
    assert bank.booked() == [("settled", "b134", 98_50)]


def test_what_is_below_zero_is_taken_from_us(bank: Customer) -> None:
    deposit(bank, -20_00)
    bank.days(1)

    [statement] = bank.read("camt.053")
    assert texts(statement, "Ntry/Amt") == ["20.00"]
    assert texts(statement, "Ntry/CdtDbtInd") == ["DBIT"]
    assert texts(statement, "Cdtr/Pty/Nm") == ["Adyen N.V."]
    assert texts(statement, "Bal/Amt")[1] == "9999999980.00"
    assert bank.booked() == [("settled", "b134", -20_00)]


def test_it_goes_to_the_account_of_its_currency(bank: Customer) -> None:
    bank.send(pain("M1", [To("po-1", 10_01)]))
    bank.until_settled()
    deposit(bank, 1_00)
    deposit(bank, 5, currency="JPY")
    deposit(bank, 7, currency="JPY", account="0042")
    bank.days(1)

    statements = bank.read("camt.053")
    told = {texts(one, "Acct/Id/IBAN")[0] for one in statements if all_of(one, "Acct/Id/IBAN")}
    assert told == {OURS}
    others = [texts(one, "Acct/Id/Othr/Id")[0] for one in statements[-2:]]
    assert others[1:] == ["0042"]
    assert texts(statements[-2], "Ntry/Amt") == ["5"]


@pytest.mark.parametrize(
    "changes", [{"amount": 0}, {"amount": 1.5}, {"currency": "XYZ"}, {"reference": ""}]
)
def test_what_is_no_deposit_is_refused(bank: Customer, changes: dict[str, Any]) -> None:
    with pytest.raises(HTTPError):
        deposit(bank, **{"amount": 1} | changes)
    assert bank.booked() == []
