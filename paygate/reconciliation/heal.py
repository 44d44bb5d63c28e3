"""What closes a break without anybody: the line that was missing came, or our books have by now what a line told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from kernel.ids import uuid7
from kernel.money import Money
from ledger.post import post_all
from ledger.recipes.settlement import bank_unexplained, settlement_unexplained
from paygate.psp.statements import LineKind
from paygate.reconciliation.drafts import explained, in_book, of
from paygate.reconciliation.match import COVERED, all_movements
from paygate.reconciliation.models import BANK, Batch, Break, Cause, Note
from paygate.reconciliation.odd import Odd, from_evidence

#: Causes that pass when our books catch up with what the PSP has told.
PASSING = (
    Cause.TIMING,
    Cause.MISSING_HERE,
    Cause.REFUNDED_IN_DASHBOARD,
    Cause.CHARGEBACK_NOT_HEARD,
)


def close_by_itself(breaks: Sequence[Break], how: Break.ClosedBy, *, at: datetime) -> None:
    """Close breaks that nobody has to decide any more. In the caller's transaction."""
    for break_ in breaks:
        break_.resolve()
        break_.sequence += 1
        break_.closed_at = break_.updated_at = at
        break_.closed_by = how
    Break.objects.bulk_update(
        breaks, ["state", "sequence", "closed_at", "updated_at", "closed_by"], batch_size=1_000
    )
    Note.objects.bulk_create(
        Note(id=uuid7(), of=break_, at=at, by="", act="closed", because=how.label)
        for break_ in breaks
    )


def lines_came(*, at: datetime) -> int:
    """Close breaks about movements that were in no statement, and are in one now; how many."""
    came: list[Break] = []
    waiting = Break.objects.filter(cause=Cause.MISSING_THERE, closed_at__isnull=True)
    by_kind: dict[str, dict[UUID, Break]] = {}
    for break_ in waiting.exclude(item=None).select_for_update():
        assert break_.item is not None
        by_kind.setdefault(break_.key.split(":")[1], {})[break_.item] = break_
    for kind, ours in by_kind.items():
        covered = COVERED.format(kind=kind)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT m.item FROM unnest(%s::uuid[], %s::uuid[]) AS m (merchant_id, item)
                    WHERE {covered}""",  # noqa: S608 - our own words.
                [[b.merchant_id for b in ours.values()], [b.item for b in ours.values()]],
            )
            came += [ours[item] for (item,) in cursor.fetchall()]
    close_by_itself(came, Break.ClosedBy.LATER_LINE, at=at)
    return len(came)


def catch_up(psp: str, *, livemode: bool, at: datetime) -> None:
    """Close what has passed of a PSP's lines: our books have them by now, or they came to nothing."""
    _books_caught_up(psp, livemode=livemode, at=at)
    _came_to_nothing(psp, livemode=livemode, at=at)


def _books_caught_up(psp: str, *, livemode: bool, at: datetime) -> None:
    """Settle lines that waited in suspense for a movement which our books have by now."""
    waiting = Break.objects.select_for_update().filter(
        psp=psp, livemode=livemode, cause__in=PASSING, closed_at__isnull=True, item=None
    )
    for break_, movement in _caught_up(list(waiting.exclude(statement_id=None).order_by("id"))):
        _settle(break_, movement, at=at)


def _came_to_nothing(psp: str, *, livemode: bool, at: datetime) -> None:
    """Close breaks of payouts that a PSP began and took back, and that never were paid: two lines that cancel out."""
    waiting = Break.objects.select_for_update().filter(
        psp=psp,
        livemode=livemode,
        cause=Cause.TIMING,
        closed_at__isnull=True,
        evidence__theirs__kind__in=[LineKind.PAYOUT, LineKind.PAYOUT_RETURNED],
    )
    open_: dict[tuple[str, str, int], Break] = {}
    gone: list[Break] = []
    for break_ in waiting.order_by("id"):
        line = from_evidence(break_.evidence["theirs"])
        place = (line.ours, line.settled_currency, line.net)
        if (other := open_.pop((line.ours, line.settled_currency, -line.net), None)) is not None:
            gone += [other, break_]
        else:
            open_[place] = break_
    close_by_itself(gone, Break.ClosedBy.LATER_LINE, at=at)


def cover(break_: Break) -> None:
    """Let the line of a break that is being closed by its draft stand for the movement that it settles, if any."""
    if break_.statement_id is not None and break_.item is None and break_.cause in PASSING:
        for _, movement in _caught_up([break_]):
            _cover(break_, movement)


@dataclass(frozen=True, slots=True)
class _Movement:
    merchant_id: UUID
    item: UUID
    amount: int
    fee: int
    currency: str


def _caught_up(waiting: Sequence[Break]) -> Iterator[tuple[Break, _Movement]]:
    """Which of the breaks' lines tell of a movement that no other line has, and of which; each once."""
    by_place: dict[tuple[str, str], list[tuple[Break, Odd]]] = {}
    for break_ in waiting:
        line = from_evidence(break_.evidence["theirs"])
        if line.object:
            by_place.setdefault((line.kind, line.object), []).append((break_, line))
    for movements in all_movements():
        objects = [object_ for kind, object_ in by_place if kind == movements.kind]
        if not objects:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT m.object, m.merchant_id, m.item, m.amount, m.fee, m.currency
                    FROM ({movements.select}) m
                    WHERE m.object = ANY(%s) AND m.psp = %s AND m.livemode = %s
                        AND NOT {COVERED.format(kind=movements.kind)}""",  # noqa: S608 - our own words.
                [objects, waiting[0].psp, waiting[0].livemode],
            )
            found = cursor.fetchall()
        for object_, *columns in found:
            movement, place = _Movement(*columns), by_place[movements.kind, object_]
            for pair in place:
                same = (pair[1].gross, pair[1].currency) == (movement.amount, movement.currency)
                converted = pair[1].currency != pair[1].settled_currency
                if same and not (converted and movement.fee):
                    place.remove(pair)
                    yield pair[0], movement
                    break


def _settle(break_: Break, movement: _Movement, *, at: datetime) -> None:
    """The line settles the movement, in the book that it belongs to."""
    line = from_evidence(break_.evidence["theirs"])
    if break_.psp == BANK:  # The payout is in the books: what was unexplained is taken back.
        back = Money(-line.net, line.settled_currency)
        transactions = [bank_unexplained(**in_book(break_), amount=back)]
    else:
        transactions = [
            explained(break_, line, fee_booked=movement.fee, merchant=movement.merchant_id)
        ]
        if break_.merchant_id != movement.merchant_id:
            net, swept = Money(line.net, line.settled_currency), _is_swept(break_, line)
            for merchant, amount in ((break_.merchant_id, -net), (movement.merchant_id, net)):
                if swept:  # It is at our bank already.
                    moved = bank_unexplained(**in_book(break_, merchant=merchant), amount=amount)
                else:
                    moved = settlement_unexplained(**of(break_, merchant=merchant), net=amount)
                transactions.append(moved)
    post_all([(one, at) for one in transactions])
    _cover(break_, movement)
    close_by_itself([break_], Break.ClosedBy.LATER_LINE, at=at)


def _is_swept(break_: Break, line: Odd) -> bool:
    return Batch.objects.filter(
        psp=break_.psp,
        livemode=break_.livemode,
        reference=line.batch,
        currency=line.settled_currency,
        swept_at__isnull=False,
    ).exists()


def _cover(break_: Break, movement: _Movement) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE statement_line SET item = %s, merchant_id = %s WHERE statement_id = %s AND row = %s",
            [movement.item, movement.merchant_id, break_.statement_id, break_.row],
        )
