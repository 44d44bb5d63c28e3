"""Breaks for tests, as reconciliation opens them: with what waits in suspense for each posted, and a draft."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import orjson

from kernel.clock import now
from kernel.ids import encode, uuid7
from kernel.money import Money
from ledger import chart
from ledger.balances import balance
from ledger.post import post
from ledger.recipes.corrections import line_explained, line_unallocated
from ledger.recipes.settlement import settlement_unexplained
from ledger.transaction import Transaction
from paygate.reconciliation.models import Break, Cause

_numbers = itertools.count(1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def a_break(
    merchant_id: UUID = chart.HOUSE,
    *,
    gross: Money | None = None,
    fee: Money | None = None,
    cause: Cause = Cause.MISSING_HERE,
    psp: str = "stripe",
    news: dict[str, Any] | None = None,
    **more: Any,
) -> Break:
    """A line of a statement that our books do not have: its net waits in suspense."""
    gross = eur(100_00) if gross is None else gross
    fee = Money(2_90, gross.currency) if fee is None else fee
    number, id_ = next(_numbers), uuid7()
    whose: dict[str, Any] = {"merchant": merchant_id, "livemode": False, "psp": psp}
    waits = settlement_unexplained(**whose, source=f"stm_{number}", net=gross - fee)
    post(waits, effective_at=now())
    line: dict[str, Any] = {
        **whose,
        "source": encode("brk", id_),
        "gross": gross,
        "fee": fee,
        "billed": Money.zero(gross.currency),
    }
    draft = (
        line_unallocated(**line)
        if news is None
        else line_explained(**line, fee_booked=Money.zero(gross.currency))
    )
    at = now()
    given: dict[str, Any] = {
        "subject": f"txn_{number}",
        "evidence": {"theirs": {"reference": f"txn_{number}", "net": str(gross - fee)}, "ours": {}},
        "draft": [as_json(draft)],
        "opened_at": at,
        "updated_at": at,
    }
    made: Break = Break.objects.create(
        id=id_,
        psp=psp,
        livemode=False,
        key=f"line:{number}",
        cause=cause,
        merchant_id=merchant_id,
        currency=gross.currency,
        amount=abs((gross - fee).minor),
        news=news,
        **given | more,
    )
    return made


def as_json(one: Transaction) -> Any:
    return orjson.loads(orjson.dumps(one.as_item(effective_at=now())))


def waiting(merchant_id: UUID = chart.HOUSE, currency: str = "EUR") -> int:
    """What waits in suspense in a book, in minor units."""
    return on(chart.reconciliation_suspense(), merchant_id, currency)


def on(account: str, merchant_id: UUID = chart.HOUSE, currency: str = "EUR") -> int:
    return balance(merchant_id, livemode=False, account=account, currency=currency).minor
