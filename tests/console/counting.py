"""The outbox told to whoever counts the dashboard's figures, and what it counted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel.clock import now
from kernel.outbox.relay import tell
from ledger.chart import HOUSE
from paygate.console.figures.hear import hear
from paygate.console.figures.rebuild import days, differing
from paygate.console.models import Figure


def relay() -> None:
    """Tell all that the outbox holds."""
    while tell([hear], at=now()):
        pass


def counted(merchant_id: UUID = HOUSE, span: str = "day") -> dict[tuple[str, ...], tuple[int, int]]:
    """{(what, reason, psp, currency): (number, amount)} over all days; what came to nothing is left out."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in Figure.objects.filter(merchant_id=merchant_id, span=span):
        key = (row.what, row.reason, row.psp, row.currency)
        number, amount = found.get(key, (0, 0))
        found[key] = (number + row.number, amount + row.amount)
    return {key: value for key, value in found.items() if value != (0, 0)}


def of(what: str, *, reason: str = "", psp: str = "stripe", currency: str = "USD", **where):
    return counted(**where).get((what, reason, psp, currency), (0, 0))


def differ() -> int:
    """How many figures of the last month are not what the tables of money say."""
    at = now()
    month = days(at.date() - timedelta(days=31), at.date() + timedelta(days=1))
    return sum(differing(day, at=at) for day in month)
