"""The cut: every midnight what moved the balance is paid to our bank, one automatic payout a currency.

A currency whose transactions come to nothing waits for the next cut: Stripe makes no payout of nothing. What the
reports say of a payout is kept as it was at the cut, with the mistakes that were to be in it (simulators/mistakes.py);
the API's lists know of none. The two files that a platform would order of a day are published for each cut as well.

Sources, at docs.stripe.com: /payouts#payout-schedule, /reports/payout-reconciliation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.agenda import Agenda
from simulators.books import Books
from simulators.settlement import File, Planted, Row
from simulators.stripe import columns
from simulators.stripe.amounts import from_iso, iso_minor
from simulators.stripe.balance import DAY, Balance, Transaction
from simulators.stripe.columns import Told
from simulators.stripe.payouts import Payouts

KINDS = {
    "charge": "capture",
    "refund": "refund",
    "refund_failure": "refund_reversed",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback_reversed",
    "transfer": "payout",
    "transfer_reversal": "payout_returned",
    "fee": "fee",
}

Mistaken = Callable[[Iterable[Row]], tuple[list[Row], list[Planted]]]


@dataclass(frozen=True, slots=True)
class Batch:
    """A payout before it is paid."""

    id: str
    currency: str
    livemode: bool


class Settlement:
    """The cuts of one account, and what the reports tell of each."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        balance: Balance,
        payouts: Payouts,
        sheet: columns.Sheet,
        new_id: Callable[[], str],
        *,
        mistaken: Mistaken,
        publish: Callable[[File], None],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._balance = balance
        self._payouts = payouts
        self._sheet = sheet
        self._new_id = new_id
        self._mistaken = mistaken
        self._publish = publish
        self._told: list[Told] = []
        self._put(agenda.now())

    def _put(self, moment: float) -> None:
        self._agenda.put(moment - moment % DAY + DAY, self._midnight)

    def _midnight(self) -> None:
        self.cut()
        self._put(self._agenda.now())

    def charge(self, amount: int, currency: str, description: str) -> str:
        """Take a fee that is of no payment, in Stripe's minor units: it is in the books when it is paid."""
        if amount <= 0:
            raise ValueError("a fee is above zero")
        fee = self._balance.moved(
            "fee",
            source=f"fee_{self._new_id()}",
            amount=-amount,
            currency=currency,
            livemode=False,
            show=dict,
            description=description,
        )
        return fee.id

    def cut(self) -> str:
        """Pay what waits. The first payout's id; empty where there was nothing to pay."""
        batches: dict[str, Batch] = {}
        rows = []
        paid = []
        for currency, moved in self._by_currency().items():
            if not sum(transaction.net for transaction in moved):
                continue
            batch = Batch(f"po_{self._new_id()}", currency, moved[0].livemode)
            batches[batch.id] = batch
            rows += [self.row(transaction, batch.id) for transaction in moved]
            rows.append(self._payment(batch))
            paid += moved
        if not batches:
            return ""
        for transaction in paid:
            self._book_fee(transaction)
        self._book_conversions(paid)
        told, planted = self._mistaken(rows)
        for row in told:
            if row.kind == "settlement":
                self._pay(batches[row.batch], row)
        of_batch = {row.reference: row.batch for row in rows}
        for transaction in paid:
            transaction.payout = of_batch[transaction.id]
        self._balance.waiting = [moved for moved in self._balance.waiting if not moved.payout]
        self._told.append(Told(self._agenda.now(), told))
        self._publish_files(told, planted)
        return next(iter(batches))

    def _by_currency(self) -> dict[str, list[Transaction]]:
        found: dict[str, list[Transaction]] = {}
        for moved in self._balance.waiting:
            found.setdefault(moved.currency, []).append(moved)
        return found

    def row(self, moved: Transaction, batch: str) -> Row:
        intent = moved.intent
        metadata = {} if intent is None else intent.metadata
        ours = moved.metadata.get("refund") or moved.metadata.get("payout") or ""
        if moved.category == "charge":  # Where it was captured apart, by the last capture.
            ours = metadata.get("capture") or metadata.get("attempt") or ""
        return Row(
            kind=KINDS[moved.category],
            reference=moved.id,
            object=moved.source,
            payment="" if intent is None else intent.id,
            ours=ours,
            order=metadata.get("payment", ""),
            account="",
            currency=moved.facing_currency.upper(),
            gross=iso_minor(moved.facing, moved.facing_currency),
            settled_currency=moved.currency.upper(),
            settled_gross=iso_minor(moved.amount, moved.currency),
            fee=iso_minor(moved.fee, moved.currency),
            billed=0,
            rate=moved.rate,
            batch=batch,
            at=datetime.fromtimestamp(moved.created, UTC),
            description=moved.description or "",
        )

    def _payment(self, batch: Batch) -> Row:
        """What it pays says whoever plants mistakes, and adds it up."""
        return Row(
            kind="settlement",
            reference="",
            object=batch.id,
            payment="",
            ours="",
            order="",
            account="",
            currency=batch.currency.upper(),
            gross=0,
            settled_currency=batch.currency.upper(),
            settled_gross=0,
            fee=0,
            billed=0,
            rate=None,
            batch=batch.id,
            at=datetime.fromtimestamp(int(self._agenda.now()), UTC),
            description="STRIPE PAYOUT",
        )

    def _pay(self, batch: Batch, row: Row) -> None:
        amount = from_iso(-row.settled_gross, batch.currency)
        payout = self._payouts.pay_us(batch.id, amount, batch.currency, livemode=batch.livemode)
        row.reference = payout.transaction

    def _book_fee(self, moved: Transaction) -> None:
        """What a dispute cost was booked with the dispute."""
        fee = {"charge": moved.fee, "fee": -moved.amount}.get(moved.category, 0)
        if fee:
            self._books.write(
                "processing_fee",
                payment="" if moved.intent is None else moved.intent.metadata.get("payment", ""),
                attempt="",
                reference=moved.id,
                amount=iso_minor(fee, moved.currency),
                currency=moved.currency.upper(),
            )

    def _book_conversions(self, paid: Iterable[Transaction]) -> None:
        """What went out of one currency into another, once for each."""
        went: Counter[str] = Counter()
        for moved in paid:
            if moved.rate is not None:
                went[moved.facing_currency] += moved.facing - moved.facing_fee
                went[moved.currency] -= moved.brought
        for currency, amount in went.items():
            self._books.write(
                "converted",
                payment="",
                attempt="",
                reference="",
                amount=iso_minor(amount, currency),
                currency=currency.upper(),
            )

    # --------------------------------------------------------------------------------------- telling

    def told(self) -> list[Told]:
        """By cut, oldest first; last, without a moment, what is in no payout yet."""
        waiting = [self.row(moved, "") for moved in self._balance.waiting]
        return [*self._told, Told(None, waiting)]

    def _publish_files(self, rows: list[Row], planted: list[Planted]) -> None:
        last = self._told[-1:]
        first = next(row.batch for row in rows if row.kind == "settlement")
        day = datetime.fromtimestamp(self._agenda.now(), UTC).date()  # Of the report that has it.
        for report in ("payout_reconciliation", "payouts"):
            mine = [
                made
                for made in planted
                if (made.mistake == "payout_differs") == (report == "payouts")
            ]
            content, count = self._sheet.written(columns.chosen(report, last))
            self._publish(File(f"{report}_{day}_{first}.csv", content, count, mine))
