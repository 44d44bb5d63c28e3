"""What happens to disputes: payers open them, merchants answer, banks decide, and money goes to and fro.

An inquiry takes no money and is never lost: it is closed, or becomes a chargeback. What was won can be
taken up again; then it stands in the appeal stage, which is what Stripe calls pre-arbitration. Sources:
docs.stripe.com/disputes/how-disputes-work, docs.stripe.com/disputes/arbitration,
docs.stripe.com/testing#disputes. Their deadlines and delays vary; here they are always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from simulators.agenda import Agenda
from simulators.books import Books
from simulators.stripe import params as p
from simulators.stripe.amounts import iso_minor
from simulators.stripe.balance import Balance
from simulators.stripe.dispute import ANSWERS, FEES, Dispute, Transaction, dispute_shown
from simulators.stripe.errors import InvalidRequest, no_such
from simulators.stripe.events import Events
from simulators.stripe.files import Files
from simulators.stripe.payment_intent import PaymentIntent

DAY = 86_400
ANSWER_SECONDS = 10 * DAY  # How long evidence is awaited.
REVIEW_SECONDS = 30 * DAY  # How long the bank reads it.
OPENING_SECONDS = 1  # After the capture, with a card that disputes.
_OPEN_INQUIRIES = ("warning_needs_response", "warning_under_review")
_MOST_CHARACTERS, _MOST_OF_ONE = 150_000, 20_000


class Disputes:
    """The disputes of one account, newest last."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        balance: Balance,
        events: Events,
        files: Files,
        new_id: Callable[[], str],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._balance = balance
        self._events = events
        self._files = files
        self._new_id = new_id
        self._disputes: dict[str, Dispute] = {}

    def find(self, id_: str) -> Dispute:
        try:
            return self._disputes[id_]
        except KeyError:
            raise no_such("dispute", id_, param="dispute") from None

    def newest_first(self) -> Iterable[Dispute]:
        return reversed(self._disputes.values())

    # --------------------------------------------------------------------------- payers and banks

    def captured(self, intent: PaymentIntent) -> None:
        """Some cards dispute what was taken from them, a moment later."""
        card = intent.card
        if card is not None and card.dispute:
            act = partial(self._open_if_possible, intent, card.dispute, inquiry=card.inquiry)
            self._agenda.put(self._agenda.now() + OPENING_SECONDS, act)

    def _open_if_possible(self, intent: PaymentIntent, reason: str, *, inquiry: bool) -> None:
        if not intent.disputed and intent.received > intent.refunded:
            self.open(intent, reason, inquiry=inquiry)

    def open(
        self, intent: PaymentIntent, reason: str, *, inquiry: bool, amount: int = 0
    ) -> Dispute:
        """All that was not refunded, unless `amount` says less. Raises ValueError."""
        left = intent.received - intent.refunded
        if not 0 < (amount or left) <= left:
            raise ValueError(f"{left} of {intent.id} can be disputed")
        if intent.disputed:
            raise ValueError(f"{intent.id} is disputed already")
        dispute = Dispute(
            id=f"dp_{self._new_id()}",
            created=int(self._agenda.now()),
            intent=intent,
            amount=amount or left,
            reason=reason,
            case_type="inquiry" if inquiry else "chargeback",
            status="",
        )
        self._disputes[dispute.id] = dispute
        intent.disputed = True
        self._await_answer(dispute, "warning_needs_response" if inquiry else "needs_response")
        if not inquiry:
            self._withdraw(dispute)
        self._tell("created", dispute)
        if not inquiry:
            self._tell("funds_withdrawn", dispute)
        return dispute

    def escalate(self, dispute: Dispute) -> None:
        """The bank goes on: an inquiry becomes a chargeback, a won case is taken up again.

        Raises ValueError for any other, and for what was given back meanwhile.
        """
        before = dispute.status
        if before in _OPEN_INQUIRIES:
            left = dispute.intent.received - dispute.intent.refunded
            if not left:
                raise ValueError(f"all of {dispute.intent.id} was refunded")
            dispute.amount = min(dispute.amount, left)
            dispute.case_type = "chargeback"
            self._await_answer(dispute, "needs_response")
        elif before == "won":
            self._await_answer(dispute, "appeal_needs_response")
        else:
            raise ValueError(f"{dispute.id} is {before}: the bank has nothing to go on about")
        self._withdraw(dispute)
        self._tell("updated", dispute, status=before)
        self._tell("funds_withdrawn", dispute)

    def decide(self, dispute: Dispute, *, won: bool) -> None:
        """Raises ValueError for what is decided, and for an inquiry that is to be lost."""
        status = dispute.status
        if status in ANSWERS or status in ANSWERS.values():
            if dispute.case_type != "inquiry":
                self._end(dispute, "won" if won else "lost")
                return
            if won:
                self._end(dispute, "warning_closed")
                return
            raise ValueError(f"{dispute.id} is an inquiry: those are not lost, they escalate")
        raise ValueError(f"{dispute.id} is {status} already")

    def refunded(self, intent: PaymentIntent) -> None:
        """An inquiry about what was given back whole is over."""
        if not intent.disputed or intent.refunded < intent.received:
            return
        for dispute in self._disputes.values():
            if dispute.intent is intent and dispute.status in _OPEN_INQUIRIES:
                self._end(dispute, "warning_closed")

    def _await_answer(self, dispute: Dispute, status: str) -> None:
        dispute.status = status
        dispute.round += 1
        dispute.due_by = int(self._agenda.now()) + ANSWER_SECONDS
        self._agenda.put(dispute.due_by, partial(self._overdue, dispute, dispute.round))

    def _overdue(self, dispute: Dispute, round_: int) -> None:
        if dispute.round == round_ and dispute.status in ANSWERS:
            self._end(dispute, "warning_closed" if dispute.case_type == "inquiry" else "lost")

    def _reviewed(self, dispute: Dispute, round_: int) -> None:
        if dispute.round != round_ or dispute.status not in ANSWERS.values():
            return
        if dispute.case_type == "inquiry":
            if dispute.says("escalate_inquiry_evidence"):
                self.escalate(dispute)
            else:
                self._end(dispute, "warning_closed")
        else:
            self._end(dispute, "won" if dispute.says("winning_evidence") else "lost")

    def _end(self, dispute: Dispute, status: str, *, key: str = "") -> None:
        before, dispute.status = dispute.status, status
        if status == "won":
            dispute.intent.held_by_dispute = False
        self._tell("closed", dispute, key=key, status=before)
        if status == "won":  # The money is news of its own.
            self._reinstate(dispute)
            self._tell("funds_reinstated", dispute)

    # ---------------------------------------------------------------------------------- merchants

    @staticmethod
    def check_update(params: p.Tree) -> None:
        """Raises InvalidRequest for what Stripe refuses before it begins."""
        p.check_names(params, p.DISPUTE_UPDATE)
        p.check_evidence(params)
        p.boolean(params, "submit")
        p.metadata(params)
        texts = [text for text in params.get("evidence", {}).values() if isinstance(text, str)]
        if sum(map(len, texts)) > _MOST_CHARACTERS or any(len(t) > _MOST_OF_ONE for t in texts):
            raise InvalidRequest(
                f"Evidence has at most {_MOST_OF_ONE} characters in a field and"
                f" {_MOST_CHARACTERS} in all.",
                param="evidence",
            )

    def update(self, dispute: Dispute, params: p.Tree, *, key: str) -> None:
        """Keep evidence, and submit it unless told not to. Raises InvalidRequest."""
        evidence = params.get("evidence") or {}
        submit = p.boolean(params, "submit", default=bool(evidence))
        before = dispute.status
        if (evidence or submit) and before not in ANSWERS:
            raise InvalidRequest(f"The dispute is {before}: evidence cannot be submitted any more.")
        if before == "appeal_needs_response":
            self._keep_appeal(dispute, evidence)
        elif "appeal" in evidence:
            raise InvalidRequest(
                f"The dispute is {before}: there is no decision to appeal.",
                param="evidence[appeal]",
            )
        else:
            self._keep(dispute, evidence)
        dispute.metadata = p.merged(dispute.metadata, params)
        if submit:
            dispute.status = ANSWERS[before]
            dispute.submissions += 1
            act = partial(self._reviewed, dispute, dispute.round)
            self._agenda.put(self._agenda.now() + REVIEW_SECONDS, act)
            self._tell("updated", dispute, key=key, status=before)
        elif params:
            self._tell("updated", dispute, key=key)

    def _keep(self, dispute: Dispute, evidence: dict[str, Any]) -> None:
        for name in p.EVIDENCE_FILES & evidence.keys():
            if evidence[name]:
                self._files.check(evidence[name], param=f"evidence[{name}]")
        kept = dispute.evidence | evidence
        dispute.evidence = {name: value for name, value in kept.items() if value}

    def _keep_appeal(self, dispute: Dispute, evidence: dict[str, Any]) -> None:
        if evidence.keys() - {"appeal"}:
            raise InvalidRequest(
                "Other evidence cannot be updated during the appeal stage.", param="evidence"
            )
        card = evidence.get("appeal", {}).get("card", {})
        files = list(card.get("supporting_files", {}).values())
        for id_ in files:
            self._files.check(id_, param="evidence[appeal][card][supporting_files]")
        dispute.appeal = {
            "reason_for_filing": card.get("reason_for_filing"),
            "supporting_files": files or None,
        }

    def close(self, dispute: Dispute, *, key: str) -> None:
        """Give in. Raises InvalidRequest where no answer is awaited, and for an inquiry."""
        if dispute.status not in ("needs_response", "appeal_needs_response"):
            raise InvalidRequest(f"The dispute is {dispute.status}: it cannot be closed.")
        self._end(dispute, "lost", key=key)

    # -------------------------------------------------------------------------------------- money

    def _withdraw(self, dispute: Dispute) -> None:
        dispute.intent.held_by_dispute = True
        fee = FEES.get(dispute.intent.currency, 0)
        self._move(dispute, dispute.amount, fee)
        self._book("disputed", dispute, dispute.amount)
        if fee:
            self._book("dispute_fee", dispute, fee)

    def _reinstate(self, dispute: Dispute) -> None:
        taken = dispute.transactions[-1]
        self._move(dispute, -taken.amount, -taken.fee)
        self._book("reinstated", dispute, taken.amount)
        if taken.fee:
            self._book("dispute_fee_returned", dispute, taken.fee)

    def _move(self, dispute: Dispute, amount: int, fee: int) -> None:
        intent = dispute.intent
        assert intent.charge is not None
        what = "reversal" if amount < 0 else "withdrawal"
        moved = self._balance.moved(
            "dispute_reversal" if amount < 0 else "dispute",
            source=dispute.id,
            amount=-amount,
            fee=fee,
            currency=intent.currency,
            livemode=intent.livemode,
            show=partial(dispute_shown, dispute),
            intent=intent,
            description=f"Chargeback {what} for {intent.charge.id}",
        )
        dispute.transactions.append(Transaction(moved.id, moved.created, amount, fee))

    def _book(self, kind: str, dispute: Dispute, amount: int) -> None:
        currency = dispute.intent.currency
        self._books.write(
            kind,
            payment=dispute.intent.metadata.get("payment", ""),
            attempt="",
            reference=dispute.id,
            amount=iso_minor(amount, currency),
            currency=currency.upper(),
        )

    def _tell(self, kind: str, dispute: Dispute, *, key: str = "", **before: Any) -> None:
        show = partial(dispute_shown, dispute)
        self._events.tell(f"charge.dispute.{kind}", dispute.intent, show, key=key, **before)
