"""A line tells what became of a payment whose outcome we do not know: it settles it, as a webhook would.

Only what is open here is looked for, and by our own reference or the PSP's; what contradicts our books is not believed
but becomes a break like everything else.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, TypeAlias

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
    found = []
    for attempt in attempts:
        payment = payments.get((attempt.merchant_id, attempt.payment_id))
        refund = refunds.get((attempt.merchant_id, attempt.refund_id))  # type: ignore[arg-type]
        if payment is not None and (news := _news(attempt, payment, refund)):
            found.append(news)
    return found


def _news(attempt: Attempt, payment: Payment, refund: Refund | None) -> Evidence | None:
    if attempt.operation == Operation.REFUND:
        return None if refund is None else _of_a_refund(payment, refund)
    if attempt.charges and payment.capture_method != "automatic":
        return None  # A statement tells nothing of what is only held.
    # A capture is one of several, perhaps: it must be named itself.
    ours = [attempt.public_id, payment.public_id] if attempt.charges else [attempt.public_id]
    named = (
        [attempt.psp_reference, payment.psp_reference]
        if attempt.charges
        else [attempt.psp_reference]
    )
    line = _line(LineKind.CAPTURE, ours, named)
    if line is None:
        return None
    object_, reference, gross, currency = line
    if (gross, currency) != (attempt.amount, payment.currency):
        return None
    return PaymentMoved(
        psp_reference=reference or object_,
        became=BECAME[Operation(attempt.operation)],
        payment=payment.public_id,
        attempt=attempt.public_id,
        outcome=Approved(object_, Money(gross, currency), captured=attempt.charges),
    )


def _of_a_refund(payment: Payment, refund: Refund) -> RefundReported | None:
    line = _line(LineKind.REFUND, [refund.public_id], [refund.psp_reference])
    if line is None or (-line[2], line[3]) != (refund.amount, refund.currency):
        return None
    object_, _, gross, currency = line
    return RefundReported(
        psp_reference=refund.of_reference,
        reference=object_,
        state=RefundState.SUCCEEDED,
        amount=Money(-gross, currency),
        refund=refund.public_id,
        payment=payment.public_id,
    )


def _line(
    kind: LineKind, ours: list[str], references: list[str]
) -> tuple[str, str, int, str] | None:
    """The one line of this kind that names one of these: (object, payment, gross, currency)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object, payment, gross, currency FROM told WHERE kind = %s"
            " AND (ours = ANY(%s) OR object = ANY(%s)) LIMIT 2",
            [kind, ours, [name for name in references if name]],
        )
        rows: list[Any] = cursor.fetchall()
    return rows[0] if len(rows) == 1 else None


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
