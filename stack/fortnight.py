"""Two weeks of money going out, day by day on the virtual clock: what the demo shows of funds, payouts and the bank.

Each morning everybody's clock is set a day forward: ours, the PSPs', the bank's. Shops sell, what is due becomes
available, schedules make payouts of it, two people of finance let them leave. On the way a merchant's bank sends a
payout back, a worker is killed while a file is on its way, a file is sent a second time by hand, and a payer disputes
what was paid out long ago, so that a merchant owes us until later sales have made up for it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import requests

from stack.finance import RAILS, Built
from stack.mischief import Psps, lever
from stack.stagehands import BANKERS, CURRENCY, Stagehands
from stack.up import Stack

DAYS = 14
LARGE = 5_000_00  # Minor units: the sale that is disputed when it was paid out long ago.
SALES_OF_DAY = 4  # For each merchant, and one in ABROAD that is converted.
ABROAD = "CHF"
BY_PSPS, SMALL = (
    "JPY",
    5_000,
)  # What PSPs pay out, in a currency without a schedule: it must lie with them.
BOUNCING = "Tokyo Stationery RETURN AC04"  # The simulated bank does as this name says.
CONNECTED = "acct_1Nv0FGQ9RKHg"
ELSEWHERE = "FR1420041010050500013M02606"

DUE = "SELECT count(*) FROM funds_due WHERE due_on <= (%s)::date AND amount <> released"
RETURNED = "SELECT count(*) FROM payout WHERE state = 'returned' AND failure_code = 'AC04'"
LET_GO = "SELECT count(*) FROM ledger_transaction WHERE kind = 'reserve.released'"
STANDING = """
    SELECT c.code, sum(CASE e.type WHEN 'CREDIT' THEN e.amount ELSE -e.amount END)
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE e.currency = %s AND (c.code LIKE 'liabilities:%%' OR c.code = 'assets:bank:operating') GROUP BY 1
"""


@dataclass
class Evening:
    """How a day ended, over all merchants; minor units of CURRENCY."""

    day: int
    pending: int
    available: int
    reserved: int
    on_its_way: int
    left: int  # Out of our bank account, so far.
    happened: list[str]


@dataclass
class Fortnight:
    """What was seen; `complaints` are what should have come about and did not."""

    evenings: list[Evening] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    owed_at_most: int = 0  # By the merchant of the large dispute, minor units.


class Stage(Stagehands):
    """The people and the levers of a fortnight."""

    scene = "fortnight"

    def __init__(self, stack: Stack, psps: Psps, *, clock: Path, seed: int) -> None:
        super().__init__(stack, psps, clock=clock, seed=seed)
        self.seen = Fortnight(complaints=self.complaints)
        self._large = ""
        self._happened: list[str] = []  # Today.
        self._places: dict[tuple[str, str], str] = {}

    def play(self, tell: Callable[[str], None]) -> Fortnight:
        """All of it; `tell` hears what day it is."""
        with self.at_work():
            self._new_accounts()
            for day in range(1, DAYS + 1):
                tell(f"day {day} of {DAYS}")
                self._one_day(day)
            tell("the bank and the PSPs finish what is under way")
            self._morning(days=10)
            self._release()
            self._send("payouts.hear_the_bank", "payouts")
            self._until("the bank was heard out", self._bank_heard_out)
            self._until("everything on its way has ended", self._nothing_on_its_way)
            self._evening(DAYS + 1)
            self._judge()
        return self.seen

    # ------------------------------------------------------------------------------------- a day

    def _one_day(self, day: int) -> None:
        self._morning()
        self._sell(day)
        self._release()
        if day == 9:
            self._dispute_what_was_paid_out()
        if day == 5:
            self._ask_for_payouts_by_psps()
        self._send("payouts.collect", "payouts")
        time.sleep(1.0)
        for rail in RAILS:
            if batch := self._built(rail):
                if day == 6 and rail == "bank":
                    self._kill_while_a_file_is_on_its_way(batch)
                else:
                    self._finance.approve(batch)
                self._happened.append(f"{batch.payouts} by {rail}")
        self._until("approved batches have left", self._all_left)
        if day == 7:
            self._send_a_file_again_by_hand()
        self._send("payouts.hear_the_bank", "payouts")
        self._evening(day)

    def _release(self) -> None:
        self._send("funds.release", "default")
        self._until("what is due is available", lambda: not self._count(DUE, self._today()))

    def _sell(self, day: int) -> None:
        """Shops sell; on the third day one sale is a large one."""
        orders = [
            (merchant, self._draw.randrange(20_00, 400_00))
            for merchant in self._stack.merchants
            for _ in range(SALES_OF_DAY)
        ]
        with ThreadPoolExecutor(8) as shops:
            list(shops.map(lambda order: self._sale(*order), orders))
            list(shops.map(self._converted_sale, self._stack.merchants))
        if day == 1:  # What PSPs are to pay out on the fifth day.
            for merchant, psp in zip(self._stack.merchants, ("stripe", "adyen"), strict=False):
                self._sale(merchant, 4 * SMALL, currency=BY_PSPS, psp=psp)
        if day == 3:
            self._large = self._sale(self._stack.merchants[0], LARGE, psp="stripe")["id"]

    def _converted_sale(self, merchant: dict[str, str]) -> None:
        """Held at a rate, and used at once."""
        quote = self._ask(merchant, "fx/quotes", {"from_currency": ABROAD, "to_currency": CURRENCY})
        self._sale(merchant, 80_00, currency=ABROAD, fx_quote=quote["id"])

    # ------------------------------------------------------------------------ what goes wrong on purpose

    def _new_accounts(self) -> None:
        """Merchants want to be paid elsewhere: proposed by API, approved by one of ours, usable in days.

        One is at a bank that will send the money back; two are paid by PSPs out of what those owe us.
        """
        first, second = self._stack.merchants[:2]
        for merchant, account in (
            (second, {"currency": CURRENCY, "holder": BOUNCING, "iban": ELSEWHERE}),
            (first, {"currency": BY_PSPS, "holder": "Kiosk", "stripe_account": CONNECTED}),
            (second, {"currency": BY_PSPS, "holder": "Tokyo", "rail": "adyen", "iban": ELSEWHERE}),
        ):
            made = self._ask(merchant, "payout_destinations", account)
            self._finance.approve_destination(made["id"])
            self._places[merchant["id"], made["rail"]] = made["id"]
        self._happened.append("three new accounts were approved, and cool off")

    def _ask_for_payouts_by_psps(self) -> None:
        first, second = self._stack.merchants[:2]
        for merchant, rail in ((first, "stripe"), (second, "adyen")):
            body = {
                "currency": BY_PSPS,
                "amount": SMALL,
                "destination": self._places[merchant["id"], rail],
            }
            self._ask(merchant, "payouts", body, key=f"by {rail}")
        self._happened.append("two payouts asked for, by Stripe and by Adyen")

    def _dispute_what_was_paid_out(self) -> None:
        self._psps.act("stripe", "dispute", payment=self._large)
        self._until("the merchant owes us", lambda: self._owes() > 0)
        self._happened.append(f"a dispute of {LARGE // 100} {CURRENCY}: the merchant owes us")

    def _built(self, rail: str) -> Built | None:
        """A batch of what is loose, submitted by one; None when nothing is."""
        if not self._count(
            "SELECT count(*) FROM payout WHERE rail = %s AND batch_id IS NULL AND state = 'draft'",
            rail,
        ):
            return None
        today = date.fromisoformat(self._today())
        batch = self._finance.build(rail, value_date=today)
        if batch is not None:
            self._finance.submit(batch, value_date=today)
        return batch

    def _kill_while_a_file_is_on_its_way(self, batch: Built) -> None:
        """The bank takes the file, does not answer, and then whoever sent it is no more."""
        before = self._files_taken()
        lever(self._stack.bank, "faults", {"next": ["timeout_after"], "hang_seconds": 4})
        self._finance.approve(batch)
        self._until("the bank has the file", lambda: self._files_taken() > before)
        self._stack.processes.kill("worker-payouts")
        self._happened.append(
            "the worker was killed when the bank had the file and had not said so"
        )
        lever(self._stack.bank, "faults", {})

    def _send_a_file_again_by_hand(self) -> None:
        row = self._db.execute(
            "SELECT message_id, format, content FROM payout_file ORDER BY id LIMIT 1"
        ).fetchone()
        if row is None:
            self.seen.complaints.append("there was no file to be sent again")
            return
        message_id, format_, content = row
        reply = requests.post(
            f"{self._stack.bank}/files",
            data=zlib.decompress(content),
            headers={
                **BANKERS,
                "X-Message-Id": message_id,
                "Content-Type": "text/plain" if format_ == "nacha" else "application/xml",
            },
            timeout=30,
        )
        if reply.status_code != 200:
            self.seen.complaints.append(f"the file sent again was answered {reply.status_code}")
        self._happened.append("a file was sent a second time by hand")

    # ----------------------------------------------------------------------------------- the evening

    def _evening(self, day: int) -> None:
        self.seen.owed_at_most = max(self.seen.owed_at_most, self._owes())
        standing: dict[str, int] = dict(self._db.execute(STANDING, [CURRENCY]).fetchall())

        def of(code: str) -> int:
            return int(standing.get(code, 0))

        way = of("liabilities:payouts:requested") + of("liabilities:payouts:in_transit")
        self.seen.evenings.append(
            Evening(
                day=day,
                pending=of("liabilities:merchant:pending"),
                available=of("liabilities:merchant:available"),
                reserved=of("liabilities:merchant:reserve"),
                on_its_way=way,
                left=of("assets:bank:operating"),
                happened=self._happened,
            )
        )
        self._happened = []

    def _judge(self) -> None:
        """What a fortnight must have shown."""
        for shown, what in (
            (self.seen.owed_at_most > 0, "no merchant ever owed us"),
            (self._owes() <= 0, "the merchant still owes us"),
            (self._count(RETURNED) > 0, "no payout was returned"),
            (any(e.reserved for e in self.seen.evenings), "nothing was held in reserve"),
            (self._count(LET_GO) > 0, "no reserve was released"),
        ):
            if not shown:
                self.seen.complaints.append(what)

    # ------------------------------------------------------------------------------------ asking

    def _owes(self) -> int:
        """What the first merchant owes us by now, in minor units; 0 or less where we owe."""
        page = self._read(self._stack.merchants[0], "balance")
        found = [b["available"] for b in page["balances"] if b["currency"] == CURRENCY]
        return -min(0, *found) if found else 0

    def _all_left(self) -> bool:
        return not self._count("SELECT count(*) FROM payout_batch WHERE state = 'approved'") and (
            not self._count("SELECT count(*) FROM payout_file WHERE state = 'made'")
        )

    def _nothing_on_its_way(self) -> bool:
        return not self._count("SELECT count(*) FROM payout WHERE state = 'in_transit'")

    def _files_taken(self) -> int:
        calls = requests.get(f"{self._stack.bank}/_control/calls", timeout=10).json()
        return int(calls.get("POST /files", {}).get("count", 0))
