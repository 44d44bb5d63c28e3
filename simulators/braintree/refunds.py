"""Giving back what is settled: a credit, which is a transaction of its own and names its sale."""

from __future__ import annotations

from collections.abc import Callable

from simulators.braintree import amounts
from simulators.braintree.cards import Verdict, magic
from simulators.braintree.errors import Invalid
from simulators.braintree.transactions import Transaction, Transactions, order_id_of
from simulators.braintree.xml import Tree

REFUNDABLE = frozenset(("settling", "settled"))
_CAME_TO_NOTHING = frozenset(("processor_declined", "failed", "settlement_declined", "voided"))
_CARD_CLOSED = Verdict("processor_declined", "2057")


class Refunds:
    """What is given back of the merchant's sales. `failed` is told of each that comes to nothing after all."""

    def __init__(self, transactions: Transactions, failed: Callable[[Transaction], None]) -> None:
        self._transactions = transactions
        self._failed = failed

    def refund(self, sale: Transaction, asked: Tree, *, attempt: str) -> Transaction:
        """All of it, or an amount. The bank may decline it. Raises Invalid."""
        order_id = order_id_of(asked)
        amount = amounts.minor(asked["amount"], sale.currency) if asked.get("amount") else None
        return self.give_back(sale, amount, order_id=order_id, attempt=attempt)

    def give_back(
        self, sale: Transaction, amount: int | None, *, order_id: str, attempt: str
    ) -> Transaction:
        """`amount` is in minor units; None is all of the sale. Raises Invalid."""
        if sale.type == "credit":
            raise Invalid("91505", "Cannot refund credit.")
        if sale.status not in REFUNDABLE:
            raise Invalid("91506", "Cannot refund transaction unless it is settled.")
        left = self.left(sale)
        if not left:
            raise Invalid("91512", "Transaction has already been fully refunded.")
        asked = sale.amount if amount is None else amount
        if asked > left:
            raise Invalid("91521", "Refund amount is too large.", "amount")
        credit = self._transactions.descend(sale, asked, order_id=order_id, attempt=attempt)
        credit.type, credit.refunded = "credit", sale.id
        credit.verdict = magic(amounts.text(asked, sale.currency)) or Verdict()
        sale.refunds.append(credit.id)
        if credit.verdict.status != "authorized":
            self._transactions.become(credit, credit.verdict.status)
            return credit
        self._transactions.submitted(credit)
        self._transactions.book("refunded", credit, asked, attempt)
        return credit

    def left(self, sale: Transaction) -> int:
        """What can still be given back."""
        credits = (self._transactions.find(id_) for id_ in sale.refunds)
        return sale.amount - sum(
            each.amount for each in credits if each.status not in _CAME_TO_NOTHING
        )

    def reverse(self, sale: Transaction, *, attempt: str) -> Transaction:
        """Void it where that can be done, otherwise refund all of it. Raises Invalid."""
        if sale.status in REFUNDABLE:
            return self.give_back(sale, None, order_id="", attempt=attempt)
        if sale.status not in ("authorized", "submitted_for_settlement"):
            raise Invalid("915282", "Cannot reverse the transaction at this time.")
        self._transactions.void(sale, attempt=attempt)
        return sale

    def fail(self, credit: Transaction) -> None:
        """The card is closed: the bank sends the money back. Raises ValueError."""
        if credit.type != "credit" or credit.status in _CAME_TO_NOTHING:
            raise ValueError(f"{credit.id} is no refund that went through")
        credit.verdict = _CARD_CLOSED
        self._transactions.become(credit, credit.verdict.status)
        self._transactions.book("refund_failed", credit, credit.amount, "")
        self._failed(credit)
