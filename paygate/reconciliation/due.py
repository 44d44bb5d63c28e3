"""What should have been settled by now, and no statement tells of it: a break, once its T+n has passed.

Nothing is missing before a statement has come that reaches so far; and what nets to nothing (a capture and the void of
it) is not waited for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from kernel.clock import rfc3339
from kernel.db import atomic, outside_transaction
from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger.recipes import corrections
from paygate.psp.registry import PSPS
from paygate.reconciliation.batches import arrived_before_told, awaited_key, break_of, sweep
from paygate.reconciliation.days import due_before
from paygate.reconciliation.drafts import in_book, keep, of
from paygate.reconciliation.heal import catch_up, lines_came
from paygate.reconciliation.match import all_movements, uncovered
from paygate.reconciliation.models import BANK, Batch, Break, Cause, Statement
from paygate.reconciliation.opened import open_all
from paygate.reconciliation.turn import take_turn

LOOK_BACK = timedelta(days=60)  # What is older was looked at when it became due.


@outside_transaction
def find_overdue(*, at: datetime) -> int:
    """Open breaks for what is missing there, close those that passed, in both modes; how many were opened."""
    opened = 0
    for livemode in (False, True):
        for psp in (*PSPS, BANK):
            with atomic():
                take_turn(livemode=livemode)
                catch_up(psp, livemode=livemode, at=at)
                opened += _movements(psp, livemode=livemode, at=at)
        with atomic():
            take_turn(livemode=livemode)
            lines_came(at=at)
            arrived_before_told(livemode=livemode, at=at)
            sweep(livemode=livemode, at=at)
            opened += _batches(livemode=livemode, at=at)
    return opened


def told_until(psp: str, *, livemode: bool) -> datetime | None:
    """Up to when its statements tell everything; None where there are none."""
    newest = (
        Statement.objects.filter(
            psp=psp, livemode=livemode, state=Statement.State.APPLIED, until__isnull=False
        )
        .order_by("-until")
        .first()
    )
    return newest.until if newest else None


#: Movements that no statement tells of; those of one payment that come to nothing are left out.
_MISSING = """
    WITH uncovered AS MATERIALIZED ({uncovered}),
    due AS (
        SELECT u.*, sum(u.amount) OVER (PARTITION BY u.merchant_id, coalesce(u.payment_id, u.item), u.currency) AS left
        FROM uncovered u
    )
    SELECT d.kind, d.prefix, d.merchant_id, d.item, d.payment_id, d.amount, d.fee, d.currency, d.at FROM due d
    WHERE d.at < %(before)s AND d.left <> 0 AND NOT EXISTS (
        SELECT FROM reconciliation_break b WHERE b.merchant_id = d.merchant_id AND b.item = d.item
            AND b.cause = 'missing_there' AND split_part(b.key, ':', 2) = d.kind AND b.closed_by <> 'later_line')
    ORDER BY d.item
"""


def _movements(psp: str, *, livemode: bool, at: datetime) -> int:
    until = told_until(psp, livemode=livemode)
    if until is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _MISSING.format(uncovered=uncovered(all_movements())),
            {
                "psp": psp,
                "livemode": livemode,
                "since": until - LOOK_BACK,
                "before": due_before(until, settings.RECONCILIATION_DUE_DAYS[psp]),
            },
        )
        rows = cursor.fetchall()
    breaks = [_break(psp, livemode, row, at=at) for row in rows]
    open_all(breaks, at=at)
    return len(breaks)


def _break(psp: str, livemode: bool, row: tuple[Any, ...], *, at: datetime) -> Break:
    kind, prefix, merchant_id, item, payment_id, amount, fee, currency, booked_at = row
    ours = Money(amount, currency)
    # Missed before, told of, and taken away again by a newer file: then it is missed anew.
    key = f"item:{kind}:{item}"
    before = Break.objects.filter(psp=psp, livemode=livemode, key__startswith=key).count()
    break_ = Break(
        id=uuid7(),
        psp=psp,
        livemode=livemode,
        key=f"{key}:{before}" if before else key,
        cause=Cause.MISSING_THERE,
        merchant_id=merchant_id,
        payment_id=payment_id,
        item=item,
        subject=encode("pay", payment_id) if payment_id else encode(prefix, item),
        currency=currency,
        amount=abs(amount),
        evidence={
            "theirs": {},
            "ours": {
                "kind": kind,
                "item": encode(prefix, item),
                "amount": str(ours),
                "at": rfc3339(booked_at),
            },
        },
        opened_at=at,
        updated_at=at,
    )
    if psp == BANK:
        keep(break_, corrections.payout_not_found(**in_book(break_), amount=-ours))
    else:
        owed = ours - Money(fee, currency)
        keep(break_, corrections.receivable_given_up(**of(break_), owed=owed))
    return break_


def _batches(*, livemode: bool, at: datetime) -> int:
    """What PSPs told that they paid, and our bank has not: once its statements reach so far."""
    until = told_until(BANK, livemode=livemode)
    if until is None:
        return 0
    before = due_before(until, settings.RECONCILIATION_DUE_DAYS[BANK])
    breaks = []
    for batch in Batch.objects.filter(
        livemode=livemode,
        arrived_at__isnull=True,
        told_at__lt=before,
        told_at__gte=until - LOOK_BACK,
    ):
        key = awaited_key(batch)
        if Break.objects.filter(psp=batch.psp, livemode=livemode, key=key).exists():
            continue
        breaks.append(_awaited(batch, key, at=at))
    open_all(breaks, at=at)
    return len(breaks)


def _awaited(batch: Batch, key: str, *, at: datetime) -> Break:
    evidence = {
        "theirs": {"batch": batch.reference, "paid": str(batch.money)},
        "ours": {"bank": "nothing came"},
    }
    break_ = break_of(batch, Cause.MISSING_THERE, key, batch.money, evidence, at=at)
    keep(break_, corrections.batch_given_up(**of(break_), amount=batch.money))
    return break_
