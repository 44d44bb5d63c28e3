"""What becomes of files and of their payments: checked, booked on their day, and some of them sent back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby

from simulators.agenda import Agenda
from simulators.bank import days, nacha, pain002
from simulators.bank.accounts import Accounts, now
from simulators.bank.camt import Deposit, Entry
from simulators.bank.orders import Account, File, Group, Payment, Reason, homeward
from simulators.bank.reports import Reports
from simulators.books import Books
from simulators.currencies import ISO

CHECK_SECONDS = 120  # From a file's coming to what is said of it.
SETTLEMENT_HOUR = 6
RETURN_DAYS = 2  # Bank days until a payment is back.
BOUNCE_DAYS = 1  # … and until one is that never found its bank.
_RETURN_HOUR = 10

#: What a creditor's name may say.
_FATE = re.compile(r"\b(REJECT|RETURN)(?:\s+([A-Z]{2}\d{2}|R\d{2}))?\b")
_MESSAGES = {
    "AC01": "incorrect account number",
    "AC04": "closed account",
    "AC06": "blocked account",
    "AM04": "insufficient funds",
    "MD07": "end customer deceased",
    "R02": "account closed",
    "R03": "no account, unable to locate account",
    "R04": "invalid account number",
}


class Clearing:
    """All files, and the payments in them."""

    def __init__(
        self, agenda: Agenda, books: Books, reports: Reports, new_id: Callable[[], str]
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._reports = reports
        self._new_id = new_id
        self._accounts = Accounts(agenda, reports, new_id)
        self._files: dict[str, File] = {}
        #: By every name that a payment has; the newest one where it is not the only one.
        self._payments: dict[str, tuple[File, Group, Payment]] = {}

    # ------------------------------------------------------------------------------------- files

    def find(self, message_id: str) -> File | None:
        return self._files.get(message_id)

    def take(self, file: File) -> None:
        """A new one: it will be checked in two minutes."""
        file.number = self._new_id()[:12]
        file.received_at = self._agenda.now()
        self._files[file.message_id] = file
        number = 0
        for group in file.groups:
            for payment in group.payments:
                number += 1
                payment.ours = f"B{file.number}-{number:06d}"
                for name in {payment.key, payment.reference}:
                    self._payments[name] = (file, group, payment)
        self._agenda.put(file.received_at + CHECK_SECONDS, partial(self._check, file))

    def _check(self, file: File) -> None:
        if file.state != "received":
            return
        if file.whole is None:
            for payment in file.payments:
                if payment.state == "received":
                    self._check_one(payment)
        self._decide(file)
        if file.state != "rejected":
            for group in file.groups:
                self._schedule(file, group)

    def _check_one(self, payment: Payment) -> None:
        if not payment.trace:
            payment.reason = payment.reason or _fate(payment, "REJECT")
        refused = payment.reason is not None and not payment.trace
        payment.state = "rejected" if refused else "accepted"

    def _decide(self, file: File) -> None:
        """Say what the check found. By ACH only what comes back is told."""
        states = {payment.state for payment in file.payments}
        if file.whole is not None or states == {"rejected"}:
            file.state = "rejected"
            for payment in file.payments:
                payment.state = "rejected"
                payment.reason = payment.reason or file.whole
        else:
            file.state = "part" if "rejected" in states else "accepted"
        if file.format == "pain.001":
            self._tell_status(file)

    def _tell_status(self, file: File) -> None:
        id_ = self._reports.next_id("pain.002")
        self._reports.publish("pain.002", pain002.report(file, id_=id_, at=now(self._agenda)))

    # ---------------------------------------------------------------------------------- payments

    def _schedule(self, file: File, group: Group) -> None:
        today = days.day_of(self._agenda.now())
        at = days.moment(days.bank_day(max(group.day, today)), SETTLEMENT_HOUR)
        self._agenda.put(max(at, self._agenda.now()), partial(self._settle, file, group))

    def _settle(self, file: File, group: Group) -> None:
        self._pay(file, group, [p for p in group.payments if p.state == "accepted"])

    def _pay(self, file: File, group: Group, payments: list[Payment]) -> None:
        """Book them, and see to it that those come back that will."""
        if not payments:
            return
        for payment in payments:
            payment.state = "paid"
            self._write("paid_out", payment)
        as_one = group.one_entry
        if as_one is None:
            as_one = int(file.number, 16) % 2 == 0
        self._book(file, group, payments, as_one=as_one, is_return=False)
        today = days.day_of(self._agenda.now())
        ends = [(end, payment) for payment in payments if (end := _end(payment))]
        for count, coming in groupby(sorted(ends, key=_by_day), key=_by_day):
            back = [(payment, reason) for (_, reason), payment in coming]
            act = partial(self._send_back, file, group, back)
            self._agenda.put(days.moment(days.after(today, count), _RETURN_HOUR), act)

    def _send_back(
        self, file: File, group: Group, returned: Iterable[tuple[Payment, Reason]]
    ) -> None:
        back = []
        for payment, reason in returned:
            if payment.state == "paid":
                payment.state, payment.reason = "returned", reason
                self._write("payout_returned", payment)
                back.append(payment)
        if not back:
            return
        by_ach = file.format == "nacha"
        if by_ach:
            at = now(self._agenda)
            self._reports.publish("nacha.return", nacha.returns(group, back, at=at, modifier="A"))
        self._book(file, group, back, as_one=False, is_return=True)

    def _book(
        self, file: File, group: Group, payments: list[Payment], *, as_one: bool, is_return: bool
    ) -> None:
        at = now(self._agenda)
        entries = [
            Entry(self._accounts.reference(), at, part, file.message_id, group.id, is_return)
            for part in ([payments] if as_one else [[payment] for payment in payments])
        ]
        # What comes back by ACH has a file of its own to tell it.
        tell = not (is_return and file.format == "nacha")
        self._accounts.book(group.account, entries, tell=tell)

    def _write(self, kind: str, payment: Payment) -> None:
        self._books.write(
            kind,
            payment=payment.key,
            attempt=payment.reference if payment.trace else payment.key,
            reference=payment.ours,
            amount=payment.amount,
            currency=payment.currency,
        )

    # -------------------------------------------------------------------------------------- people

    def pay(self, reference: str) -> Payment:
        """At once, whatever day it was for. Raises LookupError, and ValueError for what is decided."""
        file, group, payment = self._named(reference)
        self._must_be(payment, "received", "accepted")
        if file.whole is not None:
            raise ValueError(f"{file.message_id} will be refused")
        self._pay(file, group, [payment])
        return payment

    def reject(self, reference: str, code: str) -> Payment:
        """Refuse what is not paid yet. Raises LookupError and ValueError."""
        file, _, payment = self._named(reference)
        if payment.trace:
            raise ValueError("by ACH nothing is rejected: it comes back")
        self._must_be(payment, "received", "accepted")
        payment.state, payment.reason = "rejected", _reason(code)
        if file.state != "received":  # Otherwise the check will tell it.
            self._decide(file)
        return payment

    def reject_file(self, message_id: str, code: str) -> File:
        """Refuse all of it before its check. Raises LookupError and ValueError."""
        file = self._files.get(message_id)
        if file is None:
            raise LookupError(f"no file {message_id}")
        if file.format != "pain.001":
            raise ValueError("what is wrong with an ACH file is said when it comes")
        if file.state != "received" or {p.state for p in file.payments} != {"received"}:
            raise ValueError(f"{message_id} is {file.state}: it is not refused any more")
        file.whole = _reason(code)
        self._decide(file)
        return file

    def send_back(self, reference: str, code: str) -> Payment:
        """At once. Raises LookupError, and ValueError for what is not paid."""
        file, group, payment = self._named(reference)
        self._must_be(payment, "paid")
        self._send_back(file, group, [(payment, _reason(code or _default(payment)))])
        return payment

    def deposit(
        self, amount: int, currency: str, *, reference: str, other: str, account: str
    ) -> Deposit:
        """Somebody pays to a customer's account, or takes what is below zero. Raises ValueError."""
        if currency not in ISO or type(amount) is not int or amount == 0 or not reference:
            raise ValueError("a deposit is of an amount, in a currency, and has a reference")
        where = Account(account, currency) if account else self._accounts.of(currency)
        one = Deposit(
            reference=self._accounts.reference(),
            at=now(self._agenda),
            amount=abs(amount),
            is_credit=amount > 0,
            other=other,
            remittance=f"{other} {reference}".strip(),
        )
        self._accounts.book(where, [one], tell=False)
        self._books.write(
            "settled",
            payment=reference,
            attempt="",
            reference=one.reference,
            amount=amount,
            currency=currency,
        )
        return one

    def _named(self, reference: str) -> tuple[File, Group, Payment]:
        """By our reference, or by what an ACH file has room for of it."""
        for name in (homeward(reference), reference[-15:]):
            if name in self._payments:
                return self._payments[name]
        raise LookupError(f"no payment {reference}")

    @staticmethod
    def _must_be(payment: Payment, *states: str) -> None:
        if payment.state not in states:
            raise ValueError(f"{payment.key} is {payment.state}")


def _fate(payment: Payment, word: str) -> Reason | None:
    found = _FATE.search(payment.name.upper())
    if found is None or found[1] != word:
        return None
    return _reason(found[2] or _default(payment))


def _end(payment: Payment) -> tuple[int, Reason] | None:
    """After how many bank days a payment comes back, and why."""
    if payment.reason is not None:  # Found in the check, and not to be said there: by ACH.
        return BOUNCE_DAYS, payment.reason
    reason = _fate(payment, "RETURN") or (_fate(payment, "REJECT") if payment.trace else None)
    return None if reason is None else (RETURN_DAYS, reason)


def _by_day(ending: tuple[tuple[int, Reason], Payment]) -> int:
    return ending[0][0]


def _default(payment: Payment) -> str:
    return "R02" if payment.trace else "AC04"


def _reason(code: str) -> Reason:
    return Reason(code, _MESSAGES.get(code, ""))
