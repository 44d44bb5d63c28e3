"""A payment that was taken, and a PSP that says what the test wants it to say of a dispute about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from disputes.hear import case_reported
from disputes.models import Dispute
from kernel.clock import now
from kernel.ids import decode
from kernel.money import Money
from ledger.balances import balances
from paygate.payments.models import Payment
from paygate.psp.cases import (
    ActOutcome,
    CaseReport,
    Direction,
    Done,
    Movement,
    Reason,
    Stage,
    Standing,
)
from paygate.psp.gateway import Unknown

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DUE = NOON + timedelta(days=14)
PDF = b"%PDF-1.7\n%a receipt\n%%EOF\n"


def withdrawn(id_: str, amount: int = 1000, fee: int = 0, currency: str = "USD") -> Movement:
    return Movement(id_, Direction.WITHDRAWN, Money(amount, currency), Money(fee, currency))


def reinstated(id_: str, amount: int = 1000, fee: int = 0, currency: str = "USD") -> Movement:
    return Movement(id_, Direction.REINSTATED, Money(amount, currency), Money(fee, currency))


@dataclass
class Case:
    """A case at a PSP, about one payment of ours."""

    payment: dict[str, Any]
    name: str = "case_1"

    @property
    def psp(self) -> str:
        return str(self.payment["psp"])

    def says(
        self,
        standing: str = "needs_response",
        *movements: Movement,
        hours: float = 0,
        stage: str = "chargeback",
        amount: int = 1000,
        **more: Any,
    ) -> CaseReport:
        return CaseReport(
            **{
                "case": self.name,
                "psp_reference": self.payment["psp_reference"],
                "payment": self.payment["id"],
                "at": NOON + timedelta(hours=hours),
                "stage": Stage(stage),
                "standing": Standing(standing),
                "amount": Money(amount, self.payment["currency"]),
                "reason": Reason.FRAUDULENT,
                "reason_code": "10.4",
                "evidence_due_by": DUE if standing == "needs_response" else None,
                "movements": movements,
                **more,
            }
        )

    def hear(self, report: CaseReport, **more: Any) -> str:
        return case_reported(self.psp, report, **{"livemode": False, "now": now(), **more})

    def heard(self, standing: str = "needs_response", *movements: Movement, **more: Any) -> Dispute:
        """The dispute after the PSP has said this."""
        self.hear(self.says(standing, *movements, **more))
        return self.dispute

    @property
    def dispute(self) -> Dispute:
        dispute: Dispute = Dispute.objects.get(cases__psp_reference=self.name)
        return dispute


@pytest.fixture
def case(api: Any) -> Callable[..., Case]:
    """case(psp="adyen"): a case about a payment of 10.00 dollars taken there."""
    numbers = itertools.count(1)

    def build(psp: str = "stripe", amount: int = 1000, **more: Any) -> Case:
        payment = api.pay(psp=psp, amount=amount, **more).json()
        assert payment["status"] == "captured", payment
        return Case(payment, f"case_{next(numbers)}")

    return build


def book(merchant_id: UUID) -> dict[str, int]:
    """What stands in a merchant's book, in minor units; accounts at zero left out."""
    return {
        line.account: line.balance.minor
        for line in balances(merchant_id, livemode=False)
        if line.balance
    }


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What is different between two states of a book."""
    moved = {
        account: after.get(account, 0) - before.get(account, 0) for account in {*before, *after}
    }
    return {account: amount for account, amount in moved.items() if amount}


def disputed(payment: dict[str, Any]) -> int:
    """What the payment says disputes hold of it."""
    row: Payment = Payment.objects.get(id=decode("pay", payment["id"]))
    return row.amount_disputed


@dataclass
class PuppetDesk:
    """A PSP's desk that answers as the test says, and remembers what it was asked."""

    knows_cases: bool = True
    evidence_types: frozenset[str] = frozenset({"application/pdf", "image/jpeg", "image/png"})
    evidence_largest: int = 1_000_000
    answers: list[ActOutcome] = field(default_factory=list)
    case: CaseReport | Unknown = field(default_factory=lambda: Unknown("nobody asked"))
    recent: Sequence[CaseReport] | Unknown = ()
    asked: list[Any] = field(default_factory=list)

    def submit_evidence(self, request: Any) -> ActOutcome:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else Done(Standing.UNDER_REVIEW)

    def accept_case(self, request: Any) -> ActOutcome:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else Done(Standing.LOST)

    def read_case(self, case: str) -> CaseReport | Unknown:
        self.asked.append(case)
        return self.case

    def cases_since(self, moment: datetime) -> Sequence[CaseReport] | Unknown:
        self.asked.append(moment)
        return self.recent


@pytest.fixture
def puppet(monkeypatch: pytest.MonkeyPatch) -> PuppetDesk:
    """Every PSP's desk, played by the test."""
    played = PuppetDesk()
    for module in ("carry_out", "give", "polling", "resolve"):
        monkeypatch.setattr(f"disputes.{module}.desk", lambda psp, livemode: played)
    return played


@pytest.fixture(autouse=True)
def evidence_folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Evidence of tests goes to a folder of their own."""
    folder = tmp_path / "evidence"
    options = settings.STORAGES["evidence"] | {
        "OPTIONS": settings.STORAGES["evidence"]["OPTIONS"] | {"location": str(folder)}
    }
    settings.STORAGES = settings.STORAGES | {"evidence": options}
    return folder
