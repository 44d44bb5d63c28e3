"""Settling at Adyen: at each cut, what the books have since the last one becomes a batch an account and currency.

A capture that failed before its cut is in none. A fee is booked when the report says it. What is below nothing is taken
from the merchant's bank. Which payments are meant is known from memory, and after a restart from the books as far as
those say it. Sources: docs.adyen.com/reporting/settlement-reconciliation, and .../account/getting-paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import takewhile
from typing import Any

from simulators.adyen import settlement_report
from simulators.adyen.payments import Payments
from simulators.books import Books
from simulators.clock import Clock
from simulators.currencies import ISO
from simulators.settlement import File, Planted, Row

Entry = dict[str, Any]

DAY = 86400.0
ACCOUNT = "PaygateECOM"  # Of what is about no payment.

_MOVES = {
    "captured": ("capture", 1),
    "capture_failed": ("capture_reversed", -1),
    "refunded": ("refund", -1),
    "refund_failed": ("refund_reversed", 1),
    "disputed": ("chargeback", -1),
    "reinstated": ("chargeback_reversed", 1),
    "paid_out": ("payout", -1),
    "payout_returned": ("payout_returned", 1),
}


class Batches:
    """The batches of the company account, numbered for each merchant account.

    `mistaken` is what Psp.mistaken says; `publish` is told of a file and whose it is.
    """

    def __init__(
        self,
        clock: Clock,
        books: Books,
        payments: Payments,
        *,
        mistaken: Callable[[Iterable[Row]], tuple[list[Row], list[Planted]]],
        publish: Callable[[str, File], None],
    ) -> None:
        self._clock = clock
        self._books = books
        self._payments = payments
        self._mistaken = mistaken
        self._publish = publish
        self._price = (0, 0)  # Basis points, and minor units of what is settled.
        self._settled_in: dict[str, tuple[str, Decimal]] = {}
        self._invoiced: list[Row] = []
        self._invoices = 0
        self._next_cut = _midnight_after(clock.timestamp())
        self._remember(books.page()["entries"])

    def _remember(self, entries: list[Entry]) -> None:
        """What was settled before the process began is settled."""
        self._numbers: Counter[str] = Counter()
        self._read = 0  # So many entries are settled, or nothing to be settled.
        for entry in entries:
            if entry["kind"] == "settled":
                account, _, number = entry["payment"].rpartition(":")
                self._numbers[account] = int(number)
                self._read = entry["seq"]
        self._charged_back = {
            entry["reference"] for entry in entries[: self._read] if entry["kind"] == "disputed"
        }
        self._authorised = {
            entry["payment"]: entry["reference"]
            for entry in entries
            if entry["kind"] == "authorized"
        }

    # ------------------------------------------------------------------------------------- the levers

    def set_price(self, basis_points: int, fixed: int) -> None:
        """Of each capture that is settled from now on."""
        self._price = (basis_points, fixed)

    def settle_in(self, currency: str, other: str, rate: str) -> None:
        """From now on what is in `currency` is settled in the other one. Raises ValueError."""
        wrong = f"no such conversion: {currency} in {other} at {rate}"
        try:
            exact = Decimal(rate)
        except InvalidOperation:
            raise ValueError(wrong) from None
        if not {currency, other} <= ISO.keys() or not exact.is_finite() or exact <= 0:
            raise ValueError(wrong)
        self._settled_in[currency] = (other, exact)

    def invoice(self, amount: int, currency: str, text: str) -> str:
        """A fee of no payment, taken off the next batch; its reference."""
        self._invoices += 1
        row = Row(
            kind="fee",
            reference=f"{text} ({self._invoices})",
            object="",
            payment="",
            ours="",
            order="",
            account=ACCOUNT,
            currency=currency,
            gross=0,
            settled_currency=currency,
            settled_gross=0,
            fee=amount,
            billed=0,
            rate=None,
            batch="",
            at=self._clock.now(),
            description=text,
        )
        self._invoiced.append(row)
        return row.reference

    # -------------------------------------------------------------------------------------- the cuts

    def pass_time(self) -> None:
        """Settle at midnight (UTC), before anything else happens that is due by now."""
        now = self._clock.timestamp()
        if now >= self._next_cut:
            self._cut(datetime.fromtimestamp(self._next_cut, UTC), entries=self._until_midnight())
            self._next_cut = _midnight_after(now)

    def cut(self) -> str:
        """Settle at once; the name of the last file, "" where there was nothing to settle."""
        return self._cut(self._clock.now(), entries=self._unread())

    def _unread(self) -> list[Entry]:
        entries: list[Entry] = self._books.page(since=self._read)["entries"]
        return entries

    def _until_midnight(self) -> list[Entry]:
        midnight = datetime.fromtimestamp(self._next_cut, UTC).isoformat(timespec="milliseconds")
        return list(takewhile(lambda entry: entry["at"] < midnight, self._unread()))

    def _cut(self, moment: datetime, *, entries: list[Entry]) -> str:
        self._read += len(entries)
        batches: dict[tuple[str, str], list[Row]] = {}
        rows = [self._row(entry) for entry in _lasting(entries)]
        invoiced, self._invoiced = self._invoiced, []
        for row in [*rows, *invoiced]:
            batches.setdefault((row.account, row.settled_currency), []).append(row)
        name = ""
        for (account, currency), batch in batches.items():
            name = self._settle(account, currency, batch, moment)
        return name

    def _settle(self, account: str, currency: str, rows: list[Row], moment: datetime) -> str:
        self._numbers[account] += 1
        number = self._numbers[account]
        batch = f"{account}:{number}"
        for row in rows:
            row.batch = batch
        self._book_costs(batch, currency, rows)
        rows, planted = self._mistaken([*rows, _payout(account, currency, rows, batch, moment)])
        paid = -sum(row.gross for row in rows if row.kind == "settlement")
        if paid:
            self._books.write(
                "settled",
                payment=batch,
                attempt="",
                reference=batch,
                amount=paid,
                currency=currency,
            )
        else:
            rows = [row for row in rows if row.kind != "settlement"]
        content = settlement_report.written(rows, brand=self._payments.brand)
        name = f"settlement_detail_report_batch_{number}.csv"
        self._publish(account, File(name, content, len(rows), planted))
        return name

    def _book_costs(self, batch: str, currency: str, rows: list[Row]) -> None:
        """The fees, and what went from one currency to another."""
        for row in rows:
            if row.fee:
                self._books.write(
                    "processing_fee",
                    payment=row.order,
                    attempt=row.ours,
                    reference=row.object or row.reference,
                    amount=row.fee,
                    currency=currency,
                )
        converted: Counter[str] = Counter()
        for row in rows:
            if row.currency != currency:
                converted[row.currency] += row.gross
                converted[currency] -= row.settled_gross
        for each, amount in converted.items():
            self._books.write(
                "converted",
                payment=batch,
                attempt="",
                reference=batch,
                amount=amount,
                currency=each,
            )

    # ------------------------------------------------------------------------------------- their rows

    def _row(self, entry: Entry) -> Row:
        kind, sign = _MOVES[entry["kind"]]
        reference, gross = entry["reference"], sign * entry["amount"]
        payment, ours, order, account = self._parties(kind, entry)
        settled_currency, settled_gross, rate = self._converted(entry["currency"], gross)
        again = kind == "chargeback" and reference in self._charged_back
        if kind == "chargeback":
            self._charged_back.add(reference)
        return Row(
            kind=kind,
            reference=f"{reference}:{settlement_report.AGAIN}" if again else reference,
            object=reference,
            payment=payment,
            ours=ours,
            order=order,
            account=account,
            currency=entry["currency"],
            gross=gross,
            settled_currency=settled_currency,
            settled_gross=settled_gross,
            fee=self._fee(settled_gross) if kind == "capture" else 0,
            billed=0,
            rate=rate,
            batch="",
            at=datetime.fromisoformat(entry["at"]),
            description=settlement_report.AGAIN if again else "",
        )

    def _parties(self, kind: str, entry: Entry) -> tuple[str, str, str, str]:
        """Adyen's reference of the payment, the merchant's of the modification and the payment, the account."""
        if kind in ("payout", "payout_returned"):
            return "", entry["payment"], "", ACCOUNT
        if known := self._payments.about(entry["reference"]):
            payment, ours = known
            return payment.psp, ours, payment.reference, payment.merchant_account
        order = entry["payment"]
        return self._authorised.get(order, ""), entry["attempt"] or order, order, ACCOUNT

    def _converted(self, currency: str, gross: int) -> tuple[str, int, Decimal | None]:
        if currency not in self._settled_in:
            return currency, gross, None
        other, rate = self._settled_in[currency]
        exact = (gross * rate).scaleb(ISO[other] - ISO[currency])
        return other, int(exact.quantize(Decimal(1), ROUND_HALF_UP)), rate

    def _fee(self, settled_gross: int) -> int:
        basis_points, fixed = self._price
        return (settled_gross * basis_points + 5_000) // 10_000 + fixed


def _lasting(entries: list[Entry]) -> list[Entry]:
    """Those that move money, without the captures that failed in the same time."""
    lasting: dict[int, Entry] = {}
    captures: dict[str, int] = {}
    for entry in entries:
        reference, number = entry["reference"], entry["seq"]
        if entry["kind"] == "captured":
            captures[reference] = number
        elif entry["kind"] == "capture_failed" and reference in captures:
            del lasting[captures.pop(reference)]
            continue
        if entry["kind"] in _MOVES:
            lasting[number] = entry
    return list(lasting.values())


def _payout(account: str, currency: str, rows: list[Row], batch: str, moment: datetime) -> Row:
    """What is paid to the merchant's bank, or taken from there."""
    number = batch.rpartition(":")[2]
    amount = -sum(row.net for row in rows)
    return Row(
        kind="settlement",
        reference=batch,
        object="",
        payment="",
        ours="",
        order="",
        account=account,
        currency=currency,
        gross=amount,
        settled_currency=currency,
        settled_gross=amount,
        fee=0,
        billed=0,
        rate=None,
        batch=batch,
        at=moment,
        description=f"TX{int(moment.timestamp())}XT batch {number}, {account}",
    )


def _midnight_after(moment: float) -> float:
    return (moment // DAY + 1) * DAY
