"""The balance: a transaction for each charge that was taken, with what Stripe keeps of it.

Stripe charges nothing here until somebody in the control room says so ("price"): whoever books nothing of its fees
must find nothing missing. Source: docs.stripe.com/api/balance_transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulators.books import Books
from simulators.clock import Clock
from simulators.simulator import Call, Route
from simulators.stripe import params as p
from simulators.stripe.amounts import iso_minor
from simulators.stripe.errors import no_such
from simulators.stripe.listing import listed
from simulators.stripe.payment_intent import PaymentIntent, charge_shown

_URL = "/v1/balance_transactions"
AVAILABLE_SECONDS = 2 * 86_400

ROUTES = (
    Route("GET", _URL, "list_balance", moves=False),
    Route("GET", f"{_URL}/{{id}}", "retrieve_balance", moves=False),
)


@dataclass(slots=True)
class Taken:
    """What a charge brought, and what Stripe kept of it; in Stripe's minor units."""

    id: str
    created: int
    intent: PaymentIntent
    amount: int
    fee: int


class Balance:
    """The transactions of one account, newest last. So far of charges alone."""

    def __init__(self, clock: Clock, books: Books, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._books = books
        self._new_id = new_id
        self._taken: dict[str, Taken] = {}
        self._price = (0, 0)

    def price(self, basis_points: int, fixed: int) -> None:
        """What Stripe keeps from now on: a share, rounded half up, and a fixed part in its minor units."""
        if basis_points < 0 or fixed < 0:
            raise ValueError("a price is not below zero")
        self._price = (basis_points, fixed)

    def captured(self, intent: PaymentIntent) -> None:
        """All was taken of it that ever will be."""
        basis_points, fixed = self._price
        share = (intent.received * basis_points + 5_000) // 10_000
        fee = min(share + fixed, intent.received)
        taken = Taken(
            f"txn_{self._new_id()}", int(self._clock.timestamp()), intent, intent.received, fee
        )
        self._taken[taken.id] = taken
        if fee:
            self._books.write(
                "processing_fee",
                payment=intent.metadata.get("payment", ""),
                attempt="",
                reference=taken.id,
                amount=iso_minor(fee, intent.currency),
                currency=intent.currency.upper(),
            )

    def find(self, id_: str) -> Taken:
        try:
            return self._taken[id_]
        except KeyError:
            raise no_such("balance transaction", id_, param="id") from None

    def newest_first(self, params: p.Tree) -> Iterable[Taken]:
        """Those of the `type`, `currency` and `source` that were asked for."""
        if params.get("type", "charge") != "charge" or "payout" in params:
            return
        for taken in reversed(self._taken.values()):
            charge = taken.intent.charge
            if params.get("currency", taken.intent.currency) != taken.intent.currency:
                continue
            if charge is not None and params.get("source", charge.id) == charge.id:
                yield taken


class Statement:
    """What the server answers to ROUTES."""

    _balance: Balance

    def list_balance(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.BALANCE_LIST)
        if after := call.params.get("starting_after"):
            self._balance.find(after)
        expand = p.expand(call.params)
        return listed(
            self._balance.newest_first(call.params),
            call.params,
            url=_URL,
            show=lambda taken: taken_shown(taken, expand),
        )

    def retrieve_balance(self, call: Call) -> dict[str, Any]:
        p.check_names(call.params, p.ONLY_EXPAND)
        return taken_shown(self._balance.find(call.id), p.expand(call.params))


def taken_shown(taken: Taken, expand: frozenset[str]) -> dict[str, Any]:
    """The object as the API returns it."""
    intent = taken.intent
    assert intent.charge is not None
    fees = {
        "amount": taken.fee,
        "application": None,
        "currency": intent.currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    available_on = taken.created + AVAILABLE_SECONDS
    return {
        "id": taken.id,
        "object": "balance_transaction",
        "amount": taken.amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": taken.created,
        "currency": intent.currency,
        "description": intent.shown["description"],
        "exchange_rate": None,
        "fee": taken.fee,
        "fee_details": [fees] if taken.fee else [],
        "net": taken.amount - taken.fee,
        "reporting_category": "charge",
        "source": charge_shown(intent) if "source" in expand else intent.charge.id,
        "status": "pending",
        "type": "charge",
    }
