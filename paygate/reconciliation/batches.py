"""What PSPs pay to our bank: awaited, matched with the bank's own statement, and posted to those whose lines it pays.

A batch is told by a line of a PSP's statement, or by its webhook. What its lines lack to its amount, and what the bank
booked otherwise than the PSP told, is a break in our own book.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from kernel.clock import rfc3339
from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger.chart import HOUSE
from ledger.post import post
from ledger.recipes import corrections
from ledger.recipes.settlement import (
    bank_unexplained,
    settlement_arrived,
    settlement_unexplained,
)
from paygate.reconciliation.days import due_before
from paygate.reconciliation.drafts import in_book, keep, of
from paygate.reconciliation.heal import close_by_itself
from paygate.reconciliation.models import BANK, Batch, Break, Cause, Statement
from paygate.reconciliation.odd import from_evidence
from paygate.reconciliation.opened import open_all
from paygate.reconciliation.supersede import take_back
from paygate.reconciliation.take import post_entries

NEAR = timedelta(days=5)  # Between a PSP's word and the bank's, where only the amount is the same.

#: What each merchant's lines of a batch come to.
_SHARES = """
    SELECT l.merchant_id, sum(l.net) AS net
    FROM statement_line l JOIN statement s ON s.id = l.statement_id
        AND s.state = 'applied' AND s.psp = %(psp)s AND s.livemode = %(livemode)s
    WHERE l.batch = %(batch)s AND l.settled_currency = %(currency)s AND l.became IN ('settled', 'suspense')
    GROUP BY 1
"""

_ARRIVED = f"""
    SELECT h.merchant_id, 'settlement.arrived' AS kind, e.account, %(currency)s::char(3) AS currency,
        e.amount::bigint AS amount, %(at)s::timestamptz AS at
    FROM ({_SHARES}) h
    CROSS JOIN LATERAL (VALUES
        ('assets:bank:operating', h.net), ('assets:bank:' || %(psp)s, -h.net)) AS e (account, amount)
"""  # noqa: S608 - our own words.


#: Does what the bank says (n.says, of n.net) repeat the reference of batch b; or all of its words, and its amount?
_REPEATS = r"""(
    n.says ~* (%(word)s || regexp_replace(b.reference, '([^[:alnum:]_ -])', '\\\1', 'g') || %(end)s)
    OR n.net = b.amount AND NOT EXISTS (
        SELECT FROM regexp_split_to_table(b.reference, '[^[:alnum:]]+') AS w (part)
        WHERE w.part <> '' AND n.says !~* (%(word)s || w.part || %(end)s)))"""
_WORDS = {"word": "(^|[^[:alnum:]])", "end": "($|[^[:alnum:]])"}


def await_batches(statement: Statement) -> None:
    """Await what a statement that was just taken says is paid to our bank."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT l.row, l.reference, l.batch, l.settled_currency, -l.net, l.booked_at FROM statement_line l
            WHERE l.statement_id = %s AND l.became = 'settlement' ORDER BY l.row""",
            [statement.id],
        )
        rows = cursor.fetchall()
    for row, reference, batch, currency, amount, booked_at in rows:
        about = {
            "amount": amount,
            "told_at": booked_at,
            "statement_id": statement.id,
            "row": row,
        }
        known, new = Batch.objects.select_for_update().get_or_create(
            psp=statement.psp,
            livemode=statement.livemode,
            reference=batch or reference,
            currency=currency,
            defaults=about,
        )
        if not new:
            for name, value in about.items():
                setattr(known, name, value)
            known.save(update_fields=list(about))


def arrive(statement: Statement, *, at: datetime) -> None:
    """Match the credits and debits of the bank's statement with what is awaited: by reference, never by amount alone.

    The bank repeats the batch's reference; or all of its words in its own way, and then the amount must be right. A
    line that is matched leaves suspense before it was posted: call it between taking the lines and posting them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT ON (b.id) b.id, l.row, l.net
            FROM settlement_batch b
            JOIN statement_line l ON l.statement_id = %(statement)s AND l.kind = 'settlement' AND l.became = 'suspense'
                AND l.settled_currency = b.currency
            JOIN told t ON t.row = l.row
            CROSS JOIN LATERAL (SELECT t.ours || ' ' || t.description AS says, l.net) n
            WHERE b.livemode = %(livemode)s AND b.arrived_at IS NULL AND {_REPEATS}
            ORDER BY b.id, abs(l.net - b.amount), l.row""",  # noqa: S608 - our own words.
            {"statement": statement.id, "livemode": statement.livemode, **_WORDS},
        )
        taken: set[int] = set()
        for batch_id, row, net in cursor.fetchall():
            if row in taken:
                continue
            taken.add(row)
            Batch.objects.filter(id=batch_id).update(
                arrived_in=statement.id, arrived_row=row, arrived=net, arrived_at=at
            )
        cursor.execute(
            "UPDATE statement_line SET became = 'settled' WHERE statement_id = %s AND row = ANY(%s)",
            [statement.id, list(taken)],
        )


def arrived_before_told(*, livemode: bool, at: datetime) -> int:
    """Match what waits in suspense since our bank booked it with batches of which we were told only later; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT ON (b.id) b.id, k.id
            FROM settlement_batch b
            JOIN reconciliation_break k ON k.psp = 'bank' AND k.livemode = b.livemode AND k.closed_at IS NULL
                AND k.evidence #>> '{{theirs,kind}}' = 'settlement'
                AND k.evidence #>> '{{theirs,settled_currency}}' = b.currency
            CROSS JOIN LATERAL (
                SELECT
                    concat_ws(' ', k.evidence #>> '{{theirs,ours}}', k.evidence #>> '{{theirs,description}}') AS says,
                    (k.evidence #>> '{{theirs,net}}')::bigint AS net
            ) n
            WHERE b.livemode = %(livemode)s AND b.arrived_at IS NULL AND {_REPEATS}
            ORDER BY b.id, abs(n.net - b.amount), k.id""",  # noqa: S608 - our own words.
            {"livemode": livemode, **_WORDS},
        )
        pairs = {break_id: batch_id for batch_id, break_id in cursor.fetchall()}
    waiting = Break.objects.select_for_update().filter(id__in=pairs, closed_at__isnull=True)
    for break_ in waiting.order_by("id"):
        line = from_evidence(break_.evidence["theirs"])
        came = Money(line.net, line.settled_currency)
        post(
            bank_unexplained(**in_book(break_), amount=-came),
            effective_at=at,
        )
        Batch.objects.filter(id=pairs[break_.id]).update(
            arrived_in=break_.statement_id,
            arrived_row=break_.row,
            arrived=came.minor,
            arrived_at=at,
        )
        close_by_itself([break_], Break.ClosedBy.LATER_LINE, at=at)
    return len(pairs)


def sweep(*, livemode: bool, at: datetime) -> None:
    """Compare batches with their lines, and post those that arrived."""
    waiting = Batch.objects.select_for_update().filter(livemode=livemode, swept_at__isnull=True)
    for batch in waiting.order_by("id"):
        lines = _of_lines(batch)
        if lines is None:
            continue  # Its statement has not come yet.
        _compare(batch, lines, at=at)
        if batch.arrived_at is not None:
            _post(batch, at=at)


def late(*, at: datetime) -> QuerySet[Batch]:
    """What PSPs told that they paid, and should be at our bank by now and is not; in both modes."""
    days = settings.RECONCILIATION_DUE_DAYS[BANK]
    return Batch.objects.filter(arrived_at=None, told_at__lt=due_before(at, days))


def _whose(batch: Batch) -> dict[str, Any]:
    return {
        "psp": batch.psp,
        "livemode": batch.livemode,
        "batch": batch.reference,
        "currency": batch.currency,
    }


def _of_lines(batch: Batch) -> int | None:
    """What its lines come to; None while there are none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum(h.net)::bigint FROM ({_SHARES}) h", _whose(batch))  # noqa: S608
        total: int | None = cursor.fetchone()[0]
        return total


def awaited_key(batch: Batch) -> str:
    """Of the break of a batch that has not come: a newer version of its statement is waited for anew."""
    return f"batch:{_version(batch)}:awaited"


def _version(batch: Batch) -> str:
    """What is posted of a batch is of one version of its statement: a newer one posts anew."""
    if batch.statement_id is None:  # A webhook told it.
        return batch.public_id
    return f"{batch.public_id}:{encode('stm', batch.statement_id)}"


def _compare(batch: Batch, lines: int, *, at: datetime) -> None:
    """What its lines lack goes to suspense in our own book, once, with a break."""
    lacking = Money(batch.amount - lines, batch.currency)
    if not lacking:
        return
    source = _version(batch)
    post(
        settlement_unexplained(
            merchant=HOUSE, livemode=batch.livemode, psp=batch.psp, source=source, net=lacking
        ),
        effective_at=batch.told_at,
    )
    theirs = {"batch": batch.reference, "paid": str(batch.money), "at": rfc3339(batch.told_at)}
    ours = {"lines": str(Money(lines, batch.currency))}
    _open(batch, f"batch:{source}", lacking, {"theirs": theirs, "ours": ours}, at=at)


def _post(batch: Batch, *, at: datetime) -> None:
    """Post what arrived: each merchant's lines to our bank account, and the rest in our own book."""
    assert batch.arrived is not None
    assert batch.arrived_in is not None
    source = f"{_version(batch)}:{encode('stm', batch.arrived_in)}"
    post_entries(
        _ARRIVED, {**_whose(batch), "at": batch.arrived_at}, livemode=batch.livemode, source=source
    )
    batch.swept_at, batch.swept_as = at, source
    batch.save(update_fields=["swept_at", "swept_as"])
    awaited = Break.objects.select_for_update().filter(
        psp=batch.psp,
        livemode=batch.livemode,
        key__startswith=f"batch:{batch.public_id}:",
        key__endswith=":awaited",
    )
    waiting = [break_ for break_ in awaited if break_.closed_at is None]
    close_by_itself(waiting, Break.ClosedBy.LATER_LINE, at=at)
    given_up = [break_.public_id for break_ in awaited if break_.closed_by == Break.ClosedBy.DRAFT]
    take_back(given_up, livemode=batch.livemode, by=source, at=at)  # It came after all.
    lines = _of_lines(batch) or 0
    unpaid = Money(batch.amount - lines, batch.currency)
    if unpaid:  # In suspense already, by _compare: the bank has that, too.
        post(
            settlement_arrived(
                merchant=HOUSE,
                livemode=batch.livemode,
                psp=batch.psp,
                source=f"{source}:rest",
                amount=unpaid,
            ),
            effective_at=batch.told_at,
        )
    more = Money(batch.arrived - batch.amount, batch.currency)
    if more:
        post(
            bank_unexplained(merchant=HOUSE, livemode=batch.livemode, source=source, amount=more),
            effective_at=batch.told_at,
        )
        theirs = {"batch": batch.reference, "paid": str(batch.money)}
        bank = {"arrived": str(Money(batch.arrived, batch.currency))}
        _open(batch, f"bank:{source}", more, {"theirs": theirs, "ours": bank}, at=at)


def _open(
    batch: Batch, key: str, difference: Money, evidence: dict[str, Any], *, at: datetime
) -> None:
    break_ = break_of(batch, Cause.AMOUNT, key, difference, evidence, at=at)
    keep(break_, corrections.batch_difference_accepted(**of(break_), difference=difference))
    open_all([break_], at=at)


def break_of(
    batch: Batch, cause: Cause, key: str, at_risk: Money, evidence: dict[str, Any], *, at: datetime
) -> Break:
    """A break about a batch, in our own book; without a draft yet."""
    return Break(
        id=uuid7(),
        psp=batch.psp,
        livemode=batch.livemode,
        key=key,
        cause=cause,
        merchant_id=HOUSE,
        subject=batch.public_id,
        currency=batch.currency,
        amount=abs(at_risk.minor),
        statement_id=batch.statement_id,
        row=batch.row,
        evidence=evidence,
        opened_at=at,
        updated_at=at,
    )


def proposed(break_: Break, came: Money, *, booked_at: datetime) -> None:
    """Put to a break of the bank's statement the batch that it may be, by amount and day: for people to agree."""
    awaited = Batch.objects.filter(
        livemode=break_.livemode,
        currency=came.currency,
        amount=came.minor,
        arrived_at__isnull=True,
        told_at__range=(booked_at - NEAR, booked_at + NEAR),
    )
    found = list(awaited.order_by("id")[:2])
    if len(found) != 1:
        return
    [batch] = found
    break_.evidence["ours"]["perhaps"] = f"{batch.psp} {batch.reference}"
    break_.news = {"type": "BatchArrived", "batch": str(batch.id), "amount": came.minor}
    keep(break_, bank_unexplained(**in_book(break_, merchant=HOUSE), amount=-came))
