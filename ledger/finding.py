"""Find transactions in the books: by what caused them, whose they are, what they touched, when, and how much.

Every question leads to an index, or walks the newest transactions first and stops at the first `limit`; one that would
take longer than PATIENCE is given up, in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import Exists, OuterRef, QuerySet

from kernel.db import atomic
from ledger.models import LedgerEntry, LedgerTransaction

PATIENCE = timedelta(seconds=4)
CANCELED = "57014"  # PostgreSQL's word for a statement that was given up.


class AskedTooMuch(ValueError):
    """It would take too long: the message says how to ask for less."""

    def __init__(self) -> None:
        super().__init__(
            "That is too much to look through at once. Name what caused it, a merchant, or fewer days."
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty is not asked for. Days are UTC, both included, by when it was written."""

    source: str = ""
    id: UUID | None = None
    merchant: UUID | None = None
    livemode: bool | None = None
    account: str = ""  # A code of the chart, or its beginning up to a colon.
    kind: str = ""
    since: date | None = None
    until: date | None = None
    currency: str = ""
    least: int | None = None  # Of an entry, in minor units of `currency`.
    most: int | None = None


def transactions(wanted: Wanted, *, before: UUID | None = None, limit: int) -> list[Any]:
    """The newest transactions of those, at most `limit`, and older than the id `before`. Raises AskedTooMuch."""
    found = _of(wanted)
    if before is not None:
        found = found.filter(id__lt=before)
    try:
        with atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)",
                [f"{int(PATIENCE.total_seconds() * 1000)}ms"],
            )
            listed = list(found.order_by("-id")[:limit])
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return listed
    except OperationalError as fault:
        if getattr(fault.__cause__, "sqlstate", "") == CANCELED:
            raise AskedTooMuch from fault
        raise


def with_entries(listed: list[Any]) -> list[tuple[Any, list[Any]]]:
    """Each transaction with its entries and their accounts, in the order of its lines: one question for all."""
    by_transaction: dict[UUID, list[Any]] = {one.id: [] for one in listed}
    if listed:
        entries = LedgerEntry.objects.raw(
            """
            SELECT e.id, e.merchant_id, e.transaction_id, e.account_id, e.line, e.type, e.amount, e.currency,
                a.code AS code
            FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS t (merchant_id, id, posted_at)
            JOIN ledger_entry e ON e.merchant_id = t.merchant_id AND e.transaction_id = t.id
                AND e.posted_at = t.posted_at
            JOIN ledger_account a ON a.merchant_id = e.merchant_id AND a.id = e.account_id
            ORDER BY e.transaction_id, e.line""",
            [
                [one.merchant_id for one in listed],
                [one.id for one in listed],
                [one.posted_at for one in listed],
            ],
        )
        for entry in entries:
            by_transaction[entry.transaction_id].append(entry)
    return [(one, by_transaction[one.id]) for one in listed]


def _of(wanted: Wanted) -> QuerySet[Any]:
    found = LedgerTransaction.objects.all()
    for name, value in (
        ("id", wanted.id),
        ("source", wanted.source or None),
        ("merchant_id", wanted.merchant),
        ("livemode", wanted.livemode),
        ("kind", wanted.kind or None),
        ("posted_at__gte", wanted.since and _midnight(wanted.since)),
        ("posted_at__lt", wanted.until and _midnight(wanted.until + timedelta(days=1))),
    ):
        if value is not None:
            found = found.filter(**{name: value})
    touched = _entries(wanted)
    return found if touched is None else found.filter(Exists(touched))


def _entries(wanted: Wanted) -> QuerySet[Any] | None:
    """What a transaction has to have among its entries; None where that does not matter."""
    conditions: dict[str, Any] = {}
    if wanted.account:
        conditions["account__merchant_id"] = OuterRef("merchant_id")
        how = "account__code__startswith" if wanted.account.endswith(":") else "account__code"
        conditions[how] = wanted.account
    if wanted.currency:
        conditions["currency"] = wanted.currency
    if wanted.least is not None:
        conditions["amount__gte"] = wanted.least
    if wanted.most is not None:
        conditions["amount__lte"] = wanted.most
    if not conditions:
        return None
    return LedgerEntry.objects.filter(
        merchant_id=OuterRef("merchant_id"),
        transaction_id=OuterRef("id"),
        posted_at=OuterRef("posted_at"),
        **conditions,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
