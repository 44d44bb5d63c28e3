"""A transaction, and what can be done to it; each act writes its effect into the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.books import Books
from simulators.braintree import amounts
from simulators.braintree.cards import Card, Verdict, behind, magic, vaulted
from simulators.braintree.errors import Invalid, NotFound
from simulators.braintree.xml import Tree
from simulators.clock import Clock

HELD_DAYS = {"Visa": 8, "MasterCard": 7, "American Express": 7, "Discover": 30}
SUCCEEDED = frozenset(
    (
        "authorized",
        "submitted_for_settlement",
        "settlement_pending",
        "settled",
        "voided",
        "authorization_expired",
    )
)


@dataclass(slots=True)
class Transaction:
    """Amounts are in ISO 4217 minor units. `amount` is what will be settled, at first what is held.

    `settled_in_parts` was moved to child transactions, each of which names its parent.
    """

    id: str
    order_id: str
    merchant_account: str
    currency: str
    amount: int
    card: Card
    verdict: Verdict
    created_at: datetime
    attempt: str
    payment: str  # The order id of the sale, also on what descends from it.
    token: str = ""
    status: str = "authorizing"
    expires_at: datetime | None = None
    updated_at: datetime | None = None
    history: list[tuple[str, int, datetime]] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    parent: str = ""
    settled_in_parts: int = 0


class Transactions:
    """The transactions of one merchant, newest last."""

    def __init__(self, clock: Clock, books: Books, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._books = books
        self._new_id = new_id
        self._all: dict[str, Transaction] = {}
        self._by_order: dict[str, list[Transaction]] = {}

    def find(self, id_: str) -> Transaction:
        """Raises NotFound."""
        try:
            return self._all[id_]
        except KeyError:
            raise NotFound(id_) from None

    def of_order(self, order_id: str) -> list[Transaction]:
        return self._by_order.get(order_id, [])

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._all.values())

    # ------------------------------------------------------------------------------------------ sale

    def sale(self, asked: Tree, *, attempt: str) -> Transaction:
        """Ends in the transaction's status; raises Invalid when there is to be none."""
        account = asked.get("merchant_account_id", "")
        currency = amounts.currency_of(account)
        amount = amounts.minor(asked.get("amount", ""), currency)
        if asked.get("type") != "sale":
            raise Invalid("91523", "Transaction type is invalid.", "type")
        if len(asked.get("order_id", "")) > 255:
            raise Invalid("91501", "Order ID is too long.", "order_id")
        card = _card(asked)
        options = asked.get("options") or {}
        verdict = magic(amounts.text(amount, currency)) or card.verdict
        if _wants_authentication(options) and not card.authenticated:
            verdict = Verdict("gateway_rejected", "", "three_d_secure")
        made = self._add(
            Transaction(
                id=self._new_id()[:8],
                order_id=asked.get("order_id", ""),
                merchant_account=account or "default_usd",
                currency=currency,
                amount=amount,
                card=card,
                verdict=verdict,
                created_at=self._clock.now(),
                attempt=attempt,
                payment=asked.get("order_id", ""),
                token=asked.get("payment_method_token", ""),
            )
        )
        self._become(made, verdict.status)
        if verdict.status != "authorized":
            self._book("declined", made, amount, attempt)
            return made
        made.expires_at = made.created_at + timedelta(days=HELD_DAYS.get(card.brand, 7))
        self._book("authorized", made, amount, attempt)
        if options.get("submit_for_settlement"):
            self._take(made, attempt)
        return made

    # -------------------------------------------------------------------------------- capture and void

    def submit(self, held: Transaction, asked: Tree, *, attempt: str) -> None:
        """Capture once; the rest is released. Raises Invalid."""
        if held.status != "authorized" or held.children:
            raise Invalid("91507", "Cannot submit for settlement unless status is authorized.")
        if asked.get("amount"):
            held.amount = self._part(held, asked["amount"])
        self._take(held, attempt)

    def submit_part(self, held: Transaction, asked: Tree, *, attempt: str) -> Transaction:
        """Capture a part as a transaction of its own. Raises Invalid."""
        if held.status != "authorized":
            message = "Cannot submit for partial settlement unless status is authorized."
            raise Invalid("915103", message)
        amount = self._part(held, asked.get("amount", ""))
        part = self._add(
            Transaction(
                id=self._new_id()[:8],
                order_id=asked.get("order_id") or held.order_id,
                merchant_account=held.merchant_account,
                currency=held.currency,
                amount=amount,
                card=held.card,
                verdict=held.verdict,
                created_at=self._clock.now(),
                attempt=attempt,
                payment=held.payment,
                token=held.token,
                parent=held.id,
            )
        )
        self._take(part, attempt)
        held.children.append(part.id)
        held.settled_in_parts += amount
        if asked.get("final_capture") is True or held.settled_in_parts == held.amount:
            self._become(held, "settlement_pending")
        return part

    def _part(self, held: Transaction, text: str) -> int:
        amount = amounts.minor(text, held.currency)
        if amount > held.amount - held.settled_in_parts:
            raise Invalid(
                "91522", "Settlement amount cannot be more than the authorized.", "amount"
            )
        return amount

    def void(self, held: Transaction, *, attempt: str) -> None:
        """Release what is held, or what is not yet settled. Raises Invalid."""
        if held.status not in ("authorized", "submitted_for_settlement"):
            message = "Transaction can only be voided if status is authorized or"
            raise Invalid("91504", f"{message} submitted_for_settlement.")
        self._become(held, "voided")
        self._book("canceled", held, held.amount - held.settled_in_parts, attempt)

    def settle(self, taken: Transaction) -> None:
        """What the testing gateway does instead of waiting for the night. Raises Invalid."""
        if taken.status not in ("submitted_for_settlement", "settlement_pending"):
            raise Invalid("91575", "Cannot simulate settlement of this transaction.")
        self._become(taken, "settled")

    def expire(self, now: datetime) -> None:
        for held in self._all.values():
            if held.status == "authorized" and held.expires_at and held.expires_at <= now:
                self._become(held, "authorization_expired")
                self._book("expired", held, held.amount - held.settled_in_parts, "")

    def _add(self, made: Transaction) -> Transaction:
        self._all[made.id] = made
        self._by_order.setdefault(made.order_id, []).append(made)
        return made

    def _take(self, held: Transaction, attempt: str) -> None:
        self._become(held, "submitted_for_settlement")
        self._book("captured", held, held.amount, attempt)

    def _become(self, changed: Transaction, status: str) -> None:
        changed.status, changed.updated_at = status, self._clock.now()
        changed.history.append((status, changed.amount, changed.updated_at))

    def _book(self, kind: str, moved: Transaction, amount: int, attempt: str) -> None:
        self._books.write(
            kind,
            payment=moved.payment,
            attempt=attempt,
            reference=moved.id,
            amount=amount,
            currency=moved.currency,
        )


def _card(asked: Tree) -> Card:
    if token := asked.get("payment_method_token"):
        return vaulted(token)
    if nonce := asked.get("payment_method_nonce"):
        return behind(nonce)
    raise Invalid("91508", "Cannot determine payment method.")


def _wants_authentication(options: Tree) -> bool:
    wanted = options.get("three_d_secure") or {}
    return wanted.get("required") is True
