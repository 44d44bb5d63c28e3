"""A dispute from its opening to its end, and the money that goes with it.

A retrieval moves none; a chargeback takes the amount when it opens and brings it back when it is won;
pre-arbitration is a dispute of its own that names the one before. Fees are billed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from simulators.books import Books
from simulators.braintree.agenda import Agenda
from simulators.braintree.errors import Invalid, NotFound
from simulators.braintree.evidence import Documents, Evidence, of_document, of_text
from simulators.braintree.transactions import UNSETTLED, Transaction, Transactions
from simulators.braintree.xml import Tree

REPLY = timedelta(days=10)
DECISION = timedelta(days=30)
FORESEEN = timedelta(seconds=1)
REASON_CODES = {
    "fraud": "83",
    "product_not_received": "30",
    "product_unsatisfactory": "53",
    "duplicate": "82",
    "credit_not_processed": "85",
    "cancelled_recurring_transaction": "41",
    "not_recognized": "75",
    "general": "",
}
_CONVINCING = ("winning_evidence", "compelling_evidence")
_UNDECIDED = frozenset(("open", "disputed"))


@dataclass(slots=True)
class Dispute:
    """`amount` and `won` are in ISO 4217 minor units of the transaction's currency."""

    id: str
    transaction: Transaction
    amount: int
    kind: str
    reason: str
    case_number: str
    opened_at: datetime
    reply_by: datetime
    status: str = "open"
    original: str = ""
    round: int = 1
    won: int = 0
    history: list[tuple[str, datetime]] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    disbursed: dict[int, date] = field(default_factory=dict)  # Of the history: when it was paid.

    @property
    def reason_code(self) -> str:
        return REASON_CODES[self.reason]

    @property
    def moves_money(self) -> bool:
        return self.kind != "retrieval"


class Moved(Protocol):
    """Is told of a dispute before its history is."""

    def __call__(self, dispute: Dispute, *, won: bool) -> None: ...


class Disputes:
    """The disputes of one merchant, oldest first.

    `moved` is told when one takes money, or is won and brings it back; `tell` of every new status.
    """

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        transactions: Transactions,
        documents: Documents,
        new_id: Callable[[], str],
        moved: Moved,
        tell: Callable[[Dispute], None],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._transactions = transactions
        self._documents = documents
        self._new_id = new_id
        self._moved = moved
        self._tell = tell
        self._all: dict[str, Dispute] = {}

    def find(self, id_: str) -> Dispute:
        """Raises NotFound."""
        try:
            return self._all[id_]
        except KeyError:
            raise NotFound(id_) from None

    def __iter__(self) -> Iterator[Dispute]:
        return iter(self._all.values())

    # ------------------------------------------------------------------------- the payer and the bank

    def foresee(self, taken: Transaction) -> None:
        """The holder of a test card for disputes disputes the first capture a second after it."""
        if taken.card.disputed:
            self._agenda.after(FORESEEN, lambda: self._open_first(taken))

    def _open_first(self, taken: Transaction) -> None:
        known = any(each.transaction.payment == taken.payment for each in self)
        if not known and taken.status in UNSETTLED | {"settled"}:
            self.open(taken)

    def open(
        self,
        disputed: Transaction,
        *,
        kind: str = "chargeback",
        reason: str = "fraud",
        amount: int | None = None,
    ) -> Dispute:
        """What is disputed is settled, like the sandbox's. Raises ValueError."""
        if disputed.status in UNSETTLED:
            self._transactions.settle(disputed)
        if disputed.status != "settled" or disputed.type != "sale" or disputed.children:
            raise ValueError(f"{disputed.id} is {disputed.status}: nothing to dispute")
        asked = disputed.amount if amount is None else amount
        if not 0 < asked <= disputed.amount:
            raise ValueError(f"{asked} of {disputed.amount} cannot be disputed")
        now = self._agenda.moment()
        made = Dispute(
            id=self._new_id()[:16],
            transaction=disputed,
            amount=asked,
            kind=kind,
            reason=reason,
            case_number=f"CB{self._new_id()[:8]}",
            opened_at=now,
            reply_by=now + REPLY,
        )
        self._begin(made)
        return made

    def escalate(self, old: Dispute) -> Dispute:
        """A retrieval becomes a chargeback; a chargeback that was won comes again. Raises ValueError."""
        now = self._agenda.moment()
        if old.kind == "retrieval":
            old.kind, old.round = "chargeback", 2
            old.opened_at, old.reply_by = now, now + REPLY
            self._begin(old)
            return old
        if old.kind != "chargeback" or old.status != "won":
            raise ValueError(
                f"{old.id} is a {old.kind} that is {old.status}: it is not taken up again"
            )
        again = Dispute(
            id=self._new_id()[:16],
            transaction=old.transaction,
            amount=old.amount,
            kind="pre_arbitration",
            reason=old.reason,
            case_number=old.case_number,
            opened_at=now,
            reply_by=now + REPLY,
            original=old.id,
            round=2,
        )
        self._begin(again)
        return again

    def _begin(self, opened: Dispute) -> None:
        self._all[opened.id] = opened
        if opened.moves_money:
            self._book("disputed", opened)
            self._moved(opened, won=False)
        self._become(opened, "open")
        begun = opened.opened_at
        self._agenda.after(REPLY, lambda: self._lapse(opened, begun))

    def _lapse(self, unanswered: Dispute, begun: datetime) -> None:
        if unanswered.status == "open" and unanswered.opened_at == begun:
            self._become(unanswered, "expired")

    def _judge(self, answered: Dispute) -> None:
        if answered.status == "disputed":
            said = [evidence.comments for evidence in answered.evidence]
            won = any(word in text for text in said for word in _CONVINCING)
            self.decide(answered, won=won)

    def decide(self, undecided: Dispute, *, won: bool) -> None:
        """Raises ValueError."""
        if undecided.status not in _UNDECIDED:
            raise ValueError(f"{undecided.id} is {undecided.status} already")
        if won and undecided.moves_money:
            undecided.won = undecided.amount
            self._book("reinstated", undecided)
            self._moved(undecided, won=True)
        self._become(undecided, "won" if won else "lost")

    # ---------------------------------------------------------------------------------- the merchant

    def add_evidence(self, dispute: Dispute, asked: Tree) -> Evidence:
        """Raises Invalid, and NotFound for a document that was not uploaded."""
        _require_open(dispute, "95701", "Evidence can only be added to disputes that are")
        id_, now = self._new_id()[:16], self._agenda.moment()
        if upload := asked.get("document_upload_id"):
            made = of_document(id_, now, asked, self._documents.find(upload))
        elif asked.get("comments"):
            made = of_text(id_, now, asked)
        else:
            raise Invalid("95703", "Only evidence documents can be added.", on="dispute")
        dispute.evidence.append(made)
        return made

    def remove_evidence(self, dispute: Dispute, id_: str) -> None:
        """Raises Invalid and NotFound."""
        _require_open(dispute, "95702", "Evidence can only be removed from disputes that are")
        left = [evidence for evidence in dispute.evidence if evidence.id != id_]
        if len(left) == len(dispute.evidence):
            raise NotFound(id_)
        dispute.evidence = left

    def finalize(self, dispute: Dispute) -> None:
        """Send to the bank what was added. Raises Invalid."""
        _require_open(dispute, "95705", "Disputes can only be finalized when they are")
        self._become(dispute, "disputed")
        self._agenda.after(DECISION, lambda: self._judge(dispute))

    def accept(self, dispute: Dispute) -> None:
        """Give in. Raises Invalid."""
        _require_open(dispute, "95704", "Disputes can only be accepted when they are")
        self._become(dispute, "accepted")

    def auto_accept(self, dispute: Dispute) -> None:
        """Braintree gives in for the merchant, as its settings may say. Raises Invalid."""
        _require_open(dispute, "95704", "Disputes can only be accepted when they are")
        self._become(dispute, "auto_accepted")

    def _become(self, changed: Dispute, status: str) -> None:
        changed.status = status
        changed.history.append((status, self._agenda.moment()))
        self._tell(changed)

    def _book(self, kind: str, moved: Dispute) -> None:
        self._books.write(
            kind,
            payment=moved.transaction.payment,
            attempt="",
            reference=moved.id,
            amount=moved.amount,
            currency=moved.transaction.currency,
        )


def _require_open(dispute: Dispute, code: str, message: str) -> None:
    if dispute.status != "open":
        raise Invalid(code, f"{message} in an Open state", on="dispute")
