"""What people do at Braintree itself: payers through their banks, merchants in the Control Panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.braintree.disbursements import Disbursements
from simulators.braintree.disputes import REASON_CODES, Dispute, Disputes
from simulators.braintree.errors import Invalid, NotFound
from simulators.braintree.refunds import REFUNDABLE, Refunds
from simulators.braintree.transactions import UNSETTLED, Transaction, Transactions

_KINDS = {"chargeback": "chargeback", "inquiry": "retrieval", "retrieval": "retrieval"}
_REASONS = {  # What others call it.
    "fraudulent": "fraud",
    "product_unacceptable": "product_unsatisfactory",
    "subscription_canceled": "cancelled_recurring_transaction",
    "unrecognized": "not_recognized",
}


class Acts:
    """`arguments` of an act are as they came; amounts are in ISO 4217 minor units."""

    def __init__(
        self,
        transactions: Transactions,
        refunds: Refunds,
        disputes: Disputes,
        disbursements: Disbursements,
        tell_of_failure: Callable[[Transaction], None],
    ) -> None:
        self._transactions = transactions
        self._refunds = refunds
        self._disputes = disputes
        self._disbursements = disbursements
        self._tell_of_failure = tell_of_failure
        self._acts: dict[str, Callable[[dict[str, Any]], str]] = {
            "accept": self._accept,
            "cancel": self._cancel,
            "cut": self._cut,
            "decide": self._decide,
            "dispute": self._dispute,
            "escalate": self._escalate,
            "fail_refund": self._fail_refund,
            "price": self._price,
            "refund": self._refund,
            "settle": self._settle,
            "settle_in": self._settle_in,
        }

    def perform(self, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Raises ValueError and LookupError.

        Besides the acts of every simulator:
        settle       {} or {"payment"}: what waits for settlement is settled at once
        accept       {"dispute", "automatically"?: true}: in the Control Panel, or by its settings
        cut          {}: what is settled is paid out now, and the reports of it are there
        price        {"basis_points", "fixed"}: what sales cost in the reports from now on
        settle_in    {"currency": "GBP", "in": "EUR", "rate": "1.1700"}: in what that currency is settled from now on
        """
        if act not in self._acts:
            raise LookupError(f"nobody does that at Braintree: {act}")
        try:
            return {"id": self._acts[act](arguments)}
        except Invalid as error:
            raise ValueError(error.message) from None
        except NotFound as error:
            raise LookupError(f"there is no {error}") from None

    # ------------------------------------------------------------------------------- the Control Panel

    def _settle(self, arguments: dict[str, Any]) -> str:
        payment = arguments.get("payment")
        chosen = list(self._transactions) if payment is None else self._of(payment)
        waiting = [each for each in chosen if each.status in UNSETTLED and not each.children]
        for each in waiting:
            self._transactions.settle(each)
        return ",".join(each.id for each in waiting)

    def _cut(self, _: dict[str, Any]) -> str:
        return ",".join(made.batch for made in self._disbursements.cut())

    def _price(self, arguments: dict[str, Any]) -> str:
        self._disbursements.price(int(arguments["basis_points"]), int(arguments["fixed"]))
        return "price"

    def _settle_in(self, arguments: dict[str, Any]) -> str:
        currency, other = arguments["currency"], arguments["in"]
        self._disbursements.settle_in(currency, other, arguments["rate"])
        return f"{currency} in {other}"

    def _cancel(self, arguments: dict[str, Any]) -> str:
        sale = self._of(arguments["payment"])[0]
        self._transactions.void(sale, attempt="")
        return sale.id

    def _refund(self, arguments: dict[str, Any]) -> str:
        """What is not settled yet is voided, which gives all of it back."""
        amount = arguments.get("amount")
        sales = [each for each in self._of(arguments["payment"]) if each.type == "sale"]
        for sale in sales:
            if sale.status in REFUNDABLE and self._refunds.left(sale) >= (amount or 1):
                asked = self._refunds.left(sale) if amount is None else amount
                return self._refunds.give_back(sale, asked, order_id="", attempt="").id
            if sale.status == "submitted_for_settlement" and amount in (None, sale.amount):
                self._transactions.void(sale, attempt="")
                return sale.id
        raise ValueError(f"nothing of {arguments['payment']} can be given back like that")

    def _fail_refund(self, arguments: dict[str, Any]) -> str:
        if "refund" in arguments:
            credit = self._credit(arguments["refund"])
        else:
            of_payment = self._of(arguments["payment"])
            credits = [each for each in of_payment if each.type == "credit"]
            if not credits:
                raise LookupError(f"{arguments['payment']} has no refund")
            credit = credits[-1]
        self._refunds.fail(credit)
        self._tell_of_failure(credit)
        return credit.id

    def _credit(self, reference: str) -> Transaction:
        """By Braintree's id or by ours."""
        of_order = self._transactions.of_order(reference)
        return of_order[-1] if of_order else self._transactions.find(reference)

    def _of(self, payment: str) -> list[Transaction]:
        found = self._transactions.of_payment(payment)
        if not found:
            raise LookupError(f"there is no sale for {payment}")
        return found

    # --------------------------------------------------------------------------------------- disputes

    def _dispute(self, arguments: dict[str, Any]) -> str:
        kind = _KINDS.get(arguments.get("kind", "chargeback"))
        said = arguments.get("reason", "fraud")
        reason = _REASONS.get(said, said)
        if kind is None or reason not in REASON_CODES:
            raise ValueError(f"Braintree knows no such kind of dispute, or no such reason: {said}")
        for sale in self._of(arguments["payment"]):
            if sale.type == "sale" and sale.status in UNSETTLED | REFUNDABLE and not sale.children:
                amount = arguments.get("amount")
                return self._disputes.open(sale, kind=kind, reason=reason, amount=amount).id
        raise ValueError(f"nothing of {arguments['payment']} was taken")

    def _decide(self, arguments: dict[str, Any]) -> str:
        outcome = arguments["outcome"]
        if outcome not in ("won", "lost"):
            raise ValueError(f"a dispute is won or lost, not {outcome}")
        undecided = self._disputes.find(arguments["dispute"])
        self._disputes.decide(undecided, won=outcome == "won")
        return undecided.id

    def _escalate(self, arguments: dict[str, Any]) -> str:
        return self._disputes.escalate(self._disputes.find(arguments["dispute"])).id

    def _accept(self, arguments: dict[str, Any]) -> str:
        given_up = self._disputes.find(arguments["dispute"])
        if arguments.get("automatically"):
            self._disputes.auto_accept(given_up)
        else:
            self._disputes.accept(given_up)
        return given_up.id


def shown(dispute: Dispute) -> dict[str, Any]:
    """As the control room lists it."""
    return {
        "id": dispute.id,
        "payment": dispute.transaction.payment,
        "transaction": dispute.transaction.id,
        "amount": dispute.amount,
        "currency": dispute.transaction.currency,
        "kind": dispute.kind,
        "status": dispute.status,
        "round": dispute.round,
        "reason": dispute.reason,
        "original": dispute.original,
        "reply_by": dispute.reply_by.isoformat(),
        "evidence": len(dispute.evidence),
    }
