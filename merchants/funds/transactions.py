"""Every change of a merchant's balance, a line for each ledger transaction and currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.clock import rfc3339
from kernel.ids import InvalidId, decode, encode
from ledger.statements import Line, Wanted, line, lines
from merchants.funds.own import FEES, by_bucket, holder
from merchants.funds.sources import shown_sources, sources_of


class NoSuchBalanceTransaction(LookupError):
    """Not this merchant's, not in this mode, or not at all: nobody learns which."""


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """A line of the books as its merchant reads it; minor units of `currency`.

    `fee` is what we took with it (below zero: gave back), `net` what all the merchant's balances changed by
    together, `gross` the two together, so what was moved before our fee.
    """

    id: UUID
    ledger_transaction: UUID
    livemode: bool
    type: str
    source: str | None  # Of what it is about: "pay_…", "re_…", "dp_…", "po_…".
    currency: str
    changes: dict[str, int]  # By the names of merchants.funds.own; those that changed.
    fee: int
    effective_at: datetime
    posted_at: datetime

    @property
    def public_id(self) -> str:
        return encode("txn", self.id)

    @property
    def net(self) -> int:
        return sum(self.changes.values())

    @property
    def gross(self) -> int:
        return self.net + self.fee


def balance_transactions(
    merchant_id: UUID,
    *,
    livemode: bool,
    type_: str | None = None,
    source: str | None = None,
    currency: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[BalanceTransaction]:
    """At most `limit`: older than `after`, newest first; or newer than `before`, oldest first.

    `source` is a public id; `since` and `until` (not included) are about when it happened.
    """
    wanted = Wanted(
        kind=type_,
        source=None if source is None else sources_of(merchant_id, source),
        currency=currency,
        since=since,
        until=until,
    )
    whose = holder(merchant_id, livemode=livemode)
    found = lines(whose, wanted, after=after, before=before, limit=limit)
    return read(found, merchant_id=merchant_id, livemode=livemode)


def get_balance_transaction(
    merchant_id: UUID, public_id: str, *, livemode: bool
) -> BalanceTransaction:
    """One, by its own id or its ledger transaction's. Raises NoSuchBalanceTransaction."""
    try:
        found = line(holder(merchant_id, livemode=livemode), decode("txn", public_id))
    except InvalidId:
        found = None
    if found is None:
        raise NoSuchBalanceTransaction(public_id)
    return read([found], merchant_id=merchant_id, livemode=livemode)[0]


def read(found: Sequence[Line], *, merchant_id: UUID, livemode: bool) -> list[BalanceTransaction]:
    """Lines of the books in the merchant's words; what they are about is asked for at once."""
    sources = shown_sources(merchant_id, {one.source for one in found})
    return [
        BalanceTransaction(
            id=one.id,
            ledger_transaction=one.transaction,
            livemode=livemode,
            type=one.kind,
            source=sources[one.source],
            currency=one.currency,
            changes=by_bucket(one.changes),
            fee=sum(change for code, change in one.changes.items() if code in FEES),
            effective_at=one.effective_at,
            posted_at=one.posted_at,
        )
        for one in found
    ]


def render(one: BalanceTransaction) -> dict[str, Any]:
    """The balance transaction object of the API."""
    return {
        "id": one.public_id,
        "object": "balance_transaction",
        "livemode": one.livemode,
        "type": one.type,
        "source": one.source,
        "ledger_transaction": encode("txn", one.ledger_transaction),
        "currency": one.currency,
        "gross": one.gross,
        "fee": one.fee,
        "net": one.net,
        "changes": one.changes,
        "created_at": rfc3339(one.effective_at),
        "posted_at": rfc3339(one.posted_at),
    }
