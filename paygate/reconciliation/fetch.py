"""Files are asked for when a day is over, and fetched when they are ready.

Which days were asked for, the table of orders tells: a worker that was away catches up. What was fetched is kept in
one commit with its order's end; killed before that, it is fetched again, and the same bytes change nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F, Max

from kernel.db import atomic, outside_transaction
from kernel.ids import uuid7
from paygate.psp import registry
from paygate.psp.registry import PSPS, PspNotConfigured
from paygate.psp.statements import Offered, StatementDesk, StatementUnavailable
from paygate.reconciliation.models import Order, Statement
from paygate.reconciliation.receive import TooLarge, keep, take

log = logging.getLogger(__name__)

_SHOWN = 500  # Characters of a problem.


@outside_transaction
def order_all(*, at: datetime) -> int:
    """Ask every PSP, in both modes, for the files of the days that are over; how many were new."""
    ordered = 0
    for psp in PSPS:
        for livemode in (False, True):
            if registry.configuration(psp, livemode=livemode) is None:
                continue
            try:
                ordered += order_days(psp, livemode=livemode, at=at)
            except StatementUnavailable as why:
                log.warning("statements.not_ordered", extra={"psp": psp, "why": str(why)})
            except Exception:  # What one PSP's adapter trips over is nothing to the others.
                log.exception("statements.not_ordered", extra={"psp": psp})
    return ordered


@outside_transaction
def order_days(psp: str, *, livemode: bool, at: datetime) -> int:
    """Ask for the files of each day (UTC) that is over, one after the other; how many there are to be.

    A PSP that was never asked begins with yesterday. Raises StatementUnavailable.
    """
    last = (at - timedelta(seconds=settings.STATEMENTS_ORDER_AFTER)).date() - timedelta(days=1)
    asked = Order.objects.filter(psp=psp, livemode=livemode).aggregate(newest=Max("day"))
    missed = (last - asked["newest"]).days if asked["newest"] else 1
    return sum(
        order_day(psp, last - timedelta(days=ago), livemode=livemode, at=at)
        for ago in reversed(range(min(missed, settings.STATEMENTS_DAYS_BACK)))
    )


def order_day(psp: str, day: date, *, livemode: bool, at: datetime) -> int:
    """Ask for the files of one day; how many there are to be. Asked again, what did not come is looked for again.

    Raises StatementUnavailable.
    """
    orders = [
        Order(
            id=uuid7(),
            psp=psp,
            livemode=livemode,
            name=offered.name,
            place=offered.where,
            day=day,
            ordered_at=at,
            next_look_at=at,
        )
        for offered in registry.statement_desk(psp, livemode=livemode).order_statements(day)
    ]
    # A PSP may have told of one before we had written it down.
    Order.objects.bulk_create(
        orders,
        update_conflicts=True,
        unique_fields=["psp", "livemode", "name"],
        update_fields=["day"],
    )
    names = [one.name for one in orders]
    ours = Order.objects.filter(psp=psp, livemode=livemode, name__in=names)
    ours.filter(statement_id=None).update(ordered_at=at, next_look_at=at)
    return len(orders)


@outside_transaction
def fetch_due(*, at: datetime) -> int:
    """Look whether what was ordered is there by now, and keep what is; how many files came."""
    fetched = 0
    due = Order.objects.filter(next_look_at__lte=at).order_by("next_look_at", "id")
    for order in due:
        if _claim(order, at=at):
            try:
                fetched += _fetch(order, at=at)
            except Exception as error:  # What one file trips over is nothing to the others.
                log.exception("statement.not_fetched", extra={"file": order.name})
                _note(order, f"{type(error).__name__}: {error}")
    return fetched


def _claim(order: Order, *, at: datetime) -> bool:
    """Nobody else looks at it until its next look: False where somebody does."""
    pause = min(settings.STATEMENTS_LOOK_AGAIN * 2 ** min(order.looks, 20), settings.LONGEST_PAUSE)
    claimed = Order.objects.filter(id=order.id, next_look_at=order.next_look_at).update(
        next_look_at=at + timedelta(seconds=pause), looks=F("looks") + 1
    )
    return bool(claimed)


def _fetch(order: Order, *, at: datetime) -> bool:
    offered = Offered(order.name, order.place)
    try:
        desk: StatementDesk = registry.statement_desk(order.psp, livemode=order.livemode)
        pieces: Iterator[bytes] | None = desk.fetch_statement(offered)
        if pieces is None:
            _wait_on(order, at=at)
            return False
        with take(pieces) as taken, atomic():
            received = keep(
                taken,
                order.psp,
                order.name,
                livemode=order.livemode,
                source=Statement.Source.FETCHED,
                at=at,
            )
            Order.objects.filter(id=order.id).update(
                statement_id=received.statement.id, next_look_at=None, problem=""
            )
    except (StatementUnavailable, TooLarge, PspNotConfigured) as why:
        log.warning("statement.not_fetched", extra={"file": order.name, "why": str(why)})
        _note(order, str(why))
        return False
    return True


def _wait_on(order: Order, *, at: datetime) -> None:
    """It is not ready; of a day on which nothing was settled it never will be."""
    _note(order, "")
    if order.ordered_at <= at - timedelta(days=settings.STATEMENTS_DAYS_BACK):
        log.warning("statement.given_up", extra={"psp": order.psp, "file": order.name})
        given_up = f"It was not there for {settings.STATEMENTS_DAYS_BACK} days."
        Order.objects.filter(id=order.id).update(next_look_at=None, problem=given_up)


def _note(order: Order, problem: str) -> None:
    Order.objects.filter(id=order.id).update(problem=problem.replace("\0", "")[:_SHOWN])
