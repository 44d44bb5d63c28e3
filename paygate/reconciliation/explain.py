"""Why a line does not agree with our books: its cause, the evidence, and what would close it.

The lines were taken already, those that do not agree to suspense. Here each of them is looked at, beside what our books
have of its payment; what comes of it are breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.ids import InvalidId, decode, encode, uuid7
from kernel.money import Money
from ledger.chart import HOUSE
from paygate.payments.models import Attempt, Payment, Refund, RefundState
from paygate.psp.statements import LineKind
from paygate.reconciliation.batches import proposed
from paygate.reconciliation.drafts import drafted
from paygate.reconciliation.models import BANK, Break, Cause, Statement
from paygate.reconciliation.odd import ODD, Odd
from paygate.reconciliation.opened import open_all

AT_ONCE = 5_000  # Lines that are looked at together.


@dataclass(frozen=True, slots=True)
class Known:
    """What our books have of the payment that a line names."""

    payments: dict[str, Payment]  # By the PSP's reference and by our id.
    refunds: dict[tuple[UUID, UUID], list[Refund]]  # By merchant and payment.
    open: set[tuple[UUID, UUID]]  # Payments something of which is not decided.
    given_up: set[UUID]  # Items.

    def payment_of(self, line: Odd) -> Payment | None:
        for name in (line.ours, line.payment, line.object):
            if name and (payment := self.payments.get(name)):
                return payment
        return None


def explain(statement: Statement, *, accounts: Collection[str], at: datetime) -> int:
    """Open the breaks of a statement that was just taken; how many."""
    opened = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(ODD, [statement.id])
        while rows := cursor.fetchmany(AT_ONCE):
            some = [Odd(*row) for row in rows]
            known = _known(statement, some)
            breaks = [
                one
                for line in some
                for one in _breaks(statement, line, known, accounts=accounts, at=at)
            ]
            open_all(breaks, at=at)
            _name(statement, breaks)
            opened += len(breaks)
    return opened


def _name(statement: Statement, breaks: list[Break]) -> None:
    """Put to each line whose it is, where that was found out only now: it is in their suspense."""
    rows = [(one.row, one.merchant_id) for one in breaks if one.merchant_id != HOUSE]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE statement_line l SET merchant_id = n.merchant_id"
            " FROM unnest(%s::bigint[], %s::uuid[]) AS n (row, merchant_id)"
            " WHERE l.statement_id = %s AND l.row = n.row AND l.merchant_id <> n.merchant_id",
            [[row for row, _ in rows], [whose for _, whose in rows], statement.id],
        )


# ------------------------------------------------------------------------------- what our books have


def _known(statement: Statement, lines: list[Odd]) -> Known:
    references = {name for line in lines for name in (line.payment, line.object) if name}
    ids = {id_ for line in lines if (id_ := _payment_id(line.ours))}
    ids |= {line.payment_id for line in lines if line.payment_id}
    ours = Payment.objects.filter(psp=statement.psp, livemode=statement.livemode)
    found = [*ours.filter(psp_reference__in=references), *ours.filter(id__in=ids)]
    payments = {name: p for p in found for name in (p.psp_reference, p.public_id) if name}
    captures = Attempt.objects.filter(operation="capture", psp_reference__in=references)
    by_id = {(p.merchant_id, p.id): p for p in found}
    for merchant_id, payment_id, reference in captures.values_list(
        "merchant_id", "payment_id", "psp_reference"
    ):
        if payment := by_id.get((merchant_id, payment_id)):
            payments[reference] = payment
    merchants, which = {p.merchant_id for p in found}, {p.id for p in found}
    refunds: dict[tuple[UUID, UUID], list[Refund]] = {}
    for refund in Refund.objects.filter(merchant_id__in=merchants, payment_id__in=which):
        refunds.setdefault((refund.merchant_id, refund.payment_id), []).append(refund)
    unfinished = Attempt.objects.filter(
        merchant_id__in=merchants, payment_id__in=which, finished_at__isnull=True
    )
    items = [line.item for line in lines if line.settled and line.item]
    given_up = Break.objects.filter(
        item__in=items, cause=Cause.MISSING_THERE, closed_by__in=["draft", "write_off"]
    )
    return Known(
        payments=payments,
        refunds=refunds,
        open=set(unfinished.values_list("merchant_id", "payment_id")),
        given_up={item for (item,) in given_up.values_list("item") if item},
    )


def _payment_id(ours: str) -> UUID | None:
    try:
        return decode("pay", ours)
    except InvalidId:
        return None


# ---------------------------------------------------------------------------------------- the causes


def _breaks(
    statement: Statement, line: Odd, known: Known, *, accounts: Collection[str], at: datetime
) -> Iterator[Break]:
    payment = known.payment_of(line)
    if line.became == "suspense":
        cause = _cause(statement, line, known, payment, accounts)
        yield _break(statement, line, cause, payment, at=at, given_up=line.item in known.given_up)
        return
    if line.fee_unexpected:
        yield _break(statement, line, Cause.FEE, payment, at=at)
    if line.rounding:
        yield _break(statement, line, Cause.FX_ROUNDING, payment, at=at)


def _cause(
    statement: Statement,
    line: Odd,
    known: Known,
    payment: Payment | None,
    accounts: Collection[str],
) -> Cause:
    """Why the whole of a line is in suspense."""
    if line.repeated:
        return Cause.DUPLICATE_LINE
    if line.account and line.account not in accounts:
        return Cause.WRONG_MERCHANT_ACCOUNT
    if line.item in known.given_up:
        return Cause.TIMING
    if line.settled:
        return Cause.CAPTURED_TWICE if line.kind == LineKind.CAPTURE else Cause.DUPLICATE_LINE
    if line.item is not None:
        return Cause.CURRENCY if line.their_currency != line.currency else Cause.AMOUNT
    if statement.psp == BANK:
        ours = line.kind in {LineKind.PAYOUT, LineKind.PAYOUT_RETURNED}
        return Cause.TIMING if ours else Cause.MISSING_HERE
    if line.ours.startswith("po_"):  # On its way: our books have it when it is paid.
        return Cause.TIMING
    if payment is None:
        return Cause.MISSING_HERE
    return _cause_of_a_payments(line, known, payment)


def _cause_of_a_payments(line: Odd, known: Known, payment: Payment) -> Cause:
    """We know the payment, and nothing of this kind of it."""
    whose = (payment.merchant_id, payment.id)
    match line.kind:
        case LineKind.CAPTURE:
            if whose in known.open:
                return Cause.TIMING
            return Cause.CAPTURED_TWICE if payment.amount_captured else Cause.MISSING_HERE
        case LineKind.REFUND:
            pending = any(
                refund.state == RefundState.PENDING
                and (refund.amount == -line.gross or refund.public_id == line.ours)
                for refund in known.refunds.get(whose, ())
            )
            return Cause.TIMING if pending else Cause.REFUNDED_IN_DASHBOARD
        case LineKind.CHARGEBACK | LineKind.CHARGEBACK_REVERSED:
            return Cause.CHARGEBACK_NOT_HEARD
        case LineKind.REFUND_REVERSED | LineKind.CAPTURE_REVERSED:
            return Cause.TIMING
    return Cause.MISSING_HERE


def _break(
    statement: Statement,
    line: Odd,
    cause: Cause,
    payment: Payment | None,
    *,
    at: datetime,
    given_up: bool = False,
) -> Break:
    at_risk = {
        Cause.FEE: Money(abs(line.fee_unexpected), line.settled_currency),
        Cause.FX_ROUNDING: Money(abs(line.rounding), line.settled_currency),
    }.get(cause, Money(abs(line.settled_gross), line.settled_currency))
    if cause == Cause.AMOUNT and line.currency == line.their_currency:
        at_risk = Money(abs(line.gross - (line.amount or 0)), line.currency)
    whose = line.merchant_id or (payment.merchant_id if payment else HOUSE)
    ours: dict[str, Any] = {}
    if line.item is not None and line.amount is not None and line.their_currency:
        ours = {"amount": str(Money(line.amount, line.their_currency))}
    if payment is not None:
        ours |= {"payment": payment.public_id, "state": payment.state}
    part = {Cause.FEE: ":fee", Cause.FX_ROUNDING: ":rounding"}.get(cause, "")
    break_ = Break(
        id=uuid7(),
        psp=statement.psp,
        livemode=statement.livemode,
        key=f"{statement.public_id}:{line.row}{part}",
        cause=cause,
        merchant_id=whose,
        payment_id=line.payment_id or (payment.id if payment else None),
        item=line.item,
        subject=_subject(line, payment),
        currency=at_risk.currency,
        amount=at_risk.minor,
        statement_id=statement.id,
        row=line.row,
        evidence={"theirs": line.told(), "ours": ours},
        opened_at=at,
        updated_at=at,
    )
    drafted(break_, line, given_up=given_up)
    if break_.psp == BANK and line.kind == LineKind.SETTLEMENT:
        came = Money(line.net, line.settled_currency)
        proposed(break_, came, booked_at=line.booked_at)
    return break_


def _subject(line: Odd, payment: Payment | None) -> str:
    if payment is not None:
        return payment.public_id
    if line.payment_id is not None:
        return encode("pay", line.payment_id)
    return line.ours or line.object or line.reference
