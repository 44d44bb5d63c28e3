"""A line tells what became of a payment whose outcome we do not know: it settles it, as a webhook would.

Only what is open here is looked for, and by our own reference or the PSP's; what contradicts our books is not believed
but becomes a break like everything else.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.db import connection

from kernel.money import Money
from paygate.payments.hear import payment_moved
from paygate.payments.hear_refunds import refund_reported
from paygate.payments.models import Attempt, Operation, Payment, Refund
from paygate.psp.events import (
    Became,
    NotYet,
    PaymentMoved,
    Quarantined,
    RefundReported,
    RefundState,
)
from paygate.psp.gateway import Approved
from paygate.psp.statements import LineKind
from paygate.reconciliation.models import BANK, Statement

log = logging.getLogger(__name__)

BECAME = {
    Operation.AUTHORIZE: Became.AUTHORIZED,
    Operation.CONFIRM: Became.AUTHORIZED,
    Operation.CAPTURE: Became.CAPTURED,
}


#: What a line says of an open attempt of ours.
Evidence: TypeAlias = PaymentMoved | RefundReported


def evidence(statement: Statement) -> list[Evidence]:
    """What the lines in `told` settle of what is open here."""
    if statement.psp == BANK:
        return []
    open_ = Attempt.objects.filter(
        psp=statement.psp,
        finished_at__isnull=True,
        operation__in=[*BECAME, Operation.REFUND],
    )
    attempts = list(open_.order_by("id"))
    if not attempts:
        return []
    payments = {
        (p.merchant_id, p.id): p
        for p in Payment.objects.filter(
            merchant_id__in={a.merchant_id for a in attempts},
            id__in={a.payment_id for a in attempts},
            livemode=statement.livemode,
        )
    }
    refunds = {
        (r.merchant_id, r.id): r
        for r in Refund.objects.filter(
            merchant_id__in={a.merchant_id for a in attempts},
            id__in={a.refund_id for a in attempts if a.refund_id},
        )
    }
    open_here = [
        _Open(attempt, payment, refunds.get((attempt.merchant_id, attempt.refund_id)))  # type: ignore[arg-type]
        for attempt in attempts
        if (payment := payments.get((attempt.merchant_id, attempt.payment_id))) is not None
    ]
    lines = _lines({name for one in open_here for name in one.names})
    return [news for one in open_here if (news := _news(one, lines)) is not None]


@dataclass(frozen=True, slots=True)
class _Open:
    """An attempt whose outcome is not known, with what it is about."""

    attempt: Attempt
    payment: Payment
    refund: Refund | None

    @property
    def kind(self) -> LineKind:
        """Of the line that would tell of it."""
        return LineKind.REFUND if self.attempt.operation == Operation.REFUND else LineKind.CAPTURE

    @property
    def names(self) -> set[str]:
        """What that line would name. A capture is one of several, perhaps: it must be named itself."""
        if self.attempt.operation == Operation.REFUND:
            found = [self.refund.public_id, self.refund.psp_reference] if self.refund else []
        elif not self.attempt.charges:
            found = [self.attempt.public_id, self.attempt.psp_reference]
        elif self.payment.capture_method == "automatic":
            ours = [self.attempt.public_id, self.payment.public_id]
            found = [*ours, self.attempt.psp_reference, self.payment.psp_reference]
        else:  # A statement tells nothing of what is only held.
            found = []
        return set(found) - {""}


@dataclass(frozen=True, slots=True)
class _Line:
    row: int
    kind: str
    ours: str
    object: str
    payment: str
    gross: int
    currency: str


def _lines(names: set[str]) -> dict[str, list[_Line]]:
    """The lines that name one of these as ours, or as what they are about; by that."""
    found: dict[str, list[_Line]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row, kind, ours, object, payment, gross, currency FROM told"
            " WHERE kind = ANY(%s) AND (ours = ANY(%s) OR object = ANY(%s))",
            [[LineKind.CAPTURE, LineKind.REFUND], list(names), list(names)],
        )
        for columns in cursor.fetchall():
            line = _Line(*columns)
            for name in {line.ours, line.object} & names:
                found.setdefault(name, []).append(line)
    return found


def _news(one: _Open, lines: dict[str, list[_Line]]) -> Evidence | None:
    """What the one line that names it says, where that is of its amount."""
    naming = {line for name in one.names for line in lines.get(name, ()) if line.kind == one.kind}
    if len(naming) != 1:
        return None
    [line] = naming
    if one.refund is not None:
        return _of_a_refund(one.payment, one.refund, line)
    if (line.gross, line.currency) != (one.attempt.amount, one.payment.currency):
        return None
    return PaymentMoved(
        psp_reference=line.payment or line.object,
        became=BECAME[Operation(one.attempt.operation)],
        payment=one.payment.public_id,
        attempt=one.attempt.public_id,
        outcome=Approved(
            line.object, Money(line.gross, line.currency), captured=one.attempt.charges
        ),
    )


def _of_a_refund(payment: Payment, refund: Refund, line: _Line) -> RefundReported | None:
    if (-line.gross, line.currency) != (refund.amount, refund.currency):
        return None
    return RefundReported(
        psp_reference=refund.of_reference,
        reference=line.object,
        state=RefundState.SUCCEEDED,
        amount=Money(-line.gross, line.currency),
        refund=refund.public_id,
        payment=payment.public_id,
    )


def hear(statement: Statement, news: Evidence, *, at: datetime) -> None:
    """Settle what was open by it. What cannot be believed is left as it is: its line becomes a break."""
    try:
        if isinstance(news, PaymentMoved):
            did = payment_moved(statement.psp, news, livemode=statement.livemode, now=at)
        else:
            did = refund_reported(statement.psp, news, livemode=statement.livemode, now=at)
    except (Quarantined, NotYet) as odd:
        log.error("statement.not_believed", extra={"payment": news.payment, "why": str(odd)})
        return
    log.info("statement.settles", extra={"payment": news.payment, "did": did})
