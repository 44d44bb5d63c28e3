"""The only way into the books: `post` for one transaction, `post_many` for a batch in one commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import orjson
from django.db import DatabaseError, OperationalError, connection, transaction

from kernel.db import call, require_transaction
from ledger.transaction import Transaction, Unbalanced

LARGEST = 1_000  # Transactions in one commit.
PAUSES = (0.01, 0.05, 0.2)  # Seconds before a call that lost a deadlock is made again.


class PostedDifferently(ValueError):
    """The same business event (merchant, kind, source) is in the books with other entries."""


class Overdrawn(ValueError):
    """The transaction would debit a guarded account below zero."""


class Incomplete(ValueError):
    """A transaction's entries do not come all at once."""


class Unacceptable(ValueError):
    """A rule of the tables refuses it: no such account in any chart, the reversal of what never was."""


Refusal: TypeAlias = Unbalanced | PostedDifferently | Overdrawn | Incomplete | Unacceptable

#: What PostgreSQL refuses, by SQLSTATE; those beginning with LG are the books' own.
REFUSALS: dict[str, type[Refusal]] = {
    "LG002": Unbalanced,
    "LG003": Incomplete,
    "LG004": PostedDifferently,
    "LG005": Overdrawn,
    "23503": Unacceptable,  # A foreign key.
    "23514": Unacceptable,  # A check.
}


@dataclass(frozen=True, slots=True)
class Posted:
    """`id` is the transaction's in the books. Not `new`: it was there already, with the same entries."""

    id: UUID
    new: bool


Item: TypeAlias = tuple[Transaction, datetime]


def post(transaction: Transaction, *, effective_at: datetime) -> UUID:
    """Post a transaction that happened at `effective_at`; its id in the books.

    Posting it again is a quiet success. Raises PostedDifferently when the event is in the books with other
    entries, Overdrawn when a guarded account would fall below zero, and Unbalanced, Incomplete or Unacceptable
    for a transaction that no recipe makes.
    """
    [posted] = _post([(transaction, effective_at)])
    return posted.id


def post_many(items: Sequence[Item]) -> list[Posted | Refusal]:
    """Post (transaction, effective_at) pairs, up to LARGEST in a commit; what became of each, in order.

    One that is refused fails alone. A caller's own transaction is left usable whatever is refused.
    """
    order = sorted(range(len(items)), key=lambda i: _sorting(items[i][0]))
    results: dict[int, Posted | Refusal] = {}
    for start in range(0, len(order), LARGEST):
        places = order[start : start + LARGEST]
        results.update(zip(places, _post_apart([items[i] for i in places]), strict=True))
    return [results[i] for i in range(len(items))]


def post_all(items: Sequence[Item]) -> None:
    """Post (transaction, effective_at) pairs, all of them or, in the caller's transaction, none.

    Raises what `post` does, for the first that is refused.
    """
    require_transaction("What is posted together")
    order = sorted(items, key=lambda item: _sorting(item[0]))
    for start in range(0, len(order), LARGEST):
        _post(order[start : start + LARGEST])


def _sorting(item: Transaction) -> tuple[UUID, str, str]:
    """The one order in which all batches write, so that two of them never wait for each other."""
    return item.merchant, item.source, item.kind


def _post_apart(items: Sequence[Item]) -> list[Posted | Refusal]:
    """Post all; where that is refused, each half on its own, until the refused ones stand alone."""
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return list(_post(items))
    except (Unbalanced, PostedDifferently, Overdrawn, Incomplete, Unacceptable) as refusal:
        if len(items) == 1:
            return [refusal]
    middle = len(items) // 2
    return _post_apart(items[:middle]) + _post_apart(items[middle:])


def _post(items: Sequence[Item]) -> list[Posted]:
    document = orjson.dumps([item.as_item(effective_at=at) for item, at in items]).decode()
    for pause in (*PAUSES, None):
        try:
            return [Posted(id_, new) for _, id_, new in call("ledger_post", document)]
        except DatabaseError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state in REFUSALS:
                raise REFUSALS[state](str(error).partition("\n")[0]) from error
            deadlock = isinstance(error, OperationalError) and state == "40P01"
            if not deadlock or pause is None or connection.in_atomic_block:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")
