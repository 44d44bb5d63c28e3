"""Customers' accounts: what is booked on them today, what stands on them, and a statement of each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from simulators.agenda import Agenda
from simulators.bank import camt, days
from simulators.bank.camt import Booking
from simulators.bank.orders import Account
from simulators.bank.reports import Reports

_OPENING = 10_000_000_000_00  # In minor units: nobody is short of money here.
_STATEMENT_AT = (0, 5)  # Of the day after.


@dataclass(slots=True)
class _Book:
    balance: int = _OPENING
    statements: int = 0
    today: list[Booking] = field(default_factory=list)


class Accounts:
    """Each is opened by its first booking."""

    def __init__(self, agenda: Agenda, reports: Reports, new_id: Callable[[], str]) -> None:
        self._agenda = agenda
        self._reports = reports
        self._books: dict[Account, _Book] = {}
        self._new_id = new_id

    def reference(self) -> str:
        """Of a new entry."""
        return f"E{self._new_id()[:16]}"

    def of(self, currency: str) -> Account:
        """The customer's account in that currency: the one that was used first, or a new one."""
        for account in self._books:
            if account.currency == currency:
                return account
        return Account("".join(f"{ord(letter)}" for letter in currency), currency)

    def book(self, account: Account, entries: Sequence[Booking], *, tell: bool) -> None:
        """Book them now, and `tell` of it at once by a camt.054; the day's statement says it in any case."""
        book = self._books.setdefault(account, _Book())
        if not book.today:
            day = days.day_of(self._agenda.now())
            at = days.moment(days.next_day(day), *_STATEMENT_AT)
            self._agenda.put(at, lambda: self._close(account, day))
        book.today += entries
        if tell:
            id_ = self._reports.next_id("camt.054")
            content = camt.notification(account, entries, id_=id_, at=now(self._agenda))
            self._reports.publish("camt.054", content)

    def _close(self, account: Account, day: date) -> None:
        book = self._books[account]
        entries, book.today = book.today, []
        moved = sum(entry.amount if entry.is_credit else -entry.amount for entry in entries)
        opening, book.balance = book.balance, book.balance + moved
        book.statements += 1
        content = camt.statement(
            account,
            entries,
            number=book.statements,
            opening=opening,
            closing=book.balance,
            day=datetime.combine(day, time(), UTC),
            id_=self._reports.next_id("camt.053"),
            at=now(self._agenda),
        )
        self._reports.publish("camt.053", content)


def now(agenda: Agenda) -> datetime:
    return datetime.fromtimestamp(agenda.now(), UTC)
