"""The night after the fortnight: every PSP's files meet our books, some of them wrong on purpose.

Prices are agreed on with the PSPs, shops sell for a day, and payers get some of it back. Then the PSPs settle, and
their files of that day have mistakes in them. Our workers fetch the files of all days, the bank's statements say what
came, and for each mistake there must be one break, with its cause; nothing else may be found. Two people of finance
approve the drafts at the back office's own pages. What the PSPs then owe by our books is what they owe by theirs, and
suspense is empty.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import requests

from kernel.money import Money
from stack.mischief import Psps, lever
from stack.stagehands import DAY, Stagehands
from stack.up import Stack
from stack.witness import books

#: What the PSPs charge from now on, and what we expect.
PRICE = {"basis_points": 140, "fixed": 11}
CURRENCIES = ("EUR", "USD")
CONVERTED, INTO, RATE = "GBP", "EUR", "1.1734"
SALES = {"EUR": 14, "USD": 8, CONVERTED: 5}  # At each PSP.
REMEMBERED = (
    11.0  # Seconds, and one more, for which a process believes the price lists that it knows.
)
LATER = 6  # Days after which nothing may be missing.
ORDERED = ("stripe", "braintree")  # Those that are asked for files; Adyen tells of its own.
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: What is planted at each PSP, where it can be, and the cause that must be found.
MISTAKES = {
    "lost_capture": "missing_there",
    "lost_refund": "missing_there",
    "unknown_payment": "missing_here",
    "unknown_kind": "missing_here",
    "amount_low": "amount",
    "payout_differs": "amount",
    "wrong_currency": "currency",
    "fee_high": "fee",
    "fx_rounding": "fx_rounding",
    "captured_twice": "captured_twice",
    "dashboard_refund": "refunded_in_dashboard",
    "unheard_chargeback": "chargeback_not_heard",
    "duplicate_line": "duplicate_line",
    "wrong_account": "wrong_merchant_account",
}

BREAKS = """
    SELECT id, psp, cause, currency, amount, state, closed_by, subject, evidence FROM reconciliation_break
    WHERE closed_by NOT IN ('later_line', 'newer_file') ORDER BY id
"""
SUSPENSE = """
    SELECT coalesce(sum(abs(s.left)), 0) FROM (
        SELECT sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END) AS left
        FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
        WHERE c.code = 'suspense:reconciliation' GROUP BY e.merchant_id, e.currency) s
"""


@dataclass
class Reconciled:
    """What was found, by cause; `planted` are the mistakes as the PSPs' simulators tell of them."""

    planted: list[dict[str, Any]] = field(default_factory=list)
    found: list[tuple[str, str, Money]] = field(default_factory=list)  # PSP, cause, at risk.
    statements: int = 0
    lines: int = 0
    batches: int = 0  # Paid to our bank.
    passed: int = 0  # Breaks that closed by themselves.
    suspense: int = 0  # Minor units that were left there at the end.
    complaints: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        found = [
            {"psp": psp, "cause": cause, "at_risk": str(money)} for psp, cause, money in self.found
        ]
        return {**asdict(self), "found": found}


class Night(Stagehands):
    """The people, the PSPs and their files."""

    scene = "night"

    def __init__(self, stack: Stack, psps: Psps, **more: Any) -> None:
        super().__init__(stack, psps, **more)
        self._seed = more["seed"]
        self.seen = Reconciled(complaints=self.complaints)

    def play(self, tell: Callable[[str], None]) -> Reconciled:
        """All of it; `tell` hears what is being done."""
        with self.at_work():
            tell("prices are agreed on")
            self._catch_up()
            self._agree_on_prices()
            time.sleep(REMEMBERED)  # Until every process knows them.
            self._morning()
            tell("shops sell, and payers get some of it back")
            self._sell()
            tell("the PSPs settle, and their files are wrong")
            self._settle()
            tell("statements are fetched and applied")
            self._fetch()
            tell("the bank tells what came")
            self._bank()
            self._find()
            tell("finance looks at the breaks")
            self._close()
            self._count_up()
        return self.seen

    # ------------------------------------------------------------------------------- what happens

    def _catch_up(self) -> None:
        """Months have passed at the PSPs that did not pass here: from now on it is the same day everywhere."""
        today = date.fromisoformat(self._today())
        self._set_forward(max((self._today_at(psp) - today).days for psp in self._stack.simulators))

    def _agree_on_prices(self) -> None:
        begins = datetime.fromtimestamp(time.time() + self._ahead(), UTC) + timedelta(minutes=5)
        converted = {"currency": CONVERTED, "in": INTO, "rate": RATE}
        for psp in self._stack.simulators:
            self._act(psp, "price", **PRICE)
            self._act(psp, "settle_in", **converted)
            for currency in CURRENCIES:
                self._finance.price(psp, currency, begins=begins, **PRICE)

    def _sell(self) -> None:
        orders = [
            (self._stack.merchants[number % len(self._stack.merchants)], psp, currency)
            for psp in self._stack.simulators
            for currency, times in SALES.items()
            for number in range(times)
        ]
        with ThreadPoolExecutor(8) as shops:
            sold = list(shops.map(lambda order: self._sold(*order), orders))
        self._calm()
        for number, (merchant, payment) in enumerate(sold):
            if number % 3 == 0:
                body = {"payment": payment["id"], "amount": payment["amount"] // 5}
                self._ask(merchant, "refunds", body, key=f"{self.scene}-refund-{number}")
        self._calm()

    def _sold(
        self, merchant: dict[str, str], psp: str, currency: str
    ) -> tuple[dict[str, str], dict[str, Any]]:
        amount = self._draw.randrange(20_00, 300_00)
        return merchant, self._sale(merchant, amount, currency=currency, psp=psp)

    def _settle(self) -> None:
        """One night with mistakes, and some days later one without: until then all that is right has come."""
        for psp in self._stack.simulators:
            self._act(psp, "mistakes", wanted=dict.fromkeys(MISTAKES, 1), seed=self._seed)
        self._psps.days_pass(1)
        for psp in self._stack.simulators:
            self._act(psp, "mistakes", wanted={}, seed=0)
        self._psps.days_pass(LATER)
        for psp in self._stack.simulators:
            for currency in CURRENCIES:
                self._sold(self._stack.merchants[0], psp, currency)
        self._calm()
        self._psps.days_pass(1)
        while any(day >= self._today_at(psp) for psp in ORDERED for day in self._days_of(psp)):
            self._psps.days_pass(1)  # Files of a day are there when it is over.
        self._calm()
        for psp in self._stack.simulators:
            for file in self._published(psp):
                self.seen.planted += [{"psp": psp, **made} for made in file["planted"]]

    def _calm(self) -> None:
        """What was asked of the PSPs is done there, and known here."""
        self._act("braintree", "settle")
        self._psps.days_pass(10 / DAY)
        self._until("the PSPs were heard out", lambda: not self._psps.waiting())
        told, given = (
            f"SELECT count(*) FROM {rows}"  # noqa: S608 - our own words.
            for rows in ("psp_event WHERE state = 'received'", "refund WHERE state = 'pending'")
        )
        self._until("what they told is applied", lambda: not self._count(told))
        self._until("refunds are decided", lambda: not self._count(given))

    # --------------------------------------------------------------------------------- what we do

    def _fetch(self) -> None:
        """Files of Adyen's are told of; those of the others are ordered for the days on which there are some."""
        for psp in ORDERED:
            self._stack.manage("order_statements", psp, *_ranges(self._days_of(psp)))
        self._until("all statements are here", self._all_are_here, "reconciliation.fetch")
        self._until("all statements are read", self._all_are_read, "reconciliation.apply")

    def _days_of(self, psp: str) -> set[date]:
        """The days of which it has files: their names say them."""
        names = (file["name"] for file in self._published(psp))
        return {date.fromisoformat(found) for name in names for found in _DAY.findall(name)}

    def _all_are_here(self) -> bool:
        names = {file["name"] for psp in ("adyen", "braintree") for file in self._published(psp)}
        had = {name for (name,) in self._db.execute("SELECT name FROM statement").fetchall()}
        return names <= had and not self._count(
            "SELECT count(*) FROM statement_order WHERE psp = 'stripe' AND statement_id IS NULL"
        )

    def _all_are_read(self) -> bool:
        return not self._count("SELECT count(*) FROM statement WHERE state = 'received'")

    def _bank(self) -> None:
        """What the PSPs paid comes to our bank, which says so the next day."""
        for psp in self._stack.simulators:
            for entry in self._settled(psp):
                about = {
                    "amount": entry["amount"],
                    "currency": entry["currency"],
                    "reference": entry["payment"],
                    "from": psp.upper(),
                }
                lever(self._stack.bank, "acts", {"act": "deposit", **about})
        self._morning()
        self._send("payouts.hear_the_bank", "payouts")
        self._until("the bank was heard out", self._bank_heard_out)
        self._until("its statements are read", self._all_are_read, "reconciliation.apply")
        self._until("all batches have come", self._all_have_come)

    def _all_have_come(self) -> bool:
        return not self._count(
            "SELECT count(*) FROM settlement_batch WHERE arrived_at IS NULL AND amount <> 0"
        )

    def _find(self) -> None:
        """What no statement tells of is found once its time has passed."""
        lost = sum(MISTAKES[made["mistake"]] == "missing_there" for made in self.seen.planted)
        found = "SELECT count(*) FROM reconciliation_break WHERE cause = 'missing_there' AND closed_at IS NULL"
        self._until(
            "what is missing was found", lambda: self._count(found) >= lost, "reconciliation.due"
        )
        self._judge(self._db.execute(BREAKS).fetchall())

    def _judge(self, breaks: list[Any]) -> None:
        """Each mistake has one break, with its cause; and there is no other."""
        self.seen.found = [(row[1], row[2], Money(row[4], row[3])) for row in breaks]
        left = list(breaks)
        for made in self.seen.planted:
            names = {made["reference"], made["object"], made["payment"], made["order"]} - {""}
            fitting = [
                row for row in left if row[2] == MISTAKES[made["mistake"]] and names & _names(row)
            ]
            if fitting:
                left.remove(fitting[0])
            else:
                self.complaints.append(f"not found, or with another cause: {made}")
        for row in left:
            self.complaints.append(f"found, though nothing is wrong: {row[1:]}")

    def _close(self) -> None:
        """One proposes, the other approves; what is alike together."""
        for step, state in (
            (self._finance.propose, "open"),
            (self._finance.approve_break, "proposed"),
        ):
            while row := self._db.execute(
                "SELECT id FROM reconciliation_break WHERE state = %s ORDER BY id LIMIT 1", [state]
            ).fetchone():
                step(UUID(str(row[0])))
                if self._count(
                    "SELECT count(*) FROM reconciliation_break WHERE id = %s AND state = %s",
                    row[0],
                    state,
                ):
                    self.complaints.append(f"break {row[0]} stays {state}")
                    return

    def _count_up(self) -> None:
        seen = self.seen
        seen.statements = self._count(
            "SELECT count(*) FROM statement WHERE state = 'applied' AND lines > 0"
        )
        seen.lines = self._count(
            "SELECT coalesce(sum(lines), 0) FROM statement WHERE state = 'applied'"
        )
        seen.batches = self._count(
            "SELECT count(*) FROM settlement_batch WHERE arrived_at IS NOT NULL"
        )
        seen.passed = self._count(
            "SELECT count(*) FROM reconciliation_break WHERE closed_by IN ('later_line', 'newer_file')"
        )
        seen.suspense = self._count(SUSPENSE)
        for what, left in (
            ("minor units in suspense", seen.suspense),
            (
                "breaks open",
                self._count("SELECT count(*) FROM reconciliation_break WHERE closed_at IS NULL"),
            ),
            (
                "statements refused",
                self._count("SELECT count(*) FROM statement WHERE state = 'refused'"),
            ),
        ):
            if left:
                self.complaints.append(f"at the end: {left} {what}")

    # ------------------------------------------------------------------------------------ asking

    def _act(self, psp: str, act: str, **arguments: Any) -> None:
        lever(self._stack.simulators[psp], "acts", {"act": act, **arguments})

    def _published(self, psp: str) -> list[dict[str, Any]]:
        url = f"{self._stack.simulators[psp]}/_control/statements"
        found: list[dict[str, Any]] = requests.get(url, timeout=30).json()["statements"]
        return found

    def _today_at(self, psp: str) -> date:
        """What day it is there."""
        url = f"{self._stack.simulators[psp]}/_control/clock"
        return datetime.fromisoformat(requests.get(url, timeout=30).json()["now"]).date()

    def _settled(self, psp: str) -> list[dict[str, Any]]:
        entries = books(self._stack.simulators[psp])
        return [entry for entry in entries if entry["kind"] == "settled" and entry["amount"]]


def _names(row: Any) -> set[str]:
    evidence = row[8]
    said = {*evidence.get("theirs", {}).values(), *evidence.get("ours", {}).values(), row[7]}
    return {name for name in said if isinstance(name, str)}


def _ranges(days: set[date]) -> list[str]:
    """The days as order_statements takes them: consecutive ones as "first..last"."""
    found: list[list[date]] = []
    for day in sorted(days):
        if found and found[-1][-1] == day - timedelta(days=1):
            found[-1].append(day)
        else:
            found.append([day])
    return [f"{some[0]}..{some[-1]}" for some in found]
