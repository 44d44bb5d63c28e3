"""A transaction, and what can be done to it; each act writes its effect into the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from simulators.books import Books
from simulators.braintree import amounts
from simulators.braintree.agenda import Agenda
from simulators.braintree.cards import Card, Verdict, behind, magic, numbered, settles, vaulted
from simulators.braintree.errors import Invalid, NotFound
from simulators.braintree.xml import Tree

HELD_DAYS = {"Visa": 8, "MasterCard": 7, "American Express": 7, "Discover": 30}
SETTLING = timedelta(hours=11)  # The batch is closed: nothing in it can be voided any more.
SETTLED = timedelta(hours=12)
SUCCEEDED = frozenset(
    (
        "authorized",
        "submitted_for_settlement",
        "settlement_pending",
        "settling",
        "settled",
        "settlement_declined",
        "voided",
        "authorization_expired",
    )
)
UNSETTLED = frozenset(("submitted_for_settlement", "settling", "settlement_pending"))


@dataclass(frozen=True, slots=True)
class Disbursed:
    """What was paid to the merchant's bank for a transaction, and on which day; below zero for a credit."""

    on: date
    amount: int
    currency: str
    rate: Decimal


@dataclass(slots=True)
class Transaction:
    """Amounts are in ISO 4217 minor units. `amount` is what will be settled, at first what is held.

    `settled_in_parts` was moved to child transactions, each of which names its parent. A credit
    names the sale that it gives back.
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
    type: str = "sale"
    token: str = ""
    status: str = "authorizing"
    expires_at: datetime | None = None
    updated_at: datetime | None = None
    history: list[tuple[str, int, datetime]] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    parent: str = ""
    settled_in_parts: int = 0
    refunds: list[str] = field(default_factory=list)
    refunded: str = ""
    disbursed: Disbursed | None = None


class Transactions:
    """The transactions of one merchant, newest last. `settled` is told of each that is settled."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        new_id: Callable[[], str],
        settled: Callable[[Transaction], None],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._new_id = new_id
        self._settled = settled
        self._all: dict[str, Transaction] = {}
        self._by_order: dict[str, list[Transaction]] = {}
        self._by_payment: dict[str, list[Transaction]] = {}

    def find(self, id_: str) -> Transaction:
        """Raises NotFound."""
        try:
            return self._all[id_]
        except KeyError:
            raise NotFound(id_) from None

    def of_order(self, order_id: str) -> list[Transaction]:
        return self._by_order.get(order_id, [])

    def of_payment(self, payment: str) -> list[Transaction]:
        """The sale of that order id, its parts and its credits."""
        return self._by_payment.get(payment, [])

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
        order_id = order_id_of(asked)
        card = _card(asked)
        options = asked.get("options") or {}
        verdict = magic(amounts.text(amount, currency)) or card.verdict
        if _wants_authentication(options) and not card.authenticated:
            verdict = Verdict("gateway_rejected", "", "three_d_secure")
        made = self.add(
            Transaction(
                id=self._new_id()[:8],
                order_id=order_id,
                merchant_account=account or "default_usd",
                currency=currency,
                amount=amount,
                card=card,
                verdict=verdict,
                created_at=self._agenda.moment(),
                attempt=attempt,
                payment=order_id,
                token=asked.get("payment_method_token", ""),
            )
        )
        self.become(made, verdict.status)
        if verdict.status != "authorized":
            self.book("declined", made, amount, attempt)
            return made
        held = timedelta(days=HELD_DAYS.get(card.brand, 7))
        made.expires_at = made.created_at + held
        self._agenda.after(held, lambda: self._lapse(made))
        self.book("authorized", made, amount, attempt)
        if options.get("submit_for_settlement"):
            self._take(made, attempt)
        return made

    def _lapse(self, held: Transaction) -> None:
        if held.status == "authorized":
            self.become(held, "authorization_expired")
            self.book("expired", held, held.amount - held.settled_in_parts, "")

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
        part = self.descend(held, amount, order_id=asked.get("order_id", ""), attempt=attempt)
        part.parent = held.id
        self._take(part, attempt)
        held.children.append(part.id)
        held.settled_in_parts += amount
        if asked.get("final_capture") is True or held.settled_in_parts == held.amount:
            self.become(held, "settlement_pending")
        return part

    def _part(self, held: Transaction, text: str) -> int:
        amount = amounts.minor(text, held.currency)
        if amount > held.amount - held.settled_in_parts:
            raise Invalid(
                "91522", "Settlement amount cannot be more than the authorized.", "amount"
            )
        return amount

    def void(self, held: Transaction, *, attempt: str) -> None:
        """Release what is held, or give back what is not yet settled. Raises Invalid."""
        before = held.status
        if before not in ("authorized", "submitted_for_settlement"):
            message = "Transaction can only be voided if status is authorized or"
            raise Invalid("91504", f"{message} submitted_for_settlement.")
        self.become(held, "voided")
        if held.type == "credit":
            self.book("refund_failed", held, held.amount, attempt)
        elif before == "submitted_for_settlement":
            self.book("refunded", held, held.amount, attempt)
        else:
            self.book("canceled", held, held.amount - held.settled_in_parts, attempt)

    # -------------------------------------------------------------------------------------- settlement

    def submitted(self, moved: Transaction) -> None:
        """It goes into the next batch, and is settled half a day later."""
        self.become(moved, "submitted_for_settlement")
        self._agenda.after(SETTLING, lambda: self._close_batch(moved))
        self._agenda.after(SETTLED, lambda: self._settle_batch(moved))

    def settle(self, moved: Transaction) -> None:
        """What the testing gateway does instead of waiting for the night. Raises Invalid."""
        self._end(moved, "settled")

    def decline_settlement(self, moved: Transaction) -> None:
        """Raises Invalid."""
        self._end(moved, "settlement_declined")

    def _close_batch(self, moved: Transaction) -> None:
        if moved.status == "submitted_for_settlement":
            self.become(moved, "settling")

    def _settle_batch(self, moved: Transaction) -> None:
        if moved.status == "settling":
            paid = settles(amounts.text(moved.amount, moved.currency), moved.currency)
            self._end(moved, "settled" if paid else "settlement_declined")

    def _end(self, moved: Transaction, status: str) -> None:
        if moved.status not in UNSETTLED:
            raise Invalid("91575", "Cannot simulate settlement of this transaction.")
        self.become(moved, status)
        if status == "settled":
            self._settled(moved)
        else:
            kind = "refund_failed" if moved.type == "credit" else "capture_failed"
            self.book(kind, moved, moved.amount, "")

    # ------------------------------------------------------------------------------- what all are made of

    def descend(
        self, source: Transaction, amount: int, *, order_id: str, attempt: str
    ) -> Transaction:
        """A new transaction of the same card and payment; without an order id, of the same order."""
        return self.add(
            Transaction(
                id=self._new_id()[:8],
                order_id=order_id or source.order_id,
                merchant_account=source.merchant_account,
                currency=source.currency,
                amount=amount,
                card=source.card,
                verdict=source.verdict,
                created_at=self._agenda.moment(),
                attempt=attempt,
                payment=source.payment,
                token=source.token,
            )
        )

    def add(self, made: Transaction) -> Transaction:
        self._all[made.id] = made
        self._by_order.setdefault(made.order_id, []).append(made)
        self._by_payment.setdefault(made.payment, []).append(made)
        return made

    def become(self, changed: Transaction, status: str) -> None:
        changed.status, changed.updated_at = status, self._agenda.moment()
        changed.history.append((status, changed.amount, changed.updated_at))

    def book(self, kind: str, moved: Transaction, amount: int, attempt: str) -> None:
        self._books.write(
            kind,
            payment=moved.payment,
            attempt=attempt,
            reference=moved.id,
            amount=amount,
            currency=moved.currency,
        )

    def _take(self, held: Transaction, attempt: str) -> None:
        self.submitted(held)
        self.book("captured", held, held.amount, attempt)


def order_id_of(asked: Tree) -> str:
    """Raises Invalid."""
    order_id: str = asked.get("order_id", "")
    if len(order_id) > 255:
        raise Invalid("91501", "Order ID is too long.", "order_id")
    return order_id


def _card(asked: Tree) -> Card:
    if token := asked.get("payment_method_token"):
        return vaulted(token)
    if nonce := asked.get("payment_method_nonce"):
        return behind(nonce)
    if card := asked.get("credit_card"):
        return numbered(card.get("number", ""))
    raise Invalid("91508", "Cannot determine payment method.")


def _wants_authentication(options: Tree) -> bool:
    wanted = options.get("three_d_secure") or {}
    return wanted.get("required") is True
