"""A day in the back office, before the night: support finds, refunds, asks, answers; its lead approves and refuses.

Sam of support and Lena, who leads it, work at the back office's own pages. What they did is then looked for in the
database: what was within Sam's limit was given back, what was above it only with Lena's approval, what she refused not
at all, what was sent twice once, and a dispute was answered with a file. `leave_work` leaves some of it undone, for
whoever looks around in the running demo.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import requests

from kernel.ids import decode
from stack.desk import RECEIPT
from stack.mischief import Psps
from stack.people import hid
from stack.stagehands import Stagehands
from stack.up import Stack

SAM, LENA = "sam", "lena"
PIECE = "22.40"  # Of a sale, within what support may give back alone.
DONE = """
    SELECT count(*) FROM refund WHERE payment_id = %s AND state = 'succeeded' AND amount = %s AND source = 'back_office'
"""


@dataclass
class Worked:
    """What was done in the office."""

    refunded: int = 0
    approved: int = 0
    rejected: int = 0
    answered: int = 0
    complaints: list[str] = field(default_factory=list)


class Office(Stagehands):
    """The people, and what they do."""

    scene = "office"

    def __init__(self, stack: Stack, psps: Psps, **more: Any) -> None:
        super().__init__(stack, psps, **more)
        self.seen = Worked(complaints=self.complaints)
        self._merchant = stack.merchants[0]

    def play(self, tell: Callable[[str], None]) -> Worked:
        """All of it; `tell` hears what is being done."""
        with self.at_work():
            tell("support finds a payment and gives some of it back")
            self._refund_a_piece()
            tell("support asks, and its lead decides")
            self._ask_for("185.00", "approve")
            self._ask_for("150.00", "reject")
            tell("support answers a dispute")
            self._answer_a_dispute()
        return self.seen

    def leave_work(self) -> None:
        """Something in each queue: a request, a dispute, a batch, and money of which nobody knows what became."""
        with self.at_work():
            self._ask(self._merchant, "payments", self._disputed(), key="left-disputed")
            self._request(self._taken(24_000), "240.00")
            if batch := self._finance.build("bank", value_date=self._soon()):
                self._finance.submit(batch, value_date=self._soon())
            lost = {"psp": "braintree", "payment_method": "pm_card_timeout"}
            faults = {"seed": 1, "probabilities": {"timeout_before": 1.0}, "hang_seconds": 4}
            requests.post(
                f"{self._stack.simulators['braintree']}/_control/faults", json=faults, timeout=10
            ).raise_for_status()
            for amount in (1_990, 7_450):
                self._sale(self._merchant, amount, **lost)

    # ------------------------------------------------------------------------------------ support

    def _refund_a_piece(self) -> None:
        payment = self._taken(2_495)
        found = self._people.read(SAM, "search", q=payment["psp_reference"])
        if payment["id"] not in found.text:
            self.complaints.append(f"sam does not find {payment['psp_reference']}")
        form = self._form(payment, PIECE)
        for _ in range(2):  # A double click.
            self._people.send(SAM, self._do(payment, "refund"), form)
        self._given_back(payment, 2_240)
        self.seen.refunded += 1

    def _ask_for(self, amount: str, decision: str) -> None:
        """Above what Sam may give back alone: nothing is, until Lena has looked at it."""
        payment = self._taken(20_000)
        minor = int(amount.replace(".", ""))
        request = self._request(payment, amount)
        if request is None:
            return
        page = f"approvals/request/{request}/change/"
        told = {"deed": decision, "because": "Seen, and talked about with the customer."}
        self._people.send(LENA, page, told)
        if decision == "approve":
            self._given_back(payment, minor)
            self.seen.approved += 1
        else:
            if self._count("SELECT count(*) FROM refund WHERE payment_id = %s", _id(payment)):
                self.complaints.append(f"{payment['id']} was refunded, though it was refused")
            self.seen.rejected += 1

    def _request(self, payment: Any, amount: str) -> UUID | None:
        """What becomes of a refund above the limit; None is a complaint."""
        self._people.send(SAM, self._do(payment, "refund"), self._form(payment, amount))
        row = self._db.execute(
            "SELECT id FROM approval_request WHERE subject = %s AND state = 'pending'",
            [payment["id"]],
        ).fetchone()
        if row is None:
            self.complaints.append(f"nobody is asked for {amount} of {payment['id']}")
            return None
        found: UUID = row[0]
        return found

    def _answer_a_dispute(self) -> None:
        sale = self._ask(self._merchant, "payments", self._disputed(), key=f"{self.scene}-disputed")
        self._morning()
        wanted = "SELECT id FROM dispute WHERE payment_id = %s AND status = 'needs_response'"
        self._until(
            "the office's dispute is heard",
            lambda: self._db.execute(wanted, [_id(sale)]).fetchone() is not None,
        )
        if (row := self._db.execute(wanted, [_id(sale)]).fetchone()) is None:
            return
        case = f"disputes/dispute/{row[0]}"
        self._people.fill_in(
            SAM,
            f"{case}/change/",
            {"because": "It was delivered.", "text_explanation": "Delivered; winning_evidence."},
            hidden=("seen",),
            files={"file_receipt": ("receipt.pdf", RECEIPT, "application/pdf")},
        )
        told = {"because": "All that we have."}
        self._people.fill_in(SAM, f"{case}/submit", told, hidden=("seen", "key"))
        self._until(
            "the office's dispute is answered",
            lambda: bool(
                self._count(
                    "SELECT count(*) FROM dispute WHERE id = %s AND status IN ('under_review', 'won')",
                    row[0],
                )
            ),
        )
        self.seen.answered += 1

    # ------------------------------------------------------------------------------------- pieces

    def _taken(self, amount: int) -> Any:
        """A sale at Stripe, captured."""
        payment = self._sale(self._merchant, amount, psp="stripe")
        self._until(
            f"{payment['id']} is captured",
            lambda: self._read(self._merchant, f"payments/{payment['id']}")["status"] == "captured",
        )
        return self._read(self._merchant, f"payments/{payment['id']}")

    def _disputed(self) -> dict[str, Any]:
        return {
            "user_id": "user-7",
            "amount": 8_900,
            "currency": "EUR",
            "payment_method": "pm_card_disputed",
            "psp": "stripe",
            "description": "A pair of shoes",
            "metadata": {"order": "7001", "tracking": "00340434161094042557", "carrier": "DHL"},
        }

    def _do(self, payment: Any, deed: str) -> str:
        return f"payments/payment/{_id(payment)}/do/{deed}/"

    def _form(self, payment: Any, amount: str) -> dict[str, Any]:
        shown = self._people.read(SAM, self._do(payment, "refund")).text
        return {
            "key": hid(shown, "key"),
            "amount": amount,
            "reason": "requested_by_customer",
            "because": "The customer sent it back.",
        }

    def _given_back(self, payment: Any, amount: int) -> None:
        """Once, and no more."""
        self._until(
            f"{amount} of {payment['id']} is given back by hand",
            lambda: self._count(DONE, _id(payment), amount) == 1,
        )

    def _soon(self) -> date:
        return date.fromisoformat(re.sub("T.*", "", self._today())) + timedelta(days=1)


def _id(payment: Any) -> UUID:
    return decode("pay", payment["id"])
