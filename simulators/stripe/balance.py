"""The balance: a transaction for whatever moves it, with what Stripe keeps of it.

Stripe charges nothing here until somebody in the control room says so ("price"): whoever books nothing of its fees
must find nothing missing. A fee is shown with its charge at once, and written into the books when the charge is paid
out (settlement.py). Source: docs.stripe.com/api/balance_transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulators.agenda import Agenda
from simulators.simulator import Call, Route
from simulators.stripe import params as p
from simulators.stripe.amounts import check_currency, converted, rounded
from simulators.stripe.errors import no_such
from simulators.stripe.listing import listed
from simulators.stripe.payment_intent import PaymentIntent, charge_shown

_URL = "/v1/balance_transactions"
DAY = 86_400

ROUTES = (
    Route("GET", _URL, "list_balance", moves=False),
    Route("GET", f"{_URL}/{{id}}", "retrieve_balance", moves=False),
)

#: What the API calls each reporting category: it has two names for everything, and neither follows from the other.
TYPES = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
    "transfer": "transfer",
    "transfer_reversal": "transfer_refund",
    "fee": "stripe_fee",
    "payout": "payout",
}

Show = Callable[[], dict[str, Any]]


@dataclass(slots=True)
class Transaction:
    """Amounts are in Stripe's minor units, and below zero when they leave us; a fee is above zero as a cost.

    `facing` is what the payer was charged or given, in the payer's currency; `amount`, `fee` and `currency` are what
    becomes of it in the balance. `payout` is the automatic payout that it is part of, once there is one.
    """

    id: str
    created: int
    category: str
    source: str
    amount: int
    fee: int
    currency: str
    facing: int
    facing_currency: str
    facing_fee: int  # That of a dispute, which is in the books before it is converted.
    rate: Decimal | None
    livemode: bool
    show: Show
    intent: PaymentIntent | None = None
    metadata: dict[str, str] = field(default_factory=dict)  # Of the refund, the transfer.
    description: str | None = None
    payout: str = ""

    @property
    def net(self) -> int:
        return self.amount - self.fee

    @property
    def brought(self) -> int:
        """What it brought into the balance, without a fee that is taken off only now."""
        return self.net if self.facing_fee else self.amount

    @property
    def available_on(self) -> int:
        """The end of the day: then it can be paid out."""
        return self.created - self.created % DAY + DAY


class Balance:
    """The transactions of one account, newest last."""

    def __init__(self, agenda: Agenda, new_id: Callable[[], str]) -> None:
        self._agenda = agenda
        self._new_id = new_id
        self._moved: dict[str, Transaction] = {}
        self._price = (0, 0)
        self._into: dict[str, tuple[str, Decimal]] = {}
        self.waiting: list[Transaction] = []  # What is in no payout yet.

    # ---------------------------------------------------------------------------- the control room

    def price(self, basis_points: int, fixed: int) -> None:
        """What Stripe keeps from now on: a share, rounded half up, and a fixed part in its minor units."""
        if basis_points < 0 or fixed < 0:
            raise ValueError("a price is not below zero")
        self._price = (basis_points, fixed)

    def settle_in(self, currency: str, into: str, rate: str) -> None:
        """From now on what is charged in `currency` is converted; into itself, it is not any more."""
        self._into.pop(check_currency(currency), None)
        if into.lower() != currency.lower():
            if (units := Decimal(rate)) <= 0:
                raise ValueError("a rate is above zero")
            self._into[currency.lower()] = (check_currency(into), units)

    # --------------------------------------------------------------------------------- what moves it

    def captured(self, intent: PaymentIntent) -> None:
        """All was taken of it that ever will be."""
        assert intent.charge is not None
        moved = self.moved(
            "charge",
            source=intent.charge.id,
            amount=intent.received,
            currency=intent.currency,
            livemode=intent.livemode,
            show=lambda: charge_shown(intent),
            intent=intent,
            description=intent.shown["description"],
        )
        basis_points, fixed = self._price
        share = Decimal(moved.amount * basis_points) / 10_000
        moved.fee = min(rounded(share + fixed, moved.currency), moved.amount)

    def moved(
        self,
        category: str,
        *,
        source: str,
        amount: int,
        currency: str,
        livemode: bool,
        show: Show,
        fee: int = 0,
        id_: str = "",
        intent: PaymentIntent | None = None,
        metadata: dict[str, str] | None = None,
        description: str | None = None,
        payout: str = "",
    ) -> Transaction:
        """Something moved it; amount and fee are in `currency`, and converted where that is not settled in itself."""
        into, rate = (currency, None) if intent is None else self._conversion(currency)
        moved = Transaction(
            id=id_ or f"txn_{self._new_id()}",
            created=int(self._agenda.now()),
            category=category,
            source=source,
            amount=amount if rate is None else converted(amount, currency, into, rate),
            fee=fee if rate is None else converted(fee, currency, into, rate),
            currency=into,
            facing=amount,
            facing_currency=currency,
            facing_fee=fee,
            rate=rate,
            livemode=livemode,
            show=show,
            intent=intent,
            metadata=metadata or {},
            description=description,
            payout=payout,
        )
        self._moved[moved.id] = moved
        if not payout:
            self.waiting.append(moved)
        return moved

    def _conversion(self, currency: str) -> tuple[str, Decimal | None]:
        return self._into.get(currency, (currency, None))

    # --------------------------------------------------------------------------------------- reading

    def now(self) -> float:
        return self._agenda.now()

    def find(self, id_: str) -> Transaction:
        try:
            return self._moved[id_]
        except KeyError:
            raise no_such("balance transaction", id_, param="id") from None

    def known(self, id_: str) -> Transaction | None:
        return self._moved.get(id_)

    def newest_first(self, params: p.Tree) -> Iterable[Transaction]:
        """Those of the `type`, `currency`, `source` and `payout` that were asked for."""
        for moved in reversed(self._moved.values()):
            said = {
                "type": TYPES[moved.category],
                "currency": moved.currency,
                "source": moved.source,
                "payout": moved.payout,
            }
            if all(params.get(name, value) == value for name, value in said.items()):
                yield moved


class Statement:
    """What the server answers to ROUTES."""

    _balance: Balance

    def list_balance(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.BALANCE_LIST)
        if after := call.params.get("starting_after"):
            self._balance.find(after)
        expand, now = p.expand(call.params), self._balance.now()
        return listed(
            self._balance.newest_first(call.params),
            call.params,
            url=_URL,
            show=lambda moved: transaction_shown(moved, expand, now),
        )

    def retrieve_balance(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        found = self._balance.find(call.id)
        return transaction_shown(found, p.expand(call.params), self._balance.now())


def transaction_shown(moved: Transaction, expand: frozenset[str], now: float) -> dict[str, Any]:
    """The object as the API returns it. Only here is there a rate: the reports have none."""
    of_disputes = moved.category.startswith("dispute")
    fees = {
        "amount": moved.fee,
        "application": None,
        "currency": moved.currency,
        "description": "Dispute fee" if of_disputes else "Stripe processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": moved.id,
        "object": "balance_transaction",
        "amount": moved.amount,
        "available_on": moved.available_on,
        "balance_type": "payments",
        "created": moved.created,
        "currency": moved.currency,
        "description": moved.description,
        "exchange_rate": None if moved.rate is None else float(moved.rate),
        "fee": moved.fee,
        "fee_details": [fees] if moved.fee else [],
        "net": moved.net,
        "reporting_category": moved.category,
        "source": moved.show() if "source" in expand else moved.source,
        "status": "available" if moved.available_on <= now else "pending",
        "type": TYPES[moved.category],
    }
