"""Giving back what was taken: refunds that succeed at once, later, or only seem to have.

Sources: docs.stripe.com/api/refunds, docs.stripe.com/refunds, docs.stripe.com/testing#refunds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulators.agenda import Agenda
from simulators.books import Books
from simulators.stripe import params as p
from simulators.stripe.amounts import iso_minor
from simulators.stripe.balance import Balance
from simulators.stripe.errors import InvalidRequest, missing, no_such
from simulators.stripe.events import Events
from simulators.stripe.payment_intent import PaymentIntent

LATER_SECONDS = (
    60  # After which a pending refund succeeds, and one that cannot reach its card fails.
)
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


@dataclass(slots=True)
class Refund:
    """`amount` is in Stripe's minor units."""

    id: str
    created: int
    intent: PaymentIntent
    amount: int
    metadata: dict[str, str]
    reason: str | None
    transaction: str
    attempt: str
    status: str = "succeeded"
    failure_reason: str = ""
    failure_transaction: str = ""


class Refunds:
    """The refunds of one account, newest last."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        balance: Balance,
        events: Events,
        new_id: Callable[[], str],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._balance = balance
        self._events = events
        self._new_id = new_id
        self._refunds: dict[str, Refund] = {}
        self._of_intent: dict[str, list[Refund]] = {}

    def find(self, id_: str) -> Refund:
        try:
            return self._refunds[id_]
        except KeyError:
            raise no_such("refund", id_, param="id") from None

    def newest_first(self, intent: str = "") -> Iterable[Refund]:
        """All, or those of one PaymentIntent."""
        return reversed(self._of_intent.get(intent, []) if intent else self._refunds.values())

    @staticmethod
    def check_create(params: p.Tree) -> None:
        """Raises InvalidRequest for what Stripe refuses before it begins."""
        p.check_names(params, p.REFUND)
        if not (params.get("payment_intent") or params.get("charge")):
            raise missing("payment_intent")
        if params.get("amount") and p.integer(params, "amount") < 1:
            raise InvalidRequest("Invalid positive integer", param="amount")
        if params.get("reason"):
            p.one_of(params, "reason", *REASONS)
        p.metadata(params)

    def create(self, intent: PaymentIntent, params: p.Tree, *, attempt: str) -> Refund:
        """All that is left, unless `amount` says less. Raises InvalidRequest."""
        amount = _amount(intent, params)
        assert intent.card is not None
        refund = Refund(
            id=f"re_{self._new_id()}",
            created=int(self._agenda.now()),
            intent=intent,
            amount=amount,
            metadata=p.metadata(params),
            reason=params.get("reason") or None,
            transaction=f"txn_{self._new_id()}",
            attempt=attempt,
        )
        self._refunds[refund.id] = refund
        self._of_intent.setdefault(intent.id, []).append(refund)
        before = intent.refunded
        intent.refunded += amount
        if intent.card.refund == "pending":
            refund.status = "pending"
            self._put(partial(self._succeed, refund))
        else:
            self._give(refund)
        if intent.card.refund == "fails":
            self._put(partial(self.fail, refund, "expired_or_canceled_card"))
        self._tell("refund.created", refund, key=attempt)
        self._events.charge("refunded", intent, key=attempt, amount_refunded=before)
        return refund

    def _put(self, act: Callable[[], None]) -> None:
        self._agenda.put(self._agenda.now() + LATER_SECONDS, act)

    def _succeed(self, refund: Refund) -> None:
        if refund.status != "pending":  # It was made to fail meanwhile.
            return
        refund.status = "succeeded"
        self._give(refund)
        for kind in ("refund.updated", "charge.refund.updated"):
            self._tell(kind, refund, status="pending")

    def fail(self, refund: Refund, why: str) -> None:
        """Also after it had succeeded: then the money comes back to us. Failing twice changes nothing."""
        before = refund.status
        if before == "failed":
            return
        refund.status, refund.failure_reason = "failed", why
        refund.failure_transaction = f"txn_{self._new_id()}"
        if before == "succeeded":
            self._book("refund_failed", refund)
            self._move("refund_failure", refund, refund.amount, refund.failure_transaction)
        refund.intent.refunded -= refund.amount
        for kind in ("refund.failed", "charge.refund.updated"):
            self._tell(kind, refund, status=before)

    def _give(self, refund: Refund) -> None:
        self._book("refunded", refund)
        self._move("refund", refund, -refund.amount, refund.transaction)

    def _move(self, category: str, refund: Refund, amount: int, transaction: str) -> None:
        what = category.replace("_", " ").upper()
        about = refund.intent.shown["description"] or refund.intent.id
        self._balance.moved(
            category,
            source=refund.id,
            amount=amount,
            currency=refund.intent.currency,
            livemode=refund.intent.livemode,
            show=partial(refund_shown, refund),
            id_=transaction,
            intent=refund.intent,
            metadata=refund.metadata,
            description=f"{what if amount > 0 else 'REFUND FOR CHARGE'} ({about})",
        )

    def _tell(self, kind: str, refund: Refund, *, key: str = "", **before: Any) -> None:
        self._events.tell(kind, refund.intent, partial(refund_shown, refund), key=key, **before)

    def _book(self, kind: str, refund: Refund) -> None:
        currency = refund.intent.currency
        self._books.write(
            kind,
            payment=refund.intent.metadata.get("payment", ""),
            attempt=refund.attempt,
            reference=refund.id,
            amount=iso_minor(refund.amount, currency),
            currency=currency.upper(),
        )


def _amount(intent: PaymentIntent, params: p.Tree) -> int:
    charge, left = intent.charge, intent.received - intent.refunded
    if charge is None or not intent.received:
        raise InvalidRequest(
            f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    if intent.held_by_dispute:
        raise InvalidRequest(
            f"Charge {charge.id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if not left:
        raise InvalidRequest(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )
    amount = p.integer(params, "amount") if params.get("amount") else left
    if amount > left:
        raise InvalidRequest(
            f"Refund amount ({amount} {intent.currency}) is greater than unrefunded amount on"
            f" charge ({left} {intent.currency})",
            param="amount",
        )
    return amount


def refund_shown(refund: Refund) -> dict[str, Any]:
    """The object as the API returns it."""
    intent = refund.intent
    assert intent.charge is not None
    failed = {
        "failure_balance_transaction": refund.failure_transaction,
        "failure_reason": refund.failure_reason,
    }
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.transaction,
        "charge": intent.charge.id,
        "created": refund.created,
        "currency": intent.currency,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": refund.metadata,
        "payment_intent": intent.id,
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
        **(failed if refund.failure_reason else {}),
    }
