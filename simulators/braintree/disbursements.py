"""What is paid to the merchant's bank: for each of his accounts once a day all that was settled, and the report of it.

Braintree pays gross. What it charges is said in the report and comes by invoice; what was disputed is taken off the
same day's sum, and is not among the transactions that are told of. Source: developer.paypal.com/braintree/docs, guides/
reports/webhooks and reference/response/transaction-level-fee-report-row. What of it is not documented, and is so here:
the day of a report is the one that ends with the cut; a refund that failed after it was paid out comes back in a row of
a type of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from simulators.books import Books
from simulators.braintree.agenda import Agenda
from simulators.braintree.disputes import Dispute
from simulators.braintree.transactions import Disbursed, Transaction
from simulators.currencies import ISO
from simulators.settlement import Row

DAY = timedelta(days=1)
TYPES = {  # How the report calls each kind of row.
    "capture": "sale",
    "refund": "credit",
    "refund_reversed": "credit reversal",
    "chargeback": "dispute debit",
    "chargeback_reversed": "dispute credit",
}


@dataclass(slots=True)
class Due:
    """What is to be paid out, or taken, with the next disbursement from that day on."""

    kind: str
    transaction: Transaction
    amount: int  # In the transaction's currency; below zero what is taken.
    at: datetime
    dispute: Dispute | None = None
    event: int = 0  # In the dispute's history.


@dataclass(frozen=True, slots=True)
class Disbursement:
    """What goes to the bank for one account on one day. `amount` is below zero where it is taken from there."""

    id: str
    account: str
    currency: str
    on: date
    amount: int
    transactions: list[str]

    @property
    def batch(self) -> str:
        return f"{self.account} {self.on}"


@dataclass(frozen=True, slots=True)
class Price:
    """What Braintree charges for a sale: a share and a fixed part, in minor units of what it is settled in."""

    basis_points: int = 0
    fixed: int = 0

    def of(self, settled: int) -> int:
        """Cut to whole minor units, as Braintree's own reports show it."""
        return settled * self.basis_points // 10_000 + self.fixed


class Disbursements:
    """Pays out at each midnight (UTC), and whenever it is told to.

    `write` makes the report of one account's rows, in which the last is what is to be paid, and gives what that row
    says in the end; `tell` is told of each disbursement.
    """

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        new_id: Callable[[], str],
        *,
        write: Callable[[list[Row], date, Price], int],
        tell: Callable[[Disbursement], None],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._new_id = new_id
        self._write = write
        self._tell = tell
        self._due: list[Due] = []
        self._disputed: set[tuple[str, str, date]] = set()
        self._price = Price()
        self._settled_in: dict[str, tuple[str, Decimal]] = {}
        self._last = _last_of(books)
        self._await_midnight(agenda.moment())

    # ---------------------------------------------------------------------------------- what is due

    def settled(self, moved: Transaction) -> None:
        """Not so what was moved to parts: those are paid out themselves."""
        if moved.children:
            return
        credit = moved.type == "credit"
        kind, amount = ("refund", -moved.amount) if credit else ("capture", moved.amount)
        self._due.append(Due(kind, moved, amount, self._agenda.moment()))

    def failed(self, credit: Transaction) -> None:
        """What was taken for it comes back; where nothing was yet, nothing will be."""
        self._due = [due for due in self._due if due.transaction is not credit]
        if credit.disbursed is not None:
            self._due.append(Due("refund_reversed", credit, credit.amount, self._agenda.moment()))

    def disputed(self, dispute: Dispute, *, won: bool) -> None:
        """To be called before the dispute's history knows of it.

        A transaction has one row of a type a day: what is disputed again on the same day waits for the next.
        """
        kind = "chargeback_reversed" if won else "chargeback"
        at = self._agenda.moment()
        while (mark := (dispute.transaction.id, kind, at.date())) in self._disputed:
            at += DAY
        self._disputed.add(mark)
        amount = dispute.amount if won else -dispute.amount
        event = len(dispute.history)
        self._due.append(Due(kind, dispute.transaction, amount, at, dispute, event))

    # ------------------------------------------------------------------------------------- levers

    def price(self, basis_points: int, fixed: int) -> None:
        """What a sale costs from now on. Raises ValueError."""
        if basis_points < 0 or fixed < 0:
            raise ValueError("a price is not below zero")
        self._price = Price(basis_points, fixed)

    def settle_in(self, currency: str, other: str, rate: str) -> None:
        """From now on that currency is settled in another, `rate` of it for one. Raises ValueError."""
        units = Decimal(rate) if rate.replace(".", "", 1).isdigit() else Decimal(0)
        if not units or not {currency, other} <= ISO.keys():
            raise ValueError(f"{currency} is not settled in {other} at {rate}")
        self._settled_in[currency] = (other, units)

    # -------------------------------------------------------------------------------- paying it out

    def cut(self, day: date | None = None) -> list[Disbursement]:
        """Pay out what is due by that day, or by now."""
        day = day or self._agenda.moment().date()
        by_account: dict[str, list[Due]] = {}
        for due in self._due:
            if due.at.date() <= day:
                by_account.setdefault(due.transaction.merchant_account, []).append(due)
        self._due = [due for due in self._due if due.at.date() > day]
        return [self._disburse(account, by_account[account], day) for account in sorted(by_account)]

    def _await_midnight(self, moment: datetime) -> None:
        midnight = datetime.combine(moment.date() + DAY, datetime.min.time(), UTC)
        self._agenda.put(midnight.timestamp(), self._end_of_day)

    def _end_of_day(self) -> None:
        midnight = self._agenda.moment()
        self.cut(midnight.date() - DAY)
        self._await_midnight(midnight)

    def _disburse(self, account: str, dues: list[Due], day: date) -> Disbursement:
        """An account is paid once a day: a second cut within one counts for the next."""
        last = self._last.get(account)
        on = day if last is None else max(day, last + DAY)
        self._last[account] = on
        rows = [self._row(due, f"{account} {on}") for due in dues]
        self._charge(rows)
        self._convert(rows)
        for due, row in zip(dues, rows, strict=True):
            _note(due, row, on)
        amount = self._write([*rows, self._settlement(rows, on)], on, self._price)
        made = Disbursement(
            id=self._new_id()[:8],
            account=account,
            currency=rows[0].settled_currency,
            on=on,
            amount=amount,
            transactions=[due.transaction.id for due in dues if due.dispute is None],
        )
        if amount:
            self._books.write(
                "settled",
                payment=made.batch,
                attempt="",
                reference=made.id,
                amount=amount,
                currency=made.currency,
            )
            self._tell(made)
        return made

    def _row(self, due: Due, batch: str) -> Row:
        moved = due.transaction
        settled_currency, rate = self._settled_in.get(moved.currency, (moved.currency, None))
        settled = _converted(due.amount, moved.currency, settled_currency, rate)
        reference = f"{moved.id}:{TYPES[due.kind]}"
        return Row(
            kind=due.kind,
            reference=reference if due.dispute is None else f"{reference}:{due.at.date()}",
            object=moved.id,
            payment=moved.refunded or moved.parent or moved.id,
            ours=moved.order_id,
            order=moved.payment,
            account=moved.merchant_account,
            currency=moved.currency,
            gross=due.amount,
            settled_currency=settled_currency,
            settled_gross=settled,
            fee=0,
            billed=self._price.of(settled) if due.kind == "capture" else 0,
            rate=rate,
            batch=batch,
            at=due.at,
        )

    def _settlement(self, rows: list[Row], on: date) -> Row:
        paid, like = sum(row.net for row in rows), rows[0]
        return Row(
            kind="settlement",
            reference=like.batch,
            object="",
            payment="",
            ours="",
            order="",
            account=like.account,
            currency=like.settled_currency,
            gross=-paid,
            settled_currency=like.settled_currency,
            settled_gross=-paid,
            fee=0,
            billed=0,
            rate=None,
            batch=like.batch,
            at=datetime.combine(on, datetime.min.time(), UTC),
        )

    def _charge(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.billed:
                self._books.write(
                    "processing_fee",
                    payment=row.order,
                    attempt="",
                    reference=row.object,
                    amount=row.billed,
                    currency=row.settled_currency,
                )

    def _convert(self, rows: list[Row]) -> None:
        """An account has one currency, so what is converted goes out of one and into one."""
        like = rows[0]
        if like.currency == like.settled_currency:
            return
        for currency, amount in (
            (like.currency, sum(row.gross for row in rows)),
            (like.settled_currency, -sum(row.settled_gross for row in rows)),
        ):
            self._books.write(
                "converted",
                payment=like.batch,
                attempt="",
                reference=like.batch,
                amount=amount,
                currency=currency,
            )


def _note(due: Due, row: Row, on: date) -> None:
    """Let the transaction or the dispute say itself when it was paid out."""
    if due.dispute is not None:
        due.dispute.disbursed[due.event] = on
    elif due.kind != "refund_reversed":
        rate = Decimal(1) if row.rate is None else row.rate
        due.transaction.disbursed = Disbursed(on, row.settled_gross, row.settled_currency, rate)


def _converted(amount: int, currency: str, other: str, rate: Decimal | None) -> int:
    """Half away from zero, so that what is given back is what was taken."""
    if rate is None:
        return amount
    exact = (amount * rate).scaleb(ISO[other] - ISO[currency])
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _last_of(books: Books) -> dict[str, date]:
    """The last day on which each account was paid, by the books: they outlive the process."""
    last: dict[str, date] = {}
    for entry in books.page()["entries"]:
        if entry["kind"] == "settled":
            account, _, day = entry["payment"].rpartition(" ")
            last[account] = date.fromisoformat(day)
    return last
