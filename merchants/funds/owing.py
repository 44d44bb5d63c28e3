"""Merchants who owe us: what had to go through left their available balance below zero.

Nobody has to do anything: whatever becomes available later makes it good first, and until then nothing is paid out.
But who stops capturing pays nothing back, so somebody watches.
"""

from __future__ import annotations

import logging

from kernel.ids import encode
from kernel.money import Money
from ledger.balances import Overdraft, overdrafts

log = logging.getLogger(__name__)


def watch() -> list[Overdraft]:
    """Whoever owes us now, of both modes: written to the log by currency."""
    found = [*overdrafts(livemode=True), *overdrafts(livemode=False)]
    debts: dict[tuple[bool, str], list[Overdraft]] = {}
    for overdraft in found:
        debts.setdefault((overdraft.livemode, overdraft.balance.currency), []).append(overdraft)
    for (livemode, currency), owing in sorted(debts.items()):
        owed = -sum((one.balance for one in owing), start=Money.zero(currency))
        worst = min(owing, key=lambda one: one.balance)
        log.warning(
            "%s: %d merchants owe us %s in all, %s the most: %s",
            "live" if livemode else "test",
            len(owing),
            owed,
            encode("mer", worst.merchant),
            -worst.balance,
        )
    return found
