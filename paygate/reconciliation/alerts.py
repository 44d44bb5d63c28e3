"""What somebody has to know today, in money: one sentence a day for each thing that is not as it should be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from kernel.money import Money
from kernel.shortcuts import shortcut
from paygate.reconciliation.batches import late
from paygate.reconciliation.models import BANK, Break, Statement
from paygate.reconciliation.unsettled import unsettled
from paygate.reconciliation.words import called, grouped, summed

log = logging.getLogger(__name__)

_A_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Alert:
    """`kind` says what is wrong, `of` where; the sentence says how much."""

    kind: str
    of: str
    sentence: str


def measure(*, at: datetime) -> list[Alert]:
    """Write down as errors what was not written down today (UTC) yet; those that were.

    Whether it was, Redis knows: where that forgets, a sentence is told once more.
    """
    told = [alert for alert in alerts(at=at) if _is_new(alert, at)]
    for alert in told:
        log.error("%s", alert.sentence, extra={"alert": alert.kind, "of": alert.of})
    return told


def alerts(*, at: datetime) -> Iterator[Alert]:
    """All that is not as it should be now."""
    yield from _unsettled(at)
    yield from _late_batches(at)
    yield from _old_breaks(at)
    yield from _refused()
    yield from _silence(at)


def _unsettled(at: datetime) -> Iterator[Alert]:
    for one in unsettled(at=at):
        yield Alert(
            "captured_unsettled",
            f"{_mode(one.livemode)} {one.psp} {one.money.currency}",
            f"{called(one.psp)}, {_mode(one.livemode)}: captured, not settled beyond T+{one.days}:"
            f" {grouped(one.money)} in {_count(one.payments, 'payment')}",
        )


def _late_batches(at: datetime) -> Iterator[Alert]:
    days = settings.RECONCILIATION_DUE_DAYS[BANK]
    for (psp, livemode), paid in _by_psp(late(at=at)).items():
        yield Alert(
            "batches_late",
            f"{_mode(livemode)} {psp}",
            f"{called(psp)}, {_mode(livemode)}: paid, not at our bank beyond T+{days}:"
            f" {summed(paid)} in {_count(len(paid), 'batch', 'batches')}",
        )


def _old_breaks(at: datetime) -> Iterator[Alert]:
    days = settings.RECONCILIATION_BREAK_DAYS
    old = Break.objects.filter(closed_at=None, opened_at__lt=at - timedelta(days=days))
    for (psp, livemode), at_risk in _by_psp(old).items():
        yield Alert(
            "breaks_old",
            f"{_mode(livemode)} {psp}",
            f"{called(psp)}, {_mode(livemode)}: breaks open for more than {_count(days, 'day')}:"
            f" {summed(at_risk)} at risk in {len(at_risk)}",
        )


def _by_psp(rows: QuerySet[Any]) -> dict[tuple[str, bool], list[Money]]:
    """The amounts of batches or breaks, by PSP and mode."""
    amounts: dict[tuple[str, bool], list[Money]] = {}
    for one in rows.order_by("psp", "livemode").only("psp", "livemode", "amount", "currency"):
        amounts.setdefault((one.psp, one.livemode), []).append(one.money)
    return amounts


def _refused() -> Iterator[Alert]:
    for one in Statement.objects.filter(state=Statement.State.REFUSED).order_by("id"):
        where = "" if one.refused_row is None else f", row {one.refused_row}"
        yield Alert(
            "statement_refused",
            one.public_id,
            f"{called(one.psp)}, {_mode(one.livemode)}: {one.name} is refused{where}: {one.refused_because}",
        )


def _silence(at: datetime) -> Iterator[Alert]:
    """A PSP that gave statements gives none any more."""
    days = settings.RECONCILIATION_SILENT_DAYS
    heard = Statement.objects.filter(state=Statement.State.APPLIED).order_by()
    for psp, livemode, last in heard.values_list("psp", "livemode").annotate(
        last=Max("received_at")
    ):
        if last < at - timedelta(days=days):
            yield Alert(
                "statements_silent",
                f"{_mode(livemode)} {psp}",
                f"{called(psp)}, {_mode(livemode)}: no statement for {_count((at - last).days, 'day')}",
            )


def _is_new(alert: Alert, at: datetime) -> bool:
    name = f"reconciliation:alert:{at:%Y-%m-%d}:{alert.kind}:{alert.of}"
    return shortcut(lambda r: r.set(name, 1, nx=True, ex=_A_DAY) is not None, otherwise=True)


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
