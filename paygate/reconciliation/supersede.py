"""A newer version of a file takes the place of the older: what the older had posted is taken back, whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Q

from kernel.money import Money
from ledger.post import post_all
from ledger.transaction import Entry, Side, Transaction
from paygate.reconciliation.heal import close_by_itself
from paygate.reconciliation.models import Batch, Break, Statement


def older_than(statement: Statement, *, identity: str, format: str) -> Statement | None:
    """The version of the same file that counts now."""
    return (
        Statement.objects.select_for_update()
        .filter(
            psp=statement.psp,
            livemode=statement.livemode,
            format=format,
            identity=identity,
            state=Statement.State.APPLIED,
        )
        .first()
    )


def supersede(older: Statement, by: Statement, *, at: datetime) -> None:
    """Take back what the older version posted, with what was decided of it, and close what nobody has decided yet.

    What is wrong in the newer version as well is found anew.
    """
    its = Q(statement_id=older.id) | Q(arrived_in=older.id)
    batches = list(Batch.objects.select_for_update().filter(its))
    sources, keys = [older.public_id], []
    for batch in batches:
        sources += [
            f"{batch.public_id}:{older.public_id}",
            batch.swept_as,
            f"{batch.swept_as}:rest",
        ]
        keys.append(f"bank:{batch.swept_as}")  # What the bank booked otherwise, whoever told it.
    breaks = Break.objects.select_for_update().filter(
        Q(statement_id=older.id) | Q(psp__in={b.psp for b in batches}, key__in=keys),
        livemode=older.livemode,
    )
    open_ = [break_ for break_ in breaks if break_.closed_at is None]
    sources += [break_.public_id for break_ in breaks if break_.closed_at is not None]
    take_back(sources, livemode=older.livemode, by=by.public_id, at=at)
    _await_anew(older, by)
    close_by_itself(open_, Break.ClosedBy.NEWER_FILE, at=at)
    older.state, older.superseded_by = Statement.State.SUPERSEDED, by
    older.save(update_fields=["state", "superseded_by"])


def _await_anew(older: Statement, by: Statement) -> None:
    """What it told, the newer version is asked for; what it had, of a bank, has not arrived."""
    told = Batch.objects.filter(statement_id=older.id)
    told.update(statement_id=by.id, swept_at=None, swept_as="")
    Batch.objects.filter(arrived_in=older.id).update(
        arrived_in=None,
        arrived_row=None,
        arrived=None,
        arrived_at=None,
        swept_at=None,
        swept_as="",
    )


def take_back(sources: Collection[str], *, livemode: bool, by: str, at: datetime) -> None:
    """Reverse every transaction of these sources that is in the books, and was not reversed."""
    post_all(
        [
            (posted.reversal(source=f"{posted.source}:{by}"), at)
            for posted in _posted(sources, livemode=livemode)
        ]
    )


def _posted(sources: Collection[str], *, livemode: bool) -> Iterator[Transaction]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.merchant_id, t.id, t.kind, t.source, c.code, e.type, e.amount, e.currency
            FROM ledger_transaction t
            JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
            JOIN ledger_account c ON c.merchant_id = e.merchant_id AND c.id = e.account_id
            WHERE t.source = ANY(%s) AND t.livemode = %s AND t.kind ~ '^(settlement|bank|reconciliation)[.]'
                AND NOT EXISTS (
                    SELECT FROM ledger_transaction r WHERE r.merchant_id = t.merchant_id AND r.reverses = t.id)
            ORDER BY t.merchant_id, t.id, e.line""",
            [list(sources), livemode],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    for (merchant, id_, kind, source), lines in groupby(rows, key=lambda row: row[:4]):
        entries = tuple(
            Entry(code, Side(side), Money(amount, currency))
            for *_, code, side, amount, currency in lines
        )
        yield Transaction(merchant, livemode, kind, source, entries, id=id_)
