"""What would close a break, as transactions for the books: its draft, or giving it up; and the name of what that is."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from kernel.money import Money
from ledger import chart
from ledger.journal import render
from ledger.recipes.corrections import written_off
from ledger.transaction import Entry, Side, Transaction, transaction
from paygate.reconciliation.models import Break


def would_post(break_: Break, how: Break.Proposal) -> list[Transaction]:
    """What closing it so would post; [] where nothing is drafted, or nothing is left to be given up.

    Raises ledger.transaction.Unbalanced for a draft that no recipe made.
    """
    drafted = [_read(item) for item in break_.draft]
    if how == Break.Proposal.DRAFT:
        return drafted
    return [given_up for one in drafted if (given_up := _given_up(break_, one)) is not None]


def digest(break_: Break, how: Break.Proposal) -> str:
    """The name of everything that closing it so would do: the same as long as that is the same (SHA-256)."""
    told = break_.news if how == Break.Proposal.DRAFT else None
    posted = [
        (
            *(str(one.merchant), one.livemode, one.kind, one.source, one.memo),
            [(e.account, str(e.type), e.amount.minor, e.amount.currency) for e in one.entries],
        )
        for one in would_post(break_, how)
    ]
    return sha256(orjson.dumps([str(how), told, posted], option=orjson.OPT_SORT_KEYS)).hexdigest()


def as_written(break_: Break, how: Break.Proposal) -> str:
    """What closing it so would post, as a bookkeeper writes it."""
    return "\n\n".join(render(one) for one in would_post(break_, how))


def _read(item: dict[str, Any]) -> Transaction:
    """From what ledger.transaction.Transaction.as_item gave."""
    return transaction(
        item["kind"],
        item["source"],
        *(
            Entry(e["account"], Side(e["type"]), Money(e["amount"], e["currency"]))
            for e in item["entries"]
        ),
        merchant=UUID(item["merchant_id"]),
        livemode=item["livemode"],
        memo=item["memo"],
    )


def _given_up(break_: Break, drafted: Transaction) -> Transaction | None:
    """Its part of the draft that clears what waits, against write-offs.

    Where the draft follows news that nobody tells now, nothing is open at the PSP for it.
    """
    waits = [chart.reconciliation_suspense()]
    if break_.news is None:
        waits.append(chart.psp_receivable(break_.psp))
    cleared = [entry for entry in drafted.entries if entry.account in waits]
    if not cleared:
        return None
    return written_off(
        merchant=drafted.merchant,
        livemode=drafted.livemode,
        source=drafted.source,
        cleared=cleared,
        memo=drafted.memo,
    )
