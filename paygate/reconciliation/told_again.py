"""What a statement tells and we had not heard of, told to our own rooms: as the PSP's webhook would have told it.

Told again, it changes nothing. A dispute is asked of the PSP first, where it can be asked: it knows the case, of which
a line only has the money.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.clock import now
from kernel.db import atomic, outside_transaction
from kernel.money import Money
from paygate.psp.cases import CaseReport, Direction, Movement, Reason, Stage, Standing
from paygate.psp.events import RefundReported, RefundState
from paygate.psp.gateway import Unknown
from paygate.psp.registry import PspNotConfigured, desk
from paygate.reconciliation.batches import sweep
from paygate.reconciliation.models import Batch, Break
from paygate.reconciliation.turn import take_turn
from paygate.wiring import NEWS, named

BEFORE = timedelta(days=2)  # A case was opened before its money moved.


@outside_transaction
def tell(break_: Break) -> None:
    """Raises Quarantined or NotYet for what our rooms do not believe, and nothing for a break without news."""
    told: dict[str, Any] = break_.news or {}
    match told.get("type"):
        case "RefundReported":
            _hear(break_, _refund(break_, told))
        case "CaseReport":
            for report in _cases(break_, told):
                _hear(break_, report)
        case "BatchArrived":
            _arrived(break_, told)


def _hear(break_: Break, news: RefundReported | CaseReport) -> None:
    [hear] = named([NEWS[type(news).__name__]])
    hear(break_.psp, news, livemode=break_.livemode, now=now())


def _refund(break_: Break, told: dict[str, Any]) -> RefundReported:
    return RefundReported(
        psp_reference=told["psp_reference"],
        reference=told["reference"],
        state=RefundState.SUCCEEDED,
        amount=Money(told["amount"], told["currency"]),
    )


def _cases(break_: Break, told: dict[str, Any]) -> list[CaseReport]:
    at = datetime.fromisoformat(told["at"])
    known = _asked(break_, since=at - BEFORE)
    found = [
        report
        for report in known
        if any(movement.id == told["movement"] for movement in report.movements)
    ]
    return found or [_case(told, at)]


def _asked(break_: Break, *, since: datetime) -> list[CaseReport]:
    try:
        asked = desk(break_.psp, livemode=break_.livemode)
    except PspNotConfigured:
        return []
    if not asked.knows_cases:
        return []
    cases = asked.cases_since(since)
    return [] if isinstance(cases, Unknown) else cases


def _case(told: dict[str, Any], at: datetime) -> CaseReport:
    """What the line alone tells: the movement's own name stands for the case's."""
    amount, free = Money(told["amount"], told["currency"]), Money(told["fee"], told["currency"])
    direction = Direction(told["direction"])
    return CaseReport(
        case=told["movement"].partition(":")[0],
        psp_reference=told["psp_reference"],
        at=at,
        stage=Stage.CHARGEBACK,
        standing=Standing.NEEDS_RESPONSE if direction == Direction.WITHDRAWN else Standing.WON,
        amount=amount,
        reason=Reason.GENERAL,
        movements=(Movement(told["movement"], direction, amount, free),),
    )


def _arrived(break_: Break, told: dict[str, Any]) -> None:
    """A person agrees that this is the batch: it had been proposed by its amount and its day."""
    with atomic():
        take_turn(livemode=break_.livemode)
        waiting = Batch.objects.select_for_update().filter(
            id=UUID(told["batch"]), arrived_at__isnull=True
        )
        for batch in waiting:
            batch.arrived_in, batch.arrived_row = break_.statement_id, break_.row
            batch.arrived, batch.arrived_at = told["amount"], now()
            batch.save()
        sweep(livemode=break_.livemode, at=now())
