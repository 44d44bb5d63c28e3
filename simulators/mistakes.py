"""Mistakes that are planted in a settlement file on purpose, so that it can be asked whether they are found.

A file that is right is given as rows, and comes back wrong in the wanted ways: each mistake on a row of a payment of
its own, the same ones for the same seed. What cannot be planted in these rows (no refund to lose) is not.

lost_capture, lost_refund, lost_chargeback   the row is left out
late                   the row of a capture is left out, and stands in a later file
unknown_payment, unknown_refund              a row of what never was
captured_twice         a second capture of the same payment, with a name of its own
dashboard_refund       a refund of a payment of ours that nobody told of; a third of it
unheard_chargeback     a chargeback of a payment of ours that nobody told of; all of the row
duplicate_line         the row a second time, under the same name
amount_low, amount_high  less or more than was captured or refunded
wrong_currency         the payer's currency is another; what is settled is right
fee_high, fee_low      of a capture, taken off or billed; only where there is a fee, and no conversion
fx_rounding            what is settled of a capture is off by one minor unit; only where there is a conversion
wrong_account          a row of somebody else's account, which is not paid to us; only where files name accounts
unknown_kind           a row of a kind that nobody knows ("other"; its description says the word)
payout_differs         what is paid is not what the rows add up to

What the settlement row says is what is paid, always: write the books' "settled" entries from it after planting. It is
made to agree with the rows of its batch again, whatever was planted, but for payout_differs. (A PSP whose files have no
such row gives one here all the same, and tells by it otherwise what it pays.) Fees and conversions are written into
the books as they are before planting. So for every PSP, once all breaks are closed,

    our receivable = what it owes by its books + the sum of all that was planted

where a row that is late counts until it comes.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from simulators.currencies import ISO
from simulators.settlement import Planted, Row

Make = Callable[["_File", Row], Planted]
_LEAST_OFF = 3  # Minor units of a fee: less is how somebody else rounds.


def plant(
    rows: Iterable[Row],
    wanted: Mapping[str, int],
    *,
    seed: int,
    late: list[Row] | None = None,
) -> tuple[list[Row], list[Planted]]:
    """The rows with as many mistakes of each kind as are wanted and possible, and what was planted.

    The rows given are not changed. `late` holds what earlier files left out: those of a batch that is in this file are
    put into it and taken from the list, and what is left out now is added. Raises ValueError for an unknown kind.
    """
    check(wanted)
    file = _File(rows, [] if late is None else late, random.Random(seed))
    file.take_in_what_was_late()
    planted = []
    for mistake, (fits, make) in _MISTAKES.items():
        for _ in range(wanted.get(mistake, 0)):
            row = file.pick(fits)
            if row is None:
                break
            planted.append(replace(make(file, row), mistake=mistake))
    file.add_up()
    return file.rows, planted


def check(wanted: Mapping[str, int]) -> None:
    """Raises ValueError for what nobody can plant."""
    for mistake, times in wanted.items():
        if mistake not in KINDS or times < 0:
            raise ValueError(f"no such mistake: {times} of {mistake}")


class _File:
    def __init__(self, rows: Iterable[Row], late: list[Row], dice: random.Random) -> None:
        self.rows = [replace(row) for row in rows]
        self.late = late
        self.dice = dice
        self.paid_too_much: dict[str, int] = {}  # By batch; below zero what is missing.
        self._touched: set[str] = set()

    # ------------------------------------------------------------------------------------- choosing

    def pick(self, fits: Callable[[_File, Row], bool]) -> Row | None:
        """One of the rows that fit, of a payment in which nothing was planted yet."""
        free = [row for row in self.rows if _touches(row) not in self._touched and fits(self, row)]
        if not free:
            return None
        row = self.dice.choice(free)
        self._touched.add(_touches(row))
        return row

    def of_payment(self, payment: str) -> list[Row]:
        return [row for row in self.rows if row.payment == payment]

    def of_batch(self, of: Row) -> list[Row]:
        """What is paid together with the row."""
        where = (of.batch, of.account)
        return [
            row
            for row in self.rows
            if (row.batch, row.account) == where and row.kind != "settlement"
        ]

    # ------------------------------------------------------------------------------------- changing

    def take_in_what_was_late(self) -> None:
        waiting = list(self.late)
        self.late.clear()
        for row in waiting:
            here = [
                other
                for other in self.rows
                if (other.account, other.settled_currency) == (row.account, row.settled_currency)
            ]
            if here:
                self.rows.insert(0, replace(row, batch=here[-1].batch))
                self._touched.add(_touches(row))
            else:
                self.late.append(row)

    def remove(self, row: Row) -> Planted:
        self.rows = [other for other in self.rows if other is not row]
        return _planted(row, -(row.net - row.billed))

    def insert(self, row: Row) -> Planted:
        """Anywhere before the settlement."""
        ends = [at for at, other in enumerate(self.rows) if other.kind == "settlement"]
        self.rows.insert(self.dice.randint(0, ends[0] if ends else len(self.rows)), row)
        self._touched.add(_touches(row))
        return _planted(row, row.net - row.billed)

    def name(self, like: str, *, prefix: str = "") -> str:
        """Another name of the same form: "txn_9f2c" for "txn_01ab"; with another prefix, where it has one."""
        kind, under, rest = like.rpartition("_")
        body = "".join(self._character(sign) for sign in rest)
        return f"{(prefix or kind) if under else ''}{under}{body}"

    def _character(self, like: str) -> str:
        for signs in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
            if like in signs:
                return self.dice.choice(signs)
        return like

    def renamed(self, row: Row, *, prefix: str = "") -> Row:
        """The same with a name and an object of its own; the name follows the object where it did so before."""
        object_ = self.name(row.object, prefix=prefix)
        follows = bool(row.object) and row.reference.startswith(row.object)
        reference = (
            object_ + row.reference[len(row.object) :] if follows else self.name(row.reference)
        )
        return replace(row, reference=reference, object=object_)

    def add_up(self) -> None:
        """Let each settlement pay what the rows of its batch say, but where it is to be wrong."""
        for row in self.rows:
            if row.kind == "settlement":
                said = sum(other.net for other in self.of_batch(row))
                row.gross = row.settled_gross = -said - self.paid_too_much.get(row.batch, 0)


def _touches(row: Row) -> str:
    """What a row is about: one mistake for each."""
    return row.order or row.payment or row.reference


def _planted(row: Row, amount: int) -> Planted:
    return Planted(
        mistake="",
        reference=row.reference,
        object=row.object,
        payment=row.payment,
        order=row.order,
        currency=row.settled_currency,
        amount=amount,
    )


def _charged(row: Row, gross: int) -> Row:
    """The same for another amount, converted as the row is."""
    if row.rate is None or row.currency == row.settled_currency:
        return replace(row, gross=gross, settled_gross=gross)
    shift = ISO[row.settled_currency] - ISO[row.currency]
    settled = (Decimal(gross) * row.rate).scaleb(shift).quantize(Decimal(1), ROUND_HALF_UP)
    return replace(row, gross=gross, settled_gross=int(settled))


def _becomes(row: Row, changed: Row) -> Planted:
    """Change a row in its place."""
    was = row.net - row.billed
    for field in ("gross", "settled_gross", "fee", "billed", "currency", "rate"):
        setattr(row, field, getattr(changed, field))
    return _planted(row, row.net - row.billed - was)


# --------------------------------------------------------------------------------------- which rows fit


def _kind(*kinds: str) -> Callable[[_File, Row], bool]:
    return lambda _file, row: row.kind in kinds


def _can_go(kind: str) -> Callable[[_File, Row], bool]:
    """A batch keeps at least one row; and what came back is nothing that is missing."""
    return lambda file, row: (
        row.kind == kind
        and len(file.of_batch(row)) > 1
        and not any(other.kind.endswith("_reversed") for other in file.of_payment(row.payment))
    )


def _alone(file: _File, row: Row) -> bool:
    """Nothing else happened to the payment, so that all of it is still there."""
    return row.kind == "capture" and row.gross >= 3 and len(file.of_payment(row.payment)) == 1


def _charges(_: _File, row: Row) -> bool:
    converted = row.currency != row.settled_currency
    return row.kind == "capture" and not converted and (row.fee or row.billed) >= _LEAST_OFF


def _converted(_: _File, row: Row) -> bool:
    """Captures alone: not every PSP tells what a refund was before its conversion."""
    return row.kind == "capture" and row.currency != row.settled_currency


def _of_some_size(_: _File, row: Row) -> bool:
    return row.kind in ("capture", "refund") and abs(row.gross) >= 3


def _of_two_decimals(_: _File, row: Row) -> bool:
    return row.kind in ("capture", "refund") and ISO[row.currency] == 2


def _names_an_account(_: _File, row: Row) -> bool:
    return row.kind == "capture" and row.account != ""


# ---------------------------------------------------------------------------------------- what is made


def _leave_out(file: _File, row: Row) -> Planted:
    return file.remove(row)


def _put_off(file: _File, row: Row) -> Planted:
    file.late.append(row)
    return file.remove(row)


def _invent(file: _File, row: Row) -> Planted:
    return file.insert(_of_a_stranger(file, row))


def _of_a_stranger(file: _File, row: Row) -> Row:
    """Neither we nor the PSP's own books know it."""
    made = file.renamed(row)
    payment = made.object if row.object == row.payment else file.name(row.payment)
    order = f"INV-{file.dice.randrange(10_000, 100_000)}"
    return replace(made, payment=payment, ours="", order=order)


def _capture_again(file: _File, row: Row) -> Planted:
    return file.insert(file.renamed(row))


def _take(file: _File, row: Row, kind: str, *, gross: int, prefix: str) -> Planted:
    taken = replace(_charged(file.renamed(row, prefix=prefix), gross), kind=kind, ours="")
    return file.insert(replace(taken, fee=0, billed=0))


def _refund_by_hand(file: _File, row: Row) -> Planted:
    return _take(file, row, "refund", gross=-(row.gross // 3), prefix="re")


def _charge_back(file: _File, row: Row) -> Planted:
    return _take(file, row, "chargeback", gross=-row.gross, prefix="dp")


def _tell_twice(file: _File, row: Row) -> Planted:
    return file.insert(replace(row))


def _lessen(file: _File, row: Row) -> Planted:
    off = file.dice.randint(1, abs(row.gross) // 3)
    return _becomes(row, _charged(row, row.gross - off if row.gross > 0 else row.gross + off))


def _increase(file: _File, row: Row) -> Planted:
    off = file.dice.randint(1, abs(row.gross) // 3)
    return _becomes(row, _charged(row, row.gross + off if row.gross > 0 else row.gross - off))


def _other_currency(file: _File, row: Row) -> Planted:
    others = [c for c in ("EUR", "GBP", "USD") if c not in (row.currency, row.settled_currency)]
    rate = Decimal(1) if row.rate is None else row.rate
    return _becomes(row, replace(row, currency=file.dice.choice(others), rate=rate))


def _charge_more(file: _File, row: Row) -> Planted:
    return _fee(row, file.dice.randint(_LEAST_OFF, 40))


def _charge_less(file: _File, row: Row) -> Planted:
    return _fee(row, -file.dice.randint(_LEAST_OFF, row.fee or row.billed))


def _fee(row: Row, off: int) -> Planted:
    if row.fee:
        return _becomes(row, replace(row, fee=row.fee + off))
    return _becomes(row, replace(row, billed=row.billed + off))


def _round_wrongly(file: _File, row: Row) -> Planted:
    off = file.dice.choice((-1, 1))
    return _becomes(row, replace(row, settled_gross=row.settled_gross + off))


def _misplace(file: _File, row: Row) -> Planted:
    """What it cost the other one we do not learn."""
    stranger = replace(_of_a_stranger(file, row), fee=0, billed=0)
    return replace(file.insert(replace(stranger, account=f"{row.account}Outlet")), amount=0)


def _say_what_nobody_knows(file: _File, row: Row) -> Planted:
    amount = -file.dice.randint(1, 500)
    strange = replace(
        file.renamed(row),
        kind="other",
        payment="",
        ours="",
        order="",
        currency=row.settled_currency,
        gross=amount,
        settled_gross=amount,
        fee=0,
        billed=0,
        rate=None,
        description="quantum_levy",
    )
    return file.insert(strange)


def _pay_otherwise(file: _File, row: Row) -> Planted:
    """The rows of the batch add up to what should have been paid."""
    off = file.dice.choice((-1, 1)) * file.dice.randint(1, 900)
    file.paid_too_much[row.batch] = off
    return _planted(row, off)


#: In the order in which rows are chosen: first what fits few of them, last what is paid for all.
_MISTAKES: dict[str, tuple[Callable[[_File, Row], bool], Make]] = {
    "fx_rounding": (_converted, _round_wrongly),
    "lost_chargeback": (_can_go("chargeback"), _leave_out),
    "lost_refund": (_can_go("refund"), _leave_out),
    "dashboard_refund": (_alone, _refund_by_hand),
    "unheard_chargeback": (_alone, _charge_back),
    "captured_twice": (_alone, _capture_again),
    "fee_high": (_charges, _charge_more),
    "fee_low": (_charges, _charge_less),
    "lost_capture": (_can_go("capture"), _leave_out),
    "late": (_can_go("capture"), _put_off),
    "unknown_refund": (_kind("refund"), _invent),
    "unknown_payment": (_kind("capture"), _invent),
    "wrong_account": (_names_an_account, _misplace),
    "wrong_currency": (_of_two_decimals, _other_currency),
    "amount_low": (_of_some_size, _lessen),
    "amount_high": (_of_some_size, _increase),
    "duplicate_line": (_kind("capture", "refund"), _tell_twice),
    "unknown_kind": (_kind("capture"), _say_what_nobody_knows),
    "payout_differs": (_kind("settlement"), _pay_otherwise),
}
KINDS = tuple(_MISTAKES)
