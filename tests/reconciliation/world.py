"""A PSP at which a day's business is done through our API, until it settles and gives us its files."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client

from kernel.clock import now
from kernel.outbox.relay import tell
from ledger import chart
from merchants.funds.release import release_due
from paygate.costs import expect, hear
from paygate.costs.models import PspPrice
from paygate.psp.registry import statement_desk
from paygate.psp.statements import Offered
from paygate.reconciliation.models import Order, Statement
from paygate.reconciliation.receive import receive
from paygate.webhooks.apply import LEASE
from paygate.webhooks.apply import apply as apply_webhooks
from paygate.webhooks.models import PspEvent
from payouts.models import Payout
from payouts.pay import pay_due
from payouts.send import send_batch
from simulators.run import Simulator
from tests.payouts.conftest import IBAN, settle_in
from tests.payouts.in_batches import batch_of
from tests.simulators.listener import Listener

DAY = 86_400
PRICE = {"basis_points": 140, "fixed": 11}  # What the PSP charges, and we expect.
CONVERTED, INTO, RATE = "GBP", "EUR", "1.1734"
LOOKS = 3  # For a file that is not ready; half a minute passes between them.
CURRENCIES = ("USD", "EUR", CONVERTED)
SUSPENSE = chart.reconciliation_suspense()

_STANDS = """
    SELECT e.merchant_id, e.currency, sum(CASE e.type WHEN 'DEBIT' THEN e.amount ELSE -e.amount END) AS left
    FROM ledger_entry e JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
    WHERE c.code = %s GROUP BY 1, 2
"""


class World:
    """`apis` are our merchants' clients; `ears` gets the simulator's webhooks, which are heard when the test says."""

    _numbers = itertools.count()

    def __init__(self, psp: str, simulator: Simulator, ears: Listener, apis: list[Any]) -> None:
        self.psp, self.simulator, self.ears, self.apis = psp, simulator, ears, apis
        self._heard = self._published = 0
        self._began = self.today
        self._had: set[str] = set()
        self.in_parts: set[str] = set()  # Payments that were captured so.
        self._ours = Client()
        simulator.webhooks(url=ears.url)
        simulator.act("price", **PRICE)
        simulator.act("settle_in", **{"currency": CONVERTED, "in": INTO, "rate": RATE})
        for currency in CURRENCIES:
            PspPrice.objects.create(
                psp=psp,
                currency=currency,
                basis_points=PRICE["basis_points"],
                fixed_minor=PRICE["fixed"],
                effective_from=now() - timedelta(days=1),
            )
        expect.forget()

    @property
    def today(self) -> date:
        return datetime.fromisoformat(self.simulator.clock()).astimezone(UTC).date()

    # -------------------------------------------------------------------------------------- business

    def trade(self, dice: random.Random) -> None:
        """Every sort of thing that moves money, several times each."""
        taken = [self._taken(dice, currency) for currency in ("USD",) * 24 + ("EUR",) * 6]
        converted = [self._taken(dice, CONVERTED) for _ in range(8)]
        parts = [self._taken_in_parts(dice) for _ in range(3)]
        self.settle()
        refunded = [*taken[:8], *converted[:3], parts[0]]
        for payment in refunded:
            self._give_back(payment, dice)
        self._give_back(taken[8], dice, whole=True)
        self.settle()
        self.simulator.act("fail_refund", payment=refunded[0]["id"])
        cases = [
            self.simulator.act("dispute", payment=payment["id"])["id"] for payment in taken[9:15]
        ]
        self.hear()
        self.simulator.act("decide", dispute=cases[0], outcome="won")
        self.simulator.act("decide", dispute=cases[1], outcome="lost")
        self.settle()
        self.hear()

    def pay_out(self) -> None:
        """A merchant is paid by the PSP, out of what it owes us; it takes some days."""
        api = self.apis[0]
        self._pay(api, 200_00, "USD")
        self.settle()
        account = {"stripe": {"stripe_account": "acct_1Nv0FGQ9RKHgCVdK"}}.get(
            self.psp, {"rail": self.psp, "iban": IBAN}
        )
        settle_in(api.merchant, currency="USD", **account)
        release_due(at=now() + timedelta(days=30))
        assert api.post("payouts", {"currency": "USD", "amount": 60_00}).status_code == 201
        payout = Payout.objects.get(merchant_id=api.merchant)
        assert send_batch(batch_of([payout]), at=now())
        pay_due(self.psp, at=now())
        self.simulator.clock(advance=4 * DAY)
        self.hear()
        pay_due(self.psp, at=now() + timedelta(hours=2))
        payout = Payout.objects.get(id=payout.id)
        assert payout.state == "paid", (payout.state, payout.outcome, payout.failure_code)

    def week(self) -> None:
        """Days pass, and are told of by files: with a payment in each currency that is settled."""
        self.simulator.clock(advance=7 * DAY)
        for currency in CURRENCIES:
            self._pay(self.apis[0], 30_00, currency)
        self.settle()
        self.hear()

    def settle(self) -> None:
        """What waits at the PSP to be taken is taken, and what waits to be given back is given back."""
        if self.psp == "braintree":
            self.simulator.act("settle")
        self.simulator.clock(advance=3)

    def _taken(self, dice: random.Random, currency: str) -> dict[str, Any]:
        return self._pay(dice.choice(self.apis), dice.randrange(20_00, 300_00), currency)

    def _pay(self, api: Any, amount: int, currency: str, **more: Any) -> dict[str, Any]:
        body = {"psp": self.psp, "amount": amount, "currency": currency, **more}
        payment: dict[str, Any] = api.pay(key=f"world-{next(self._numbers)}", **body).json()
        assert payment["status"] in ("captured", "authorized"), payment
        return payment | {"api": api}

    def _taken_in_parts(self, dice: random.Random) -> dict[str, Any]:
        api = dice.choice(self.apis)
        held = self._pay(api, 150_00, "USD", capture_method="manual")
        path = f"payments/{held['id']}/capture"
        first = api.post(path, {"amount": dice.randrange(10_00, 90_00), "final": False})
        last = api.post(path, {"amount": 50_00})
        assert (first.status_code, last.status_code) == (200, 200), last.json()
        self.in_parts.add(held["id"])
        return {**last.json(), "api": api}

    def _give_back(
        self, payment: dict[str, Any], dice: random.Random, *, whole: bool = False
    ) -> None:
        amount = payment["amount_captured"] if whole else dice.randrange(1_00, 9_00)
        reply = payment["api"].post("refunds", {"payment": payment["id"], "amount": amount})
        assert reply.status_code in (201, 202), reply.json()

    # --------------------------------------------------------------------------------------- hearing

    def hear(self) -> None:
        """All that the PSP told since arrives here, and our price lists hear of payments."""
        self.ears.wait(lambda: self.simulator.told()["waiting"] == 0)
        told = list(zip(self.ears.headers, self.ears.bodies, strict=True))[self._heard :]
        self._heard += len(told)
        for headers, body in told:
            reply = self._ours.post(
                f"/webhooks/{self.psp}",
                body,
                content_type=headers["content-type"],
                headers={k: v for k, v in headers.items() if k != "content-length"},
            )
            assert reply.status_code == 200, (reply.status_code, body)
        while apply_webhooks(self.psp, at=now() + LEASE):
            pass
        odd = PspEvent.objects.exclude(state__in=("applied", "irrelevant"))
        assert not odd, [(event.kind, event.state, event.why) for event in odd]
        while tell([hear.hear], at=now()):
            pass

    # --------------------------------------------------------------------------------------- settling

    def cut(self, wanted: dict[str, int] | None = None, *, seed: int = 0) -> list[dict[str, Any]]:
        """Midnight passes, and the PSP settles, its files wrong in the wanted ways; what was planted in them."""
        self.simulator.act("mistakes", wanted=wanted or {}, seed=seed)
        self.simulator.clock(advance=DAY)
        self.hear()
        files = self.simulator.statements()[self._published :]
        self._published += len(files)
        return [planted for file in files for planted in file["planted"]]

    def files(self) -> list[Statement]:
        """The PSP's files that we have not had, fetched as we fetch them once the day is over, and kept."""
        self.simulator.clock(advance=DAY)
        self.hear()
        made = []
        for offered in self._offered():
            content = None if offered.name in self._had else self._fetched(offered)
            if content is None:
                continue
            self._had.add(offered.name)
            received = receive(
                self.psp,
                offered.name,
                [content],
                livemode=False,
                source=Statement.Source.FETCHED,
                at=now(),
            )
            made += [received.statement] if received.new else []
        return made

    def _offered(self) -> Iterable[Offered]:
        told = Order.objects.filter(psp=self.psp).order_by("id")
        yield from (Offered(name=order.name, where=order.place) for order in told)
        desk = statement_desk(self.psp, livemode=False)
        for day in range((self.today - self._began).days):
            yield from desk.order_statements(self._began + timedelta(days=day))

    def _fetched(self, offered: Offered) -> bytes | None:
        """None where the PSP has no such file: there was nothing to be told that day."""
        desk = statement_desk(self.psp, livemode=False)
        for _ in range(LOOKS):
            if (pieces := desk.fetch_statement(offered)) is not None:
                return b"".join(pieces)
            self.simulator.clock(advance=30)
        return None

    # ------------------------------------------------------------------------------------- what is so

    def owed(self) -> Counter[str]:
        """What the PSP owes by its own books, by currency."""
        from stack.witness import OWES

        owed: Counter[str] = Counter()
        for entry in self.simulator.books()["entries"]:
            owed[entry["currency"]] += OWES.get(entry["kind"], 0) * entry["amount"]
        return owed

    def booked(self, account: str) -> Counter[str]:
        """What stands on an account of our books, in all merchants' together."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT currency, sum(s.left) FROM ({_STANDS}) s GROUP BY 1", [account])
            return Counter({currency: int(minor) for currency, minor in cursor.fetchall()})

    def receivable(self) -> Counter[str]:
        return self.booked(chart.psp_receivable(self.psp))

    def suspense(self) -> list[tuple[Any, ...]]:
        """In whose book how much waits for its explanation."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({_STANDS}) s WHERE s.left <> 0", [SUSPENSE])
            return list(cursor.fetchall())
